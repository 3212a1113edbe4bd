package dev.dunlin

import dev.dunlin.ffi.InternalException
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import dev.dunlin.ffi.DunlinException as Refusal

/** The pause between attempts while the node is suspended: refused at once, they cost nothing. */
internal val SUSPENDED_PAUSE: Duration = 250.milliseconds

/**
 * Makes a call through the generated layer; its exceptions come out as [DunlinException]. The
 * strings that the call hands over are named first, since the generated layer, which refuses a bad
 * one itself, does not let go of the native object then. What models and edits were encoded to is
 * well formed: there halves of surrogate pairs are escapes.
 */
internal inline fun <T> native(vararg handed: String?, call: () -> T): T {
    handed.forEach { if (it?.isWellFormed() == false) throw halfOfAPair() }
    return try {
        call()
    } catch (refusal: Refusal.Refused) {
        throw refusal.toDunlin()
    } catch (bug: InternalException) {
        val remedy = "this is a bug in Dunlin: report it with the log"
        throw DunlinException(ErrorCode.Internal, "panicked: ${bug.message}", remedy, cause = bug)
    }
}

/** The refusal of the one fault of a Kotlin string that UTF-8 cannot say. */
internal fun halfOfAPair(): DunlinException =
    DunlinException(
        ErrorCode.InvalidInput,
        "a string holds half of a surrogate pair, which is no character",
        "keep both halves together, for instance when a text is cut",
    )

/** Whether no half of a surrogate pair stands alone. */
internal fun String.isWellFormed(): Boolean = indices.none(::isHalfAt)

/** Whether half of a surrogate pair stands alone here. */
internal fun String.isHalfAt(index: Int): Boolean {
    val unit = this[index]
    return when {
        unit.isHighSurrogate() -> getOrNull(index + 1)?.isLowSurrogate() != true
        unit.isLowSurrogate() -> getOrNull(index - 1)?.isHighSurrogate() != true
        else -> false
    }
}

internal fun Refusal.toDunlin(): DunlinException =
    when (this) {
        is Refusal.Refused -> DunlinException(codeOf(code), reason, remedy, isRetryable, this)
    }

/** What a read gives; null if there is no such document, or it is deleted. */
internal inline fun <T : Any> nullIfNotFound(read: () -> T): T? =
    try {
        read()
    } catch (refusal: DunlinException) {
        if (refusal.code == ErrorCode.NotFound) null else throw refusal
    }

/**
 * Pulls from a subscription for as long as somebody collects. Whatever ends the collecting stops
 * the native side too: that also covers an item which arrived as its collector was cancelled.
 */
internal fun <H, T : Any> pulled(
    open: suspend () -> H,
    next: suspend (H) -> T?,
    stop: (H) -> Unit,
): Flow<T> =
    flow {
        val handle = native { open() }
        try {
            while (true) emit(native { next(handle) } ?: break)
        } finally {
            stop(handle)
        }
    }

internal fun Duration.toMilliseconds(): UInt =
    inWholeMilliseconds.coerceIn(0, UInt.MAX_VALUE.toLong()).toUInt()

internal fun codeOf(code: dev.dunlin.ffi.ErrorCode): ErrorCode =
    when (code) {
        dev.dunlin.ffi.ErrorCode.INVALID_INPUT -> ErrorCode.InvalidInput
        dev.dunlin.ffi.ErrorCode.NOT_FOUND -> ErrorCode.NotFound
        dev.dunlin.ffi.ErrorCode.ALREADY_EXISTS -> ErrorCode.AlreadyExists
        dev.dunlin.ffi.ErrorCode.WRONG_KIND -> ErrorCode.WrongKind
        dev.dunlin.ffi.ErrorCode.UNPLACEABLE -> ErrorCode.Unplaceable
        dev.dunlin.ffi.ErrorCode.STALE_VERSION -> ErrorCode.StaleVersion
        dev.dunlin.ffi.ErrorCode.BUSY -> ErrorCode.Busy
        dev.dunlin.ffi.ErrorCode.DENIED -> ErrorCode.Denied
        dev.dunlin.ffi.ErrorCode.EXPIRED -> ErrorCode.Expired
        dev.dunlin.ffi.ErrorCode.KEY_UNAVAILABLE -> ErrorCode.KeyUnavailable
        dev.dunlin.ffi.ErrorCode.KEY_LOST -> ErrorCode.KeyLost
        dev.dunlin.ffi.ErrorCode.LIMIT_EXCEEDED -> ErrorCode.LimitExceeded
        dev.dunlin.ffi.ErrorCode.ALREADY_OPEN -> ErrorCode.AlreadyOpen
        dev.dunlin.ffi.ErrorCode.SUSPENDED -> ErrorCode.Suspended
        dev.dunlin.ffi.ErrorCode.CLOSED -> ErrorCode.Closed
        dev.dunlin.ffi.ErrorCode.STORAGE_FULL -> ErrorCode.StorageFull
        dev.dunlin.ffi.ErrorCode.CORRUPT -> ErrorCode.Corrupt
        dev.dunlin.ffi.ErrorCode.NEWER_SCHEMA -> ErrorCode.NewerSchema
        dev.dunlin.ffi.ErrorCode.NETWORK -> ErrorCode.Network
        dev.dunlin.ffi.ErrorCode.INTERNAL -> ErrorCode.Internal
    }
