package dev.dunlin.android

import kotlinx.coroutines.flow.Flow
import java.net.InetAddress

/** The platform's service discovery as coroutines see it: cancelling a call takes it back. */
internal interface ServiceSystem {
    /**
     * Announces until it is cancelled; [announced] hears the name, which the system may have
     * changed.
     *
     * @throws ServiceFailure if the system refuses.
     */
    suspend fun announce(name: String, port: Int, announced: (String) -> Unit)

    /** Searches for as long as it is collected; fails with [ServiceFailure]. */
    fun browse(): Flow<Sighting>

    /**
     * Asks where an announcement leads.
     *
     * @throws ServiceFailure if the system refuses or does not know.
     */
    suspend fun resolve(name: String): Resolved
}

/** What a search sees. */
internal sealed interface Sighting {
    data object Started : Sighting

    data class Appeared(
        val name: String,
    ) : Sighting

    data class Vanished(
        val name: String,
    ) : Sighting
}

/** Where an announcement leads, by its own account. */
internal data class Resolved(
    val addresses: List<InetAddress>,
    val port: Int,
)

/** The system's service discovery does not do what it was asked. */
internal class ServiceFailure(
    val reason: String,
) : Exception(reason)

/** NsdManager's codes of failure that say more than that something is wrong. */
private const val ALREADY_ACTIVE = 3
private const val MAX_LIMIT = 4

/** NsdManager's code of failure in words. */
internal fun systemFailure(code: Int): ServiceFailure =
    ServiceFailure(
        when (code) {
            ALREADY_ACTIVE -> "the system is busy with the same request"
            MAX_LIMIT -> "too many requests of this app are under way"
            else -> "the system's service discovery failed with code $code"
        },
    )
