package dev.dunlin.compose

import androidx.compose.runtime.Composable
import androidx.compose.runtime.Immutable
import androidx.compose.runtime.State
import androidx.compose.runtime.produceState
import androidx.compose.runtime.remember
import dev.dunlin.DocumentCollection
import dev.dunlin.DunlinException
import dev.dunlin.Entries
import dev.dunlin.Node
import dev.dunlin.Peer
import dev.dunlin.QueryResult
import dev.dunlin.Space
import kotlinx.coroutines.flow.Flow

/**
 * The latest of something that is followed.
 *
 * @property value the latest value; null before the first.
 * @property refusal why nothing follows any more; the latest value stays.
 */
@Immutable
public data class Live<out T>(
    public val value: T? = null,
    public val refusal: DunlinException? = null,
) {
    /** Whether neither a value nor a refusal has come yet. */
    public val isLoading: Boolean get() = value == null && refusal == null
}

/**
 * Follows a flow of the library for as long as this is in the composition: `collectAsState` that
 * keeps a refusal instead of ending the app with it.
 *
 * @sample dev.dunlin.compose.samples.OneDocument
 */
@Composable
public fun <T : Any> Flow<T>.collectAsLive(): State<Live<T>> =
    produceState(Live(), this) {
        value = Live()
        try {
            collect { value = Live(it) }
        } catch (refusal: DunlinException) {
            value = value.copy(refusal = refusal)
        }
    }

/**
 * Documents, as `DocumentCollection.watch` has them.
 *
 * @sample dev.dunlin.compose.samples.DocumentList
 */
@Composable
public fun <T : Any> DocumentCollection<T>.watchAsLive(
    where: String? = null,
    vararg parameters: Any?,
    orderBy: String? = null,
    limit: Int? = null,
): State<Live<Entries<T>>> =
    remember(this, where, parameters.asList(), orderBy, limit) {
        watch(where, *parameters, orderBy = orderBy, limit = limit)
    }.collectAsLive()

/**
 * How many documents there are, as `DocumentCollection.watchCount` has it.
 *
 * @sample dev.dunlin.compose.samples.DocumentCount
 */
@Composable
public fun <T : Any> DocumentCollection<T>.watchCountAsLive(
    where: String? = null,
    vararg parameters: Any?,
): State<Live<Long>> =
    remember(this, where, parameters.asList()) { watchCount(where, *parameters) }.collectAsLive()

/**
 * The result of a query, as `Space.watch` has it.
 *
 * @sample dev.dunlin.compose.samples.QueryCount
 */
@Composable
public fun Space.watchAsLive(sql: String, vararg parameters: Any?): State<Live<QueryResult>> =
    remember(this, sql, parameters.asList()) { watch(sql, *parameters) }.collectAsLive()

/**
 * How the peers stand.
 *
 * @sample dev.dunlin.compose.samples.PeerList
 */
@Composable
public fun Node.peersAsLive(): State<Live<List<Peer>>> = remember(this) { watchPeers() }.collectAsLive()
