package dev.dunlin.sample

import dev.dunlin.Peer
import dev.dunlin.PeerState
import dev.dunlin.android.NodeLifecycle
import dev.dunlin.android.SyncService

/** Keeps the app syncing with the screen off, until the user stops it in the system's list. */
class FieldSync : SyncService() {
    override val icon = android.R.drawable.stat_notify_sync

    override val title get() = getString(R.string.field_sync)

    override suspend fun lifecycle(): NodeLifecycle = (application as SampleApp).lifecycle.await()

    override fun text(peers: List<Peer>): String =
        resources.getString(R.string.devices_near, peers.count { it.state == PeerState.Connected })
}
