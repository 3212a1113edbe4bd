package dev.dunlin.android

import dev.dunlin.DiscoveredPeers
import dev.dunlin.DunlinException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import java.security.SecureRandom
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** A search that is old misses who came: the next one finds everybody again. */
internal val ROUND = 1.minutes

/** Some systems never answer. */
internal val RESOLVE_DEADLINE = 10.seconds
internal val RETRY_PAUSE = 2.seconds
internal const val RESOLVE_ATTEMPTS = 3

/** A hostile neighbour can announce without end. */
internal const val MAX_KNOWN = 256

/**
 * What to ask of a [ServiceSystem], and when: announces under a name that says nothing, browses in
 * rounds, resolves one at a time, ignores its own announcements and what leads nowhere.
 *
 * Belongs to one thread.
 */
internal class LocalSearch(
    private val system: ServiceSystem,
    private val newName: () -> String = ::randomName,
) {
    /** Earlier names too: an announcement outlives its withdrawal in the caches of others. */
    private val own = mutableSetOf<String>()

    /** Announces and searches until it is cancelled. */
    suspend fun run(port: Int, peers: DiscoveredPeers): Unit =
        coroutineScope {
            val round = Sightings(peers)
            launch {
                keepTrying(round, "announcing") {
                    val name = newName().also { own += it }
                    system.announce(name, port) {
                        own += it
                        round.works("announcing")
                    }
                }
            }
            launch { keepTrying(round, "searching") { browse(round) } }
            launch { resolveInTurn(round) }
        }

    private suspend fun keepTrying(round: Sightings, task: String, attempt: suspend () -> Unit): Nothing {
        var pause = RETRY_PAUSE
        while (true) {
            try {
                attempt()
                pause = RETRY_PAUSE
            } catch (failure: ServiceFailure) {
                round.fails(task, failure.reason)
                delay(pause)
                pause = minOf(pause * 2, ROUND)
            }
        }
    }

    /** One round; whoever it does not see has gone without a word. */
    private suspend fun browse(round: Sightings) {
        val seen = mutableSetOf<String>()
        withTimeoutOrNull(ROUND) {
            system.browse().collect { sighting ->
                when (sighting) {
                    Sighting.Started -> round.works("searching")
                    is Sighting.Appeared ->
                        if (sighting.name !in own) {
                            seen += sighting.name
                            round.appeared(sighting.name)
                        }
                    is Sighting.Vanished -> {
                        seen -= sighting.name
                        round.vanished(sighting.name)
                    }
                }
            }
            throw ServiceFailure("the system has ended the search")
        }
        round.keepOnly(seen)
    }

    private suspend fun resolveInTurn(round: Sightings) {
        for (name in round.waiting) {
            if (round.isWanted(name)) round.resolved(name, resolve(name))
        }
    }

    /** None if it does not answer: the next round asks again. */
    private suspend fun resolve(name: String): List<String> {
        repeat(RESOLVE_ATTEMPTS) { attempt ->
            if (attempt > 0) delay(RETRY_PAUSE)
            try {
                val found = withTimeoutOrNull(RESOLVE_DEADLINE) { system.resolve(name) }
                if (found != null) return dialable(found.addresses, found.port)
            } catch (_: ServiceFailure) {
                // Gone, or the system is still busy with an earlier one.
            }
        }
        return emptyList()
    }
}

/** Whom the search knows, who waits to be resolved, and what the node was told. */
private class Sightings(
    private val peers: DiscoveredPeers,
) {
    val waiting = Channel<String>(Channel.UNLIMITED)
    private val queued = mutableSetOf<String>()
    private val known = mutableSetOf<String>()
    private val told = mutableSetOf<String>()
    private val working = mutableSetOf<String>()

    fun works(task: String) {
        if (working.add(task) && working.size == 2) peers.active()
    }

    fun fails(task: String, reason: String) {
        working -= task
        peers.unavailable("$task does not work: $reason")
    }

    fun appeared(name: String) {
        if (known.size == MAX_KNOWN && name !in known) return
        known += name
        if (queued.add(name)) waiting.trySend(name)
    }

    fun vanished(name: String) {
        known -= name
        if (told.remove(name)) peers.lost(name)
    }

    fun keepOnly(seen: Set<String>) = (known - seen).forEach(::vanished)

    fun isWanted(name: String): Boolean {
        queued -= name
        return name in known
    }

    /** Told again in each round: the node may have given up on an address meanwhile. */
    fun resolved(name: String, addresses: List<String>) {
        if (name !in known || addresses.isEmpty()) return
        told += name
        try {
            peers.found(name, addresses)
        } catch (_: DunlinException) {
            // An address that the node cannot read: what a neighbour announces must not end the app.
            told -= name
        }
    }
}

/** As long as the core's own names, and as empty of meaning. */
private fun randomName(): String {
    val bytes = ByteArray(8).also(SecureRandom()::nextBytes)
    return bytes.joinToString("") { "%02x".format(it) }
}
