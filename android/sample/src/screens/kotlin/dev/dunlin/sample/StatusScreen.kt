package dev.dunlin.sample

import androidx.compose.foundation.layout.Column
import androidx.compose.material3.Button
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import dev.dunlin.Node
import dev.dunlin.NodeStatus
import dev.dunlin.Peer
import dev.dunlin.PeerState
import dev.dunlin.compose.peersAsLive

/** Who is near, and why not if nobody is. */
@Composable
fun StatusScreen(node: Node, keepSyncing: (() -> Unit)?) {
    val tasks = LocalTasks.current
    val peers by node.peersAsLive()
    var status by remember { mutableStateOf<NodeStatus?>(null) }
    LaunchedEffect(peers) { tasks.run { status = node.status() } }
    Column {
        Text("This device: ${node.device.name}")
        status?.let { Details(it) }
        if (peers.value.orEmpty().isEmpty()) Text("No other device yet")
        for (peer in peers.value.orEmpty()) Text(describe(peer))
        if (keepSyncing != null) Button(keepSyncing) { Text("Keep syncing in the background") }
    }
}

@Composable
private fun Details(status: NodeStatus) {
    Text(if (status.listen.isEmpty()) "Not syncing" else "Reachable at ${status.listen.joinToString()}")
    status.discovery?.let { Text("Discovery: $it") }
    for (space in status.spaces) {
        Text("${space.name}: ${space.documents} documents, ${if (space.inSync) "in sync" else "not in sync"}")
    }
    for (refusal in status.refusals.takeLast(3)) Text(refusal.reason)
}

private fun describe(peer: Peer): String {
    val name = peer.name ?: peer.device?.take(8) ?: peer.address
    return when {
        peer.state == PeerState.Disconnected -> "$name: away${peer.reason?.let { ", $it" }.orEmpty()}"
        peer.inSync -> "$name: in sync"
        else -> "$name: exchanging"
    }
}
