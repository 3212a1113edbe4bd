import Foundation

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func with<Answer>(_ body: (inout Value) -> Answer) -> Answer {
        lock.lock()
        defer { lock.unlock() }
        return body(&value)
    }

    /// Puts a value in, and gives the one before.
    func exchange(_ next: Value) -> Value {
        with { value in
            defer { value = next }
            return value
        }
    }
}
