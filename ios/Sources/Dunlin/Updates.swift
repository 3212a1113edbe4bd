/// What a subscription tells, one after the other.
///
/// Each iteration subscribes anew when it asks for its first element. It stops the native side when
/// its task is cancelled, which ends it, and when the iterator is let go.
public struct Updates<Element: Sendable>: AsyncSequence, Sendable {
    private let subscribe: @Sendable () async throws -> Subscription<Element>

    init(_ subscribe: @escaping @Sendable () async throws -> Subscription<Element>) {
        self.subscribe = subscribe
    }

    /// What is told, turned into something else.
    func map<Other: Sendable>(
        _ transform: @escaping @Sendable (Element) throws -> Other
    ) -> Updates<Other> {
        Updates<Other> { [subscribe] in
            let subscription = try await subscribe()
            return Subscription(
                pull: { try await subscription.next().map(transform) },
                stop: { subscription.end() })
        }
    }

    /// What is told, turned into something else where there is something to tell.
    func compactMap<Other: Sendable>(
        _ transform: @escaping @Sendable (Element) throws -> Other?
    ) -> Updates<Other> {
        Updates<Other> { [subscribe] in
            let subscription = try await subscribe()
            return Subscription(
                pull: {
                    while let element = try await subscription.next() {
                        if let other = try transform(element) { return other }
                    }
                    return nil
                },
                stop: { subscription.end() })
        }
    }

    /// Begins an iteration.
    public func makeAsyncIterator() -> Iterator {
        Iterator(subscribe: subscribe)
    }

    /// One iteration over the updates.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let subscribe: @Sendable () async throws -> Subscription<Element>
        private var subscription: Subscription<Element>?

        init(subscribe: @escaping @Sendable () async throws -> Subscription<Element>) {
            self.subscribe = subscribe
        }

        /// Waits for the next element; none at the end, and once the task is cancelled.
        ///
        /// - Throws: ``DunlinError``, as whoever returned the sequence says.
        public mutating func next() async throws -> Element? {
            if Task.isCancelled { return nil }
            let subscription =
                if let known = self.subscription { known } else { try await subscribe() }
            self.subscription = subscription
            return try await subscription.next()
        }
    }
}

/// A native handle that is pulled from and has to be stopped; letting it go stops it.
final class Subscription<Element: Sendable>: Sendable {
    private let pull: @Sendable () async throws -> Element?
    private let stop: @Sendable () -> Void

    init(
        pull: @escaping @Sendable () async throws -> Element?,
        stop: @escaping @Sendable () -> Void
    ) {
        self.pull = pull
        self.stop = stop
    }

    deinit {
        stop()
    }

    func end() {
        stop()
    }

    func next() async throws -> Element? {
        do {
            return try await withTaskCancellationHandler {
                try await bridged(whole: pull)
            } onCancel: {
                stop()
            }
        } catch is CancellationError {
            return nil
        }
    }
}
