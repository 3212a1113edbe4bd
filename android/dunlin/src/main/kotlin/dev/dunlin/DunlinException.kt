package dev.dunlin

/**
 * What kind of refusal a [DunlinException] is; the same list in every language.
 *
 * Not an enum: a later release may add a code, and a `when` over it has an `else` for that.
 *
 * @property name the code's name as it is printed: `InvalidInput`.
 */
@JvmInline
public value class ErrorCode(public val name: String) {
    override fun toString(): String = name

    /** The codes that this release knows. */
    public companion object {
        /** The caller handed over something that cannot be stored, parsed or asked. */
        public val InvalidInput: ErrorCode = ErrorCode("InvalidInput")

        /** The thing that was named does not exist. */
        public val NotFound: ErrorCode = ErrorCode("NotFound")

        /** What was to be made is there already: a document's id, a space's name, a node. */
        public val AlreadyExists: ErrorCode = ErrorCode("AlreadyExists")

        /** The operation, or the model, does not fit what is at that path. */
        public val WrongKind: ErrorCode = ErrorCode("WrongKind")

        /**
         * A model shows a document otherwise than it is stored, and nobody can tell where its change
         * belongs.
         */
        public val Unplaceable: ErrorCode = ErrorCode("Unplaceable")

        /** The base of an edit is too old to be mapped forward; read again and retry. */
        public val StaleVersion: ErrorCode = ErrorCode("StaleVersion")

        /** Somebody else was at it; try again. */
        public val Busy: ErrorCode = ErrorCode("Busy")

        /** This device's role does not allow it. */
        public val Denied: ErrorCode = ErrorCode("Denied")

        /**
         * A ticket is good for nothing any more: its time is over, or as many devices have joined with it as
         * it admits.
         */
        public val Expired: ErrorCode = ErrorCode("Expired")

        /**
         * What seals the device's key cannot be had yet, for instance before a phone was first unlocked;
         * nothing has changed.
         */
        public val KeyUnavailable: ErrorCode = ErrorCode("KeyUnavailable")

        /** What sealed the device's key is gone for good, and so is this device's identity. */
        public val KeyLost: ErrorCode = ErrorCode("KeyLost")

        /** A documented size, count or time limit would be exceeded. */
        public val LimitExceeded: ErrorCode = ErrorCode("LimitExceeded")

        /**
         * The node's directory is open: in another process, which may end ([DunlinException.isRetryable]),
         * or in this one, whose node is to be shared.
         */
        public val AlreadyOpen: ErrorCode = ErrorCode("AlreadyOpen")

        /** The node is suspended; resume it and retry. */
        public val Suspended: ErrorCode = ErrorCode("Suspended")

        /** The node was shut down. */
        public val Closed: ErrorCode = ErrorCode("Closed")

        /** The disk is full; what was acknowledged is intact. */
        public val StorageFull: ErrorCode = ErrorCode("StorageFull")

        /** Stored bytes are damaged. */
        public val Corrupt: ErrorCode = ErrorCode("Corrupt")

        /** The directory was written by a newer release. */
        public val NewerSchema: ErrorCode = ErrorCode("NewerSchema")

        /** The network refused: an address in use, nothing reachable. */
        public val Network: ErrorCode = ErrorCode("Network")

        /** A bug in Dunlin. */
        public val Internal: ErrorCode = ErrorCode("Internal")
    }
}

/**
 * Dunlin refused something; nothing has changed. Two refusals are equal if they say the same.
 *
 * Unchecked, since Java would not let anybody catch a checked exception that no method declares. There
 * `getCode()` is the code's name.
 *
 * @property code what kind of refusal it is.
 * @property reason what is wrong, naming the thing.
 * @property remedy what to do about it.
 * @property isRetryable whether the same call can succeed later.
 * @sample dev.dunlin.samples.handleRefusal
 */
public class DunlinException(
    @get:JvmName("getCode")
    public val code: ErrorCode,
    public val reason: String,
    public val remedy: String,
    public val isRetryable: Boolean = false,
    cause: Throwable? = null,
) : RuntimeException("$code: $reason; $remedy", cause) {
    override fun equals(other: Any?): Boolean =
        other is DunlinException && code == other.code && reason == other.reason &&
            remedy == other.remedy && isRetryable == other.isRetryable

    override fun hashCode(): Int = reason.hashCode()
}
