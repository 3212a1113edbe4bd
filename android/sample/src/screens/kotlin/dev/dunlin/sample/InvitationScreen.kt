package dev.dunlin.sample

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.unit.dp
import com.google.zxing.BarcodeFormat
import com.google.zxing.common.BitMatrix
import com.google.zxing.qrcode.QRCodeWriter
import dev.dunlin.Role
import dev.dunlin.Space
import kotlin.time.Duration.Companion.hours

/** A ticket for one device, good for an hour: to scan, or to copy. */
@Composable
fun InvitationScreen(space: Space) {
    val tasks = LocalTasks.current
    var ticket by remember(space) { mutableStateOf<String?>(null) }
    LaunchedEffect(space) { tasks.run { ticket = space.invite(Role.Writer, expiresIn = 1.hours) } }
    val shown = ticket ?: return
    Column {
        QrCode(shown, Modifier.size(280.dp))
        SelectionContainer { Text(shown) }
    }
}

@Composable
private fun QrCode(text: String, modifier: Modifier) {
    // In capitals, of which a code holds half as many again; a ticket is the same in both.
    val code = remember(text) { QRCodeWriter().encode(text.uppercase(), BarcodeFormat.QR_CODE, 0, 0) }
    Canvas(modifier) {
        drawRect(Color.White)
        val cell = Size(size.width / code.width, size.height / code.height)
        code.forEachDark { x, y -> drawRect(Color.Black, Offset(x * cell.width, y * cell.height), cell) }
    }
}

private inline fun BitMatrix.forEachDark(draw: (Int, Int) -> Unit) {
    for (y in 0 until height) for (x in 0 until width) if (get(x, y)) draw(x, y)
}
