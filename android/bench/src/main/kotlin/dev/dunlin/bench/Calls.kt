package dev.dunlin.bench

import dev.dunlin.DocumentCollection
import dev.dunlin.Entries
import dev.dunlin.Node
import dev.dunlin.Space
import dev.dunlin.floor.Shelf
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlin.time.DurationUnit
import kotlin.time.TimeSource.Monotonic.markNow
import dev.dunlin.ffi.keepWorkersAttached
import dev.dunlin.floor.uniffiRustFutureContinuationCallbackImpl
import dev.dunlin.ffi.liveObjects as emptyCall
import dev.dunlin.floor.empty as emptyFloor

/** The documents that a live query gives, and whose number an edit changes. */
private const val FOLLOWED = 100

/** Edits of one batch, and the fields that they go round. */
private const val BATCH = 1_000
private const val READINGS = 100

/** Calls of one run; empty ones that do not suspend are timed by the thousand. */
private const val EMPTY = 1_000
private const val GETS = 2_000
private const val BATCHES = 5
private const val DELIVERIES = 300

/** The documents of a long list, runs of its query, deliveries, and further ones that watch it. */
private const val LONG = 10_000
private const val LONG_RUNS = 10
private const val WATCHERS = 4
private const val LONG_QUERY = "SELECT id, doc FROM rows ORDER BY id"

/** A document of 1 KB. */
@Serializable
internal data class Report(
    val title: String = "Pump 7, bearing",
    val status: String = "open",
    val priority: Int = 2,
    val assignee: String = "ann.keller",
    val due: String = "2026-04-12T09:30:00Z",
    val site: String = "hall 4, bay 12",
    val minutes: Int = 45,
    val cost: Double = 120.5,
    val finding: String = "grease leaks at the north panel; ".repeat(12),
    val remedy: String = "replace the seal, log the pressure; ".repeat(11),
)

/** What a live query follows. */
@Serializable
internal data class Task(
    val title: String,
    val minutes: Int,
)

/** What a batch writes to. */
@Serializable
internal data class Instrument(
    val readings: Map<String, Int> = emptyMap(),
)

/** Every call by name: a run of it, and the microseconds that each took. */
internal class Calls private constructor(
    private val node: Node,
    private val reports: DocumentCollection<Report>,
    private val tasks: DocumentCollection<Task>,
    private val instruments: DocumentCollection<Instrument>,
    private val space: Space,
    private val rows: DocumentCollection<Task>,
) {
    private val shelf = Shelf(Json { encodeDefaults = true }.encodeToString(Report.serializer(), Report()))
    private var edits = 0

    val all: Map<String, suspend () -> List<Double>> =
        mapOf(
            "floor of empty" to { times(EMPTY) { repeat(EMPTY) { emptyFloor() } }.map { it / EMPTY } },
            "empty" to { times(EMPTY) { repeat(EMPTY) { emptyCall() } }.map { it / EMPTY } },
            "floor of empty, async" to { times(GETS) { shelf.empty() } },
            "empty, async" to { times(GETS) { node.stopSync() } },
            "floor of get" to { times(GETS) { shelf.get("report") } },
            "get" to { times(GETS) { reports.get("report") } },
            "batch" to { times(BATCHES) { write() } },
            "delivery" to { deliver(tasks, DELIVERIES) },
            "floor of long list" to { times(LONG_RUNS) { space.query(LONG_QUERY) } },
            "long list" to { deliver(rows, LONG_RUNS) },
            "floor of memory" to { listOf(bytesOfLongList()) },
            "memory" to { listOf(bytesOfWatcher()) },
        )

    private suspend fun write() =
        instruments.edit("instrument") {
            repeat(BATCH) { number -> set("/readings/${number % READINGS}", edits++) }
        }

    /** From the call of a write to the list that shows it. */
    private suspend fun deliver(watched: DocumentCollection<Task>, count: Int): List<Double> =
        coroutineScope {
            val delivered = Channel<Int?>(Channel.UNLIMITED)
            val collector =
                launch(start = CoroutineStart.UNDISPATCHED) {
                    watched.watch().collect { list -> delivered.send(list.first().value?.minutes) }
                }
            delivered.receive()
            val times =
                times(count) {
                    val minutes = edits++
                    watched.edit("0") { set("/minutes", minutes) }
                    while (delivered.receive() != minutes) Unit
                }
            collector.cancelAndJoin()
            times
        }

    /** What the long list says, as the text in which it crosses. */
    private suspend fun bytesOfLongList(): Double =
        space.query(LONG_QUERY).rows.sumOf { row -> row.cells.sumOf { it.toString().length } }.toDouble()

    /** The heap that each further watcher of the long list takes, which keeps what it shows. */
    private suspend fun bytesOfWatcher(): Double =
        coroutineScope {
            val shown = Channel<Unit>(Channel.UNLIMITED)
            suspend fun watch(): Job {
                val job =
                    launch {
                        var last: Entries<Task>? = null
                        try {
                            rows.watch().collect { list ->
                                last = list
                                shown.send(Unit)
                            }
                        } finally {
                            check(last?.size == LONG)
                        }
                    }
                shown.receive()
                return job
            }
            val first = watch()
            val before = heapInUse()
            val others = List(WATCHERS) { watch() }
            val taken = heapInUse() - before
            (others + first).forEach { it.cancelAndJoin() }
            taken.toDouble() / WATCHERS
        }

    companion object {
        suspend fun prepare(node: Node): Calls {
            // As the library does for its own: attached anew each time, a call takes a millisecond.
            keepWorkersAttached(uniffiRustFutureContinuationCallbackImpl)
            val space = node.createSpace("bench")
            val reports = space.collection<Report>("reports")
            val tasks = space.collection<Task>("tasks")
            val instruments = space.collection<Instrument>("instruments")
            reports.insert(Report(), "report")
            repeat(FOLLOWED) { tasks.insert(Task("task $it", 0), "$it") }
            instruments.insert(Instrument(), "instrument")
            val rows = space.collection<Task>("rows")
            val ids = List(LONG) { "$it" }
            ids.chunked(BATCH).forEach { some -> rows.putAll(some.associateWith { Task("task $it", 0) }) }
            return Calls(node, reports, tasks, instruments, space, rows)
        }
    }
}

private fun heapInUse(): Long {
    val runtime = Runtime.getRuntime()
    repeat(COLLECTIONS) { System.gc() }
    return runtime.totalMemory() - runtime.freeMemory()
}

private const val COLLECTIONS = 3

private suspend fun times(count: Int, call: suspend () -> Any?): List<Double> =
    List(count) {
        val start = markNow()
        call()
        start.elapsedNow().toDouble(DurationUnit.MICROSECONDS)
    }
