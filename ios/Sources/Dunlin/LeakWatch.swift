import Foundation

#if canImport(os)
    import os
#endif

extension Diagnostics {
    /// Told of each node that was let go of and never shut down: in words, and with the place where
    /// it was opened, such as `Barn/App.swift:12`.
    ///
    /// A warning to the log of the system, subsystem `dev.dunlin`, unless it is replaced; to the
    /// standard error where there is no such log. Holds for the whole process. Called on the thread
    /// that let go of the node, which may be any: it must not wait.
    public static var onLeak: @Sendable (_ message: String, _ opened: String) -> Void {
        get { hook.current }
        set { hook.current = newValue }
    }

    private static let hook = LeakHook()
}

/// Notices what is let go of and should have been closed: nodes. Sequences stop themselves.
///
/// Part of what it watches, and gone with it.
final class LeakWatch: @unchecked Sendable {
    private let what: String
    private let opened: String
    private let lock = NSLock()
    private var isClosed = false

    /// Watches what is opened at this place.
    init(_ what: String, openedAt fileID: StaticString, _ line: UInt) {
        self.what = what
        opened = "\(fileID):\(line)"
    }

    deinit {
        if isClosed { return }
        let message = "\(what) was dropped without shutdown; shut it down when you are done"
        Diagnostics.onLeak(message, opened)
    }

    /// Says that it was closed as it should.
    func close() {
        lock.withLock { isClosed = true }
    }
}

/// Whoever is told of leaks; any thread may ask and replace.
private final class LeakHook: @unchecked Sendable {
    private let lock = NSLock()
    private var hook: @Sendable (String, String) -> Void = { message, opened in
        logLeak(message, opened)
    }

    var current: @Sendable (String, String) -> Void {
        get { lock.withLock { hook } }
        set { lock.withLock { hook = newValue } }
    }
}

#if canImport(os)
    func logLeak(_ message: String, _ opened: String) {
        Logger(subsystem: "dev.dunlin", category: "leaks")
            .warning("\(message, privacy: .public) (opened at \(opened, privacy: .public))")
    }
#else
    func logLeak(_ message: String, _ opened: String, to output: FileHandle = .standardError) {
        // Where nobody reads there is nobody to tell.
        try? output.write(contentsOf: Data("dunlin: \(message) (opened at \(opened))\n".utf8))
    }
#endif
