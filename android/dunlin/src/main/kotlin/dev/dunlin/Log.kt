package dev.dunlin

import dev.dunlin.ffi.setLogSink
import dev.dunlin.ffi.LogLevel as FfiLogLevel
import dev.dunlin.ffi.LogSink as FfiLogSink

/** How much a record of the log matters. */
public enum class LogLevel {
    /** Something failed. */
    Error,

    /** Something is not as it should be. */
    Warn,

    /** What a person may want to know. */
    Info,

    /** What helps to find a fault. */
    Debug,
    ;

    internal fun toFfi() = FfiLogLevel.entries[ordinal]

    internal companion object {
        fun of(level: FfiLogLevel) = entries[level.ordinal]
    }
}

/** Takes what the library logs: one record at a time, on a thread of its own. */
public fun interface LogSink {
    /** A record; [target] is the part of the library. */
    public fun log(level: LogLevel, target: String, message: String)
}

internal fun hand(level: LogLevel, sink: LogSink?) {
    val foreign =
        sink?.let {
            object : FfiLogSink {
                override fun log(level: FfiLogLevel, target: String, message: String): Unit =
                    it.log(LogLevel.of(level), target, message)
            }
        }
    native { setLogSink(level.toFfi(), foreign) }
}
