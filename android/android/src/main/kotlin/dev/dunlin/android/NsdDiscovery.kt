package dev.dunlin.android

import android.content.Context
import dev.dunlin.DiscoveredPeers
import dev.dunlin.Discovery
import dev.dunlin.SyncOptions
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/**
 * Finds peers through the system's NsdManager, which needs no multicast lock and spares the
 * battery: one responder serves all apps.
 *
 * Other devices see a random name, a new one each time that it starts: never the device's.
 */
public class NsdDiscovery(
    context: Context,
) : Discovery {
    private val scope = CoroutineScope(Dispatchers.Default.limitedParallelism(1))
    private val search = LocalSearch(NsdServices(context.applicationContext))
    private var running: Job? = null

    @Synchronized
    override fun start(port: Int, peers: DiscoveredPeers) {
        running?.cancel()
        running = scope.launch { search.run(port, peers) }
    }

    @Synchronized
    override fun stop() {
        running?.cancel()
        running = null
    }
}

/** Finds peers through the system instead of by multicast of the library's own. */
public fun SyncOptions.useNsd(context: Context) {
    discovery = NsdDiscovery(context)
    mdns = false
}
