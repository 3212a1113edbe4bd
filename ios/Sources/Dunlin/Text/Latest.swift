import Foundation

/// A value that changes, for whoever follows it: the latest at once, then each later one. Values
/// that come faster than they are taken are passed over.
final class Latest<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private let isSame: @Sendable (Value, Value) -> Bool
    private var latest: Value
    private var followers: [Int: AsyncStream<Value>.Continuation] = [:]
    private var followed = 0

    /// - Parameter isSame: whether a value is no news after another.
    init(_ value: Value, isSame: @escaping @Sendable (Value, Value) -> Bool) {
        latest = value
        self.isSame = isSame
    }

    deinit {
        followers.values.forEach { $0.finish() }
    }

    var value: Value { lock.withLock { latest } }

    func set(_ value: Value) {
        lock.withLock {
            if isSame(latest, value) { return }
            latest = value
            followers.values.forEach { $0.yield(value) }
        }
    }

    /// A new sequence, which ends when nobody has this value any more.
    func follow() -> AsyncStream<Value> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let key = lock.withLock {
                followed += 1
                followers[followed] = continuation
                continuation.yield(latest)
                return followed
            }
            continuation.onTermination = { [weak self] _ in self?.forget(key) }
        }
    }

    private func forget(_ key: Int) {
        lock.withLock { followers[key] = nil }
    }
}
