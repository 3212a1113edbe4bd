internal import DunlinBindings
import Foundation

/// Some commits of a space, in order.
public struct ChangeBatch: Sendable, Hashable {
    /// The commits: at least one, at most 256.
    public let changes: [Change]

    private let feed: DunlinBindings.ChangeFeed?

    /// Makes one of no feed, for instance for a test: acknowledging it does nothing.
    public init(_ changes: [Change]) {
        self.changes = changes
        feed = nil
    }

    init(_ events: [DunlinBindings.Event], from feed: DunlinBindings.ChangeFeed) {
        changes = events.map(Change.init)
        self.feed = feed
    }

    /// Remembers durably that everything up to the last of these changes has been dealt with; nothing
    /// for a feed without a consumer's name.
    ///
    /// - Throws: ``DunlinError`` `closed` after shutdown, `storageFull`.
    public func acknowledge() async throws {
        guard let feed, let last = changes.last else { return }
        try await bridged { try await feed.acknowledge(seq: last.seq) }
    }

    /// Whether both tell of the same commits.
    public static func == (one: Self, other: Self) -> Bool { one.changes == other.changes }

    /// Hashes the commits.
    public func hash(into hasher: inout Hasher) { hasher.combine(changes) }
}

/// One commit.
public struct Change: Hashable, Sendable {
    /// Its place in this device's feed; local, ascending, with gaps.
    public let seq: Int64

    /// The collection of the document that changed.
    public let collection: String

    /// The id of the document that changed.
    public let id: String

    /// The paths that changed.
    public let paths: [String]

    /// The id of the device that handed the change over: this one, or the peer it came from.
    public let device: String

    /// What kind of device that is.
    public let kind: DeviceKind

    /// Whether it was made here.
    public let origin: Origin

    /// This device's clock at the commit.
    public let time: Date

    /// Makes one, for instance for a preview or a test.
    public init(
        seq: Int64,
        collection: String,
        id: String,
        paths: [String],
        device: String,
        kind: DeviceKind,
        origin: Origin,
        time: Date
    ) {
        self.seq = seq
        self.collection = collection
        self.id = id
        self.paths = paths
        self.device = device
        self.kind = kind
        self.origin = origin
        self.time = time
    }

    init(_ event: DunlinBindings.Event) {
        seq = event.seq
        collection = event.collection
        id = event.id
        paths = event.paths
        device = event.device
        kind = DeviceKind(event.kind)
        origin = Origin(event.origin)
        time = Date(milliseconds: event.timeMs)
    }
}

/// Where a change was made.
public enum Origin: Hashable, Sendable, CaseIterable {
    /// On this device.
    case local

    /// On another one.
    case remote

    init(_ origin: DunlinBindings.Origin) {
        self =
            switch origin {
            case .local: .local
            case .remote: .remote
            }
    }
}

extension Space {
    /// Follows the change feed as a named consumer, from where it last acknowledged; a new one is told
    /// of every document that is there.
    ///
    /// What was not acknowledged comes again when it is followed anew. Ends when the node is shut down.
    /// Fails with `invalidInput` for an improper name, `limitExceeded` for too many consumers.
    public func changes(for consumer: String) -> Updates<ChangeBatch> {
        batches { native in try await bridged { try await native.changes(consumer: consumer) } }
    }

    /// Follows the change feed without a name, after this sequence number or, if nil, from now on:
    /// from the moment that the first batch is asked for.
    public func changes(after seq: Int64? = nil) -> Updates<ChangeBatch> {
        batches { native in native.changesAfter(seq: seq) }
    }

    private func batches(
        _ open: @escaping @Sendable (DunlinBindings.Space) async throws -> DunlinBindings.ChangeFeed
    ) -> Updates<ChangeBatch> {
        Updates { [native] in
            let feed = try await open(native)
            return Subscription(
                pull: { try await feed.next().map { ChangeBatch($0, from: feed) } },
                stop: { feed.stop() })
        }
    }

    /// Where in the change feed a document has changed, the latest of what was not taken in time; nil
    /// first, when it is certain that nothing later is missed.
    func touches(of id: String, in collection: String) -> AsyncThrowingStream<Int64?, any Error> {
        let feed = native.changesAfter(seq: nil)
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { touches in
            touches.yield(nil)
            touches.onTermination = { _ in feed.stop() }
            Task {
                do {
                    while let events = try await bridged({ try await feed.next() }) {
                        let last = events.last { $0.collection == collection && $0.id == id }
                        if let last { touches.yield(last.seq) }
                    }
                    touches.finish()
                } catch {
                    touches.finish(throwing: error)
                }
            }
        }
    }
}
