package dev.dunlin.android.samples

import android.R
import android.app.Activity
import android.app.Application
import android.content.Context
import dev.dunlin.Dunlin
import dev.dunlin.Node
import dev.dunlin.Peer
import dev.dunlin.PeerState
import dev.dunlin.android.BackgroundSync
import dev.dunlin.android.KeystoreSealer
import dev.dunlin.android.LocalNetworkAccess
import dev.dunlin.android.LocalNetworkPermission
import dev.dunlin.android.MulticastLease
import dev.dunlin.android.NodeLifecycle
import dev.dunlin.android.Screens
import dev.dunlin.android.SyncService
import dev.dunlin.android.followNetworks
import dev.dunlin.android.open
import dev.dunlin.android.syncInBackground
import dev.dunlin.android.useNsd
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Where screens, service and worker of the app find its node. */
internal object App {
    val lifecycle = CompletableDeferred<NodeLifecycle>()
}

/** In `Application.onCreate`, with a scope that lives as long as the process. */
internal fun keepNodeForApp(app: Application, scope: CoroutineScope) {
    val screens = Screens(app) // before the first screen is there
    scope.launch {
        val node = Dunlin.open(app) { name = "inspector" }
        val lifecycle = NodeLifecycle(node)
        App.lifecycle.complete(lifecycle)
        lifecycle.run(screens)
    }
}

internal suspend fun openWithKey(context: Context): Node =
    Dunlin.open(context) { sealer = KeystoreSealer(alias = "inspector.seed") }

internal suspend fun syncWithDevicesNearby(node: Node, context: Context): Unit =
    coroutineScope {
        launch { node.followNetworks(context) }
        node.startSync { useNsd(context) }
    }

internal suspend fun syncByMulticast(node: Node, context: Context) {
    MulticastLease(context).use {
        node.startSync { mdns = true }
        awaitCancellation()
    }
}

/** Named in the manifest, and started while a screen is visible. */
internal fun syncInTheField(): Class<out SyncService> {
    class FieldSync : SyncService() {
        override val icon = R.drawable.stat_notify_sync
        override val title = "Syncing with devices nearby"

        override suspend fun lifecycle() = App.lifecycle.await()

        override fun text(peers: List<Peer>) = "${peers.count { it.state == PeerState.Connected }} connected"
    }
    return FieldSync::class.java
}

/** In a `CoroutineWorker`: whether WorkManager should try again before the next period. */
internal suspend fun workInBackground(lifecycle: NodeLifecycle): Boolean {
    val outcome: BackgroundSync = lifecycle.syncInBackground()
    return outcome.shouldRetry
}

internal suspend fun askForLocalNetwork(activity: Activity, show: (LocalNetworkAccess) -> Unit) {
    val permission = LocalNetworkPermission(activity)
    permission.access.collect { access ->
        show(access)
        if (access.step == LocalNetworkAccess.Step.Ask) permission.ask()
    }
}
