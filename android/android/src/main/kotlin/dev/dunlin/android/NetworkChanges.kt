package dev.dunlin.android

import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** This device's addresses on the networks it is on, by network. */
internal typealias Addresses<N> = Map<N, Set<String>>

/**
 * Calls [changed] when the networks have come to rest and an address is there that was not at the
 * last rest. An address that only went needs nothing: where there was a connection, there is none.
 *
 * @param quiet how long nothing must change.
 * @param patience how long to wait for that at most.
 */
internal suspend fun <N> onNewAddresses(
    networks: Flow<Addresses<N>>,
    quiet: Duration = 2.seconds,
    patience: Duration = 10.seconds,
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
