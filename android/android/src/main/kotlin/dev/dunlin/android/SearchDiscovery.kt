package dev.dunlin.android

import dev.dunlin.DiscoveredPeers
import dev.dunlin.Discovery
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch

/**
 * Searches through a [ServiceSystem] while it is started; a start replaces the one before.
 *
 * @param dispatcher one thread at a time, as [LocalSearch] wants.
 */
internal class SearchDiscovery(
    system: ServiceSystem,
    dispatcher: CoroutineDispatcher = Dispatchers.Default.limitedParallelism(1),
) : Discovery {
    private val scope = CoroutineScope(dispatcher)
    private val search = LocalSearch(system)
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
