package dev.dunlin.android

import dev.dunlin.DiscoveredPeers
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import java.net.InetAddress

/** A system whose answers the test gives. */
internal class FakeSystem : ServiceSystem {
    val announced = mutableMapOf<String, Int>()
    val asked = mutableListOf<String>()
    val resolving = mutableMapOf<String, CompletableDeferred<Resolved>>()
    var searches = 0
    var started = 0
    var renamed: String? = null
    var refusal: String? = null
    private val sightings = Channel<Sighting>(Channel.UNLIMITED)

    fun see(sighting: Sighting) {
        sightings.trySend(sighting)
    }

    fun answer(name: String, address: String) {
        resolving.getValue(name).complete(Resolved(listOf(InetAddress.getByName(address)), 7))
    }

    override suspend fun announce(name: String, port: Int, announced: (String) -> Unit) {
        this.announced[name] = port
        try {
            announced(renamed ?: name)
            awaitCancellation()
        } finally {
            this.announced -= name
        }
    }

    override fun browse(): Flow<Sighting> =
        flow {
            refusal?.let { throw ServiceFailure(it) }
            started += 1
            searches += 1
            try {
                emit(Sighting.Started)
                while (true) emit(sightings.receive())
            } finally {
                searches -= 1
            }
        }

    override suspend fun resolve(name: String): Resolved {
        asked += name
        val answer = CompletableDeferred<Resolved>()
        resolving[name] = answer
        try {
            return answer.await()
        } finally {
            resolving -= name
        }
    }
}

/** What the node was told, in order. */
internal class Told : DiscoveredPeers {
    val told = mutableListOf<String>()

    override fun found(name: String, addresses: List<String>) {
        told += "$name at $addresses"
    }

    override fun lost(name: String) {
        told += "lost $name"
    }

    override fun active() {
        told += "active"
    }

    override fun unavailable(reason: String) {
        told += reason
    }
}
