package dev.dunlin.samples

import dev.dunlin.Node
import dev.dunlin.QueryResult
import dev.dunlin.Role
import dev.dunlin.Space
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.jsonPrimitive
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes

suspend fun inviteAndJoin(farm: Space, other: Node): Space {
    val ticket = farm.invite(Role.Writer, expiresIn = 1.hours)
    // Handed over as a QR code or in a message; no connection is needed to join.
    return other.join(ticket, alias = "work")
}

suspend fun runQuery(farm: Space): List<String> {
    val sql = "SELECT doc->>'$.title' AS title FROM inspections WHERE doc->>'$.due' < ? ORDER BY title"
    return farm.query(sql, "2026-07-01").rows.map { row -> row["title"].jsonPrimitive.content }
}

@Serializable
data class Due(
    val title: String,
    val isDone: Boolean,
    val steps: List<String> = emptyList(),
)

suspend fun queryModels(farm: Space): List<Due> {
    val columns = "doc->>'$.title' AS title, doc->>'$.isDone' AS isDone, doc->>'$.steps' AS steps"
    return farm.query<Due>("SELECT $columns FROM inspections WHERE doc->>'$.due' < ?", "2026-07-01").values
}

fun watchModels(farm: Space): Flow<List<Due>> =
    farm
        .watchQuery<Due>("SELECT id, doc->>'$.title' AS title, doc->>'$.isDone' AS isDone FROM inspections")
        .map { it.values }

fun watchQuery(farm: Space): Flow<Long> =
    farm
        .watch("SELECT count(*) AS n FROM inspections WHERE NOT doc->>'$.isDone'")
        .map { result -> result.rows.single()["n"].jsonPrimitive.content.toLong() }

suspend fun indexQuery(farm: Space): QueryResult {
    val sql = "SELECT id FROM inspections WHERE json_extract(doc, '$.due') < ?"
    val readsAll = farm.explain(sql).warnings.isNotEmpty()
    if (readsAll) farm.createIndex("inspections", "$.due")
    return farm.query(sql, "2026-07-01")
}

suspend fun followChanges(farm: Space, index: suspend (collection: String, id: String) -> Unit) {
    farm.changes("search-index").collect { batch ->
        batch.changes.forEach { change -> index(change.collection, change.id) }
        // What was not acknowledged comes again, also after the app has ended.
        batch.acknowledge()
    }
}

fun followChangesFromNow(farm: Space): Flow<List<String>> =
    farm.changesAfter().map { batch -> batch.changes.map { "${it.collection}/${it.id}" } }

@Serializable
data class Attention(
    val inspection: String,
)

suspend fun sayPresence(farm: Space, id: String) {
    farm.setPresence(Attention(id), holds = 1.minutes)
}

fun watchWhoIsHere(farm: Space): Flow<List<String>> =
    farm.watchPresence<Attention>().map { others ->
        others.map { "${it.device.name} looks at ${it.state?.inspection ?: "something"}" }
    }
