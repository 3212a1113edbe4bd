internal import DunlinBindings
import Foundation

/// How a node is opened.
public struct NodeOptions: Sendable {
    /// What a new device calls itself; a device that exists already keeps its name.
    public var name: String

    /// What acts through a new device.
    public var kind: DeviceKind

    /// When a commit counts as durable.
    public var durability: Durability

    /// How many seconds to wait for another process to release the directory; five if nil.
    public var lockWait: TimeInterval?

    /// The number of documents that one space keeps in memory; 256 if nil.
    public var openDocuments: Int?

    /// What seals the seed of the device's key where it is stored. A seed that was stored before
    /// without one is sealed when the node is opened.
    public var sealer: (any KeySealer)?

    /// Makes options; each has a default.
    public init(
        name: String = "device",
        kind: DeviceKind = .human,
        durability: Durability = .flushed,
        lockWait: TimeInterval? = nil,
        openDocuments: Int? = nil,
        sealer: (any KeySealer)? = nil
    ) {
        self.name = name
        self.kind = kind
        self.durability = durability
        self.lockWait = lockWait
        self.openDocuments = openDocuments
        self.sealer = sealer
    }

    func native(_ directory: URL) -> DunlinBindings.Config {
        DunlinBindings.Config(
            directory: directory.path,
            durability: durability.native,
            lockWaitMs: lockWait.map(milliseconds),
            openDocuments: openDocuments.map { UInt32(clamping: max($0, 1)) },
            sealer: sealer.map(ForeignSealer.init)
        )
    }
}

/// When a commit counts as durable.
public enum Durability: Hashable, Sendable, CaseIterable {
    /// After it has reached the disk.
    case flushed

    /// After it has reached the operating system: survives a crash of the app, not a power failure,
    /// after which peers hand the lost tail back.
    case relaxed

    var native: DunlinBindings.Durability {
        switch self {
        case .flushed: .flushed
        case .relaxed: .relaxed
        }
    }
}
