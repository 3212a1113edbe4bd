internal import DunlinBindings

/// How much a record of the log matters.
public enum LogLevel: Hashable, Sendable, CaseIterable {
    /// Something failed.
    case error

    /// Something is not as it should be.
    case warn

    /// What a person may want to know.
    case info

    /// What helps to find a fault.
    case debug
}

extension Diagnostics {
    /// Hands what the library logs, of this level and above, to a sink instead of the one before;
    /// nil ends it. Holds for the whole process.
    ///
    /// - Parameter sink: takes one record at a time, on a thread of its own: its level, the part of
    ///   the library, and the words.
    /// - Throws: ``DunlinError`` `alreadyExists` if the process logs in another way already.
    public static func log(
        _ level: LogLevel = .warn,
        to sink: (@Sendable (_ level: LogLevel, _ target: String, _ message: String) -> Void)?
    ) throws {
        try bridged { try setLogSink(level: level.native, sink: sink.map(ForeignSink.init)) }
    }
}

private final class ForeignSink: DunlinBindings.LogSink {
    private let sink: @Sendable (LogLevel, String, String) -> Void

    init(_ sink: @escaping @Sendable (LogLevel, String, String) -> Void) {
        self.sink = sink
    }

    func log(level: DunlinBindings.LogLevel, target: String, message: String) throws {
        sink(LogLevel(level), target, message)
    }
}

extension LogLevel {
    init(_ level: DunlinBindings.LogLevel) {
        self =
            switch level {
            case .error: .error
            case .warn: .warn
            case .info: .info
            case .debug: .debug
            }
    }

    var native: DunlinBindings.LogLevel {
        switch self {
        case .error: .error
        case .warn: .warn
        case .info: .info
        case .debug: .debug
        }
    }
}
