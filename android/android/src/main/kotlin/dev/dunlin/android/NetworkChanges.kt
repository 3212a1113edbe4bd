package dev.dunlin.android

import dev.dunlin.DunlinException
import dev.dunlin.ErrorCode
import dev.dunlin.Node
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.drop
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.runningFold
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** This device's addresses on the networks it is on, by network. */
internal typealias Addresses<N> = Map<N, Set<String>>

/** What all networks have, told of one after the other; one that is lost has nothing. */
internal fun <N> Flow<Pair<N, Set<String>>>.gathered(): Flow<Addresses<N>> =
    runningFold(emptyMap<N, Set<String>>()) { known, (network, addresses) ->
        if (addresses.isEmpty()) known - network else known + (network to addresses)
    }.drop(1)

/** How long the networks must not change to be at rest, and how long to wait for that at most. */
internal val QUIET = 2.seconds
internal val PATIENCE = 10.seconds

/**
 * Restarts the node's sync on new addresses, until the node is shut down or there are no more
 * networks to hear of.
 *
 * @param onFailure hears of every other refusal; the next change tries again.
 */
internal suspend fun <N> Node.restartOnNewAddresses(
    networks: Flow<Addresses<N>>,
    onFailure: (DunlinException) -> Unit,
) {
    try {
        onNewAddresses(networks) {
            try {
                restartSync()
            } catch (refusal: DunlinException) {
                if (refusal.code == ErrorCode.Closed) throw refusal
                onFailure(refusal)
            }
        }
    } catch (refusal: DunlinException) {
        if (refusal.code != ErrorCode.Closed) throw refusal
    }
}

/**
 * Calls [changed] when the networks have come to rest and an address is there that was not at the
 * last rest. An address that only went needs nothing: where there was a connection, there is none.
 *
 * @param quiet how long nothing must change.
 * @param patience how long to wait for that at most.
 */
internal suspend fun <N> onNewAddresses(
    networks: Flow<Addresses<N>>,
    quiet: Duration = QUIET,
    patience: Duration = PATIENCE,
    changed: suspend () -> Unit,
): Unit =
    coroutineScope {
        val states = networks.buffer(Channel.CONFLATED).produceIn(this)
        var known = states.atRest(quiet, patience) ?: return@coroutineScope
        while (true) {
            val next = states.atRest(quiet, patience) ?: return@coroutineScope
            val isNew = next.any { (network, addresses) -> addresses.any { it !in known[network].orEmpty() } }
            known = next
            if (isNew) changed()
        }
    }

/** The next state that lasts; null once there is none any more. */
private suspend fun <T> ReceiveChannel<T>.atRest(quiet: Duration, patience: Duration): T? {
    var latest = receiveCatching().getOrNull() ?: return null
    withTimeoutOrNull(patience) {
        while (true) {
            val next = withTimeoutOrNull(quiet) { receiveCatching() } ?: break
            latest = next.getOrNull() ?: break
        }
    }
    return latest
}
