package dev.dunlin.samples

import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.ErrorCode
import dev.dunlin.LogSink
import dev.dunlin.Node
import dev.dunlin.PeerState
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

suspend fun openNode(directory: Path, ticket: String?): Node {
    val node = Dunlin.open(directory) { name = "barn" }
    // Whoever is first founds the farm; every other device joins it.
    val farm = node.spaces.firstOrNull() ?: if (ticket == null) node.createSpace("farm") else node.join(ticket)
    val inspections = farm.collection<Inspection>("inspections")
    inspections.insert(Inspection("Pump 3"))
    return node
}

suspend fun handleRefusal(node: Node, ticket: String): String =
    try {
        "joined ${node.join(ticket).name}"
    } catch (refusal: DunlinException) {
        when (refusal.code) {
            ErrorCode.Expired, ErrorCode.InvalidInput -> "Ask for another invitation: ${refusal.reason}"
            ErrorCode.AlreadyExists -> "Give it another name: ${refusal.reason}"
            else -> refusal.remedy
        }
    }

fun logToConsole() {
    Dunlin.log(sink = LogSink { level, target, message -> println("$level $target: $message") })
}

suspend fun syncWithPeers(node: Node, address: String) {
    node.startSync {
        listen = "127.0.0.1:0"
        // Where multicast does not get through, or, as here, for this machine alone.
        mdns = false
        peers += address
    }
}

fun watchConnected(node: Node): Flow<List<String>> =
    node.watchPeers().map { peers ->
        peers.filter { it.state == PeerState.Connected }.map { if (it.inSync) "${it.name}" else "${it.name}, catching up" }
    }

fun watchDocumentCount(node: Node): Flow<Long> =
    node.watchStatus().map { status -> status.spaces.sumOf { it.documents } }

suspend fun suspendAndResume(node: Node) {
    // The app goes to the background: no file, no lock and no socket stays open.
    node.suspend(deadline = 5.seconds)
    // It is back: the same handles are good, and flows go on.
    node.resume()
}

suspend fun syncOnceInBackground(node: Node): Boolean {
    val outcome = node.syncOnce(deadline = 20.seconds)
    return outcome.inSync
}
