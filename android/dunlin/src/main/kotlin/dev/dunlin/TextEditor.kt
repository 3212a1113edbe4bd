package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlin.time.Duration.Companion.milliseconds

/** For how long key strokes are gathered into one edit. */
private val GATHERING = 50.milliseconds

/** How often an edit is put on a new read where its base does not do. */
private const val ATTEMPTS = 5

/**
 * What an edit is refused with whose base does not do: too old, or that of a text which was removed
 * and made anew since, so that its indices are out of range.
 */
private val BASE_REFUSALS = setOf(ErrorCode.StaleVersion, ErrorCode.InvalidInput)

/**
 * Binds a text field to a collaborative text.
 *
 * What is typed is in [state] at once. Key strokes are gathered for up to 50 ms and written as one
 * edit of the text that they were typed on; what others write meanwhile is put under what is not
 * written yet, and the selection moves with the text around it.
 *
 * It works in the scope that it was opened in. When that is cancelled, or [close] is called, it
 * writes what is left, and ends. What was typed and could not be written stays in [state], with
 * the reason in [refusal], and is tried again with the next change, of whomever, by [flush], and after
 * a suspended node was resumed.
 *
 * @sample dev.dunlin.samples.editNotes
 */
public class TextEditor internal constructor(
    private val place: TextPlace,
    first: TextDraft,
    touches: Flow<Long?>,
    scope: CoroutineScope,
) {
    private val lock = Any()
    private var draft = first
    private var isClosed = false

    private val shown = MutableStateFlow(first.shown)
    private val refused = MutableStateFlow<DunlinException?>(null)

    /** What the field is to show. */
    public val state: StateFlow<TextState> = shown.asStateFlow()

    /**
     * Why what is shown cannot be written, or what others write cannot be read; null if it can.
     * `NotFound` where the document was deleted, `WrongKind` where another value is in place of
     * the text, `Denied`, `LimitExceeded`, `StorageFull`, `Closed` after the node's shutdown.
     */
    public val refusal: StateFlow<DunlinException?> = refused.asStateFlow()

    private val strokes = Channel<Unit>(Channel.CONFLATED)

    /** Held by whoever talks to the core; it guards the rest of what is here. */
    private val turn = Mutex()
    private var readUntil = Long.MIN_VALUE
    private var deafness: DunlinException? = null

    // Undispatched, to write what is left even if the scope is cancelled already.
    private val work: Job =
        scope.launch(Dispatchers.Default, CoroutineStart.UNDISPATCHED) {
            try {
                coroutineScope {
                    launch { follow(touches) }
                    gather()
                }
            } finally {
                withContext(NonCancellable) { end() }
            }
        }

    /**
     * Takes over what the user did: the whole text as the field has it. Never waits; any thread
     * may call it.
     *
     * @param before what the field held until then, if that is not what [state] has: what came
     *   between stays.
     * @throws DunlinException `Closed` after [close], or the end of the scope.
     * @sample dev.dunlin.samples.typeNotes
     */
    public fun change(
        text: String,
        selection: TextSelection = TextSelection(text.length),
        before: String = state.value.text,
    ) {
        synchronized(lock) {
            if (isClosed) throw ended()
            set(draft.typed(text, selection, before))
        }
        strokes.trySend(Unit)
    }

    /**
     * Writes what was typed until now: it is on disk on return.
     *
     * @throws DunlinException why it is refused; what was typed is still there.
     */
    public suspend fun flush() {
        val refusal = settle()
        if (refusal != null && !current().isWritten) throw refusal
    }

    /**
     * Writes what was typed, and ends: nothing can be typed any more.
     *
     * @throws DunlinException why what was typed is refused; [flush] tries again.
     */
    public suspend fun close() {
        work.cancelAndJoin()
        flush()
    }

    private suspend fun follow(touches: Flow<Long?>) {
        try {
            touches.collect { seq ->
                turn.withLock { if (seq == null || seq > readUntil) settleInTurn(isNews = true) }
            }
        } catch (refusal: DunlinException) {
            turn.withLock { deafness = refusal }
            refused.value = refusal
        }
    }

    private suspend fun gather() {
        for (stroke in strokes) {
            delay(GATHERING)
            // The app is in the background, or just coming back: what was typed last is not left over.
            while (settle()?.code == ErrorCode.Suspended) delay(SUSPENDED_PAUSE)
        }
    }

    private suspend fun end() {
        do {
            val refusal = settle()
            val isDone =
                synchronized(lock) {
                    isClosed = refusal != null || draft.isWritten
                    isClosed
                }
        } while (!isDone)
    }

    private suspend fun settle(): DunlinException? = turn.withLock { settleInTurn(isNews = false) }

    /**
     * Writes what waits and reads what others wrote; why that is refused. Cannot be cancelled
     * half-way: whether what was handed over is written must be known.
     */
    private suspend fun settleInTurn(isNews: Boolean): DunlinException? =
        withContext(NonCancellable) {
            val refusal = exchange(isNews)
            refused.value = refusal ?: deafness
            refusal
        }

    private suspend fun exchange(isNews: Boolean): DunlinException? {
        var last: DunlinException? = null
        repeat(ATTEMPTS) {
            if (current().base == null) read()?.let { return it }
            val refusal = write()
            if (refusal == null || refusal.code !in BASE_REFUSALS) {
                val unread = if (isNews || current().base == null) read() else null
                return refusal ?: unread
            }
            last = refusal
        }
        return last
    }

    private suspend fun write(): DunlinException? {
        val handed = synchronized(lock) { draft.handedOver().also { draft = it } }
        val base = handed.base
        if (base == null || handed.sent.isEmpty) return null
        val refusal = refusalOf { readUntil = maxOf(readUntil, place.write(handed.sent, base)) }
        synchronized(lock) {
            draft =
                when (refusal?.code) {
                    null -> draft.written()
                    in BASE_REFUSALS -> draft.refused().copy(base = null)
                    else -> draft.refused()
                }
        }
        return refusal
    }

    private suspend fun read(): DunlinException? =
        refusalOf {
            val text = place.read()
            synchronized(lock) { set(draft.read(text.content, text.version)) }
        }

    private fun current(): TextDraft = synchronized(lock) { draft }

    private fun set(new: TextDraft) {
        draft = new
        shown.value = new.shown
    }
}

private inline fun refusalOf(call: () -> Unit): DunlinException? =
    try {
        call()
        null
    } catch (refusal: DunlinException) {
        refusal
    }

private fun ended() =
    DunlinException(
        ErrorCode.Closed,
        "this editor has ended, and nothing can be typed in it",
        "open another one, in a scope that lives as long as the field",
    )
