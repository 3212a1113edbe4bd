package dev.dunlin

import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.Serializable
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Far more than anything takes: a test that waits for what never comes fails instead. */
private val DEADLINE = 60.seconds

/** What an app would write. */
@Serializable
data class Task(
    val title: String,
    val done: Boolean = false,
    val due: String? = null,
    val notes: MergeableText = MergeableText(),
    val minutes: Counter = Counter(),
    val steps: List<Step> = emptyList(),
)

@Serializable
data class Step(
    val text: String,
)

/** A model that knows little. */
@Serializable
data class Title(
    val title: String,
)

/** The model of a later release of the same app. */
@Serializable
data class LaterTask(
    val title: String,
    val owner: String,
    val steps: List<LaterStep> = emptyList(),
)

@Serializable
data class LaterStep(
    val text: String,
    val by: String,
)

/** Nodes of one test, in directories that go away with it. */
class Nodes(
    private val root: Path,
) {
    private val open = mutableListOf<Node>()

    fun directory(name: String): Path = root.resolve(name)

    suspend fun node(name: String, lockWait: Duration? = null): Node =
        Dunlin
            .open(directory(name)) {
                this.name = name
                this.lockWait = lockWait
            }.also { open += it }

    internal suspend fun shutdown() = open.forEach { it.shutdown() }
}

fun test(block: suspend Nodes.() -> Unit) =
    runBlocking {
        val root = Files.createTempDirectory("dunlin")
        val nodes = Nodes(root)
        try {
            withTimeout(DEADLINE) { nodes.block() }
        } finally {
            nodes.shutdown()
            root.toFile().deleteRecursively()
        }
    }

/** Syncs on loopback, with nobody but those whose addresses are given or known. */
suspend fun Node.syncOnLoopback(vararg peers: Node) {
    val addresses = peers.flatMap { it.status().listen }
    startSync {
        listen = "127.0.0.1:0"
        mdns = false
        this.peers += addresses
    }
}

/** Runs what must be refused; the refusal. */
suspend fun refused(call: suspend () -> Any?): DunlinException {
    val answer =
        try {
            call()
        } catch (refusal: DunlinException) {
            return refusal
        }
    throw AssertionError("not refused: $answer")
}
