package dev.dunlin.sample

import android.content.Intent
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.produceState
import androidx.compose.runtime.remember
import androidx.compose.ui.platform.LocalContext
import com.journeyapps.barcodescanner.ScanContract
import com.journeyapps.barcodescanner.ScanOptions
import dev.dunlin.DunlinException
import dev.dunlin.android.LocalNetworkAccess
import dev.dunlin.android.LocalNetworkPermission
import dev.dunlin.android.NodeLifecycle

class MainActivity : ComponentActivity() {
    private val scanned = mutableStateOf<String?>(null)
    private val scanner = registerForActivityResult(ScanContract()) { scanned.value = it.contents }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val permission = LocalNetworkPermission(this)
        val opened = (application as SampleApp).lifecycle
        setContent {
            val result by produceState<Result<NodeLifecycle>?>(null) {
                value =
                    try {
                        Result.success(opened.await())
                    } catch (refusal: DunlinException) {
                        Result.failure(refusal)
                    }
            }
            result?.onFailure { Text(it.message.orEmpty()) }
            result?.onSuccess { lifecycle ->
                val access by remember { permission.access }.collectAsState(permission.current())
                if (!access.isGranted) {
                    AskForNetwork(access, permission)
                } else {
                    SampleScreens(
                        lifecycle.node,
                        scanned = scanned.value,
                        scan = { scanner.launch(ScanOptions()) },
                        keepSyncing = { startForegroundService(Intent(this, FieldSync::class.java)) },
                    )
                }
            }
        }
    }
}

@Composable
private fun AskForNetwork(access: LocalNetworkAccess, permission: LocalNetworkPermission) {
    val context = LocalContext.current
    val rationale = context.resources.getIdentifier(access.rationale, "string", context.packageName)
    Text(context.getString(rationale))
    val settings = access.step == LocalNetworkAccess.Step.OpenSettings
    Button({ if (settings) permission.openSettings() else permission.ask() }) {
        Text(if (settings) "Open settings" else "Allow")
    }
}
