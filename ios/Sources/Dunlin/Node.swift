internal import DunlinBindings
import Foundation

/// A running device: store, sync and discovery.
///
/// Asynchronous functions do their work on threads of the library: any actor may call them, the main
/// actor too. A call throws `CancellationError` at once when its task is cancelled; a write that was
/// asked for goes on, so whether it happens is unknown then, and writing by id again is safe. What is
/// followed with `for try await` ends with its task.
///
/// ```swift
/// let node = try await Node.open(directory, NodeOptions(name: "barn"))
/// let tasks = try await node.createSpace("farm").collection("chores", of: Chore.self)
/// ```
public final class Node: Sendable {
    /// This device.
    public let device: Device

    private let native: DunlinBindings.Node
    private let watched: LeakWatch

    private init(_ native: DunlinBindings.Node, openedAt fileID: StaticString, _ line: UInt) {
        self.native = native
        device = Device(native.device())
        watched = LeakWatch("the node \(device.name)", openedAt: fileID, line)
    }

    /// Opens this device's node; makes the directory one if it is none yet.
    ///
    /// Only one process at a time has a directory open. It belongs where backups do not reach: a
    /// restored copy of it would be a second device with the same key.
    ///
    /// A node that opens for a task that was cancelled meanwhile closes again by itself.
    ///
    /// - Parameters:
    ///   - directory: where the node keeps its files.
    ///   - options: what the node is to be like.
    ///   - fileID: where ``Diagnostics/onLeak`` says that it was opened, with the line.
    ///   - line: the line in that file.
    /// - Throws: ``DunlinError`` `alreadyOpen`, retryable if another process has it open, or this one is
    ///   about to close it; else share the node that this process has open. `keyUnavailable` while the
    ///   sealer cannot unseal the device's key, `keyLost` if it never will, `denied` for a sealed key
    ///   without a sealer; `newerSchema`, `corrupt`, `storageFull`; `invalidInput` for an improper name.
    public static func open(
        _ directory: URL,
        _ options: NodeOptions = NodeOptions(),
        fileID: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> Node {
        Node(try await native(directory, options), openedAt: fileID, line)
    }

    private static func native(
        _ directory: URL, _ options: NodeOptions
    ) async throws -> DunlinBindings.Node {
        let config = options.native(directory)
        do {
            return try await bridged { try await DunlinBindings.Node.open(config: config) }
        } catch let refusal as DunlinError where refusal.code == .notFound {
            let (name, kind) = (options.name, options.kind.native)
            return try await bridged {
                try await DunlinBindings.Node.create(config: config, name: name, kind: kind)
            }
        }
    }

    /// This node's spaces, by id.
    public var spaces: [Space] { native.spaces().map(Space.init) }

    /// Finds a space by alias, name, id, or the first characters of its id.
    ///
    /// - Throws: ``DunlinError`` `notFound` if none fits, `invalidInput` with the list of matches if
    ///   several do.
    public func space(_ reference: String) throws -> Space {
        Space(try bridged { try native.space(reference: reference) })
    }

    /// Founds a space, with this device as its administrator.
    ///
    /// - Throws: ``DunlinError`` `alreadyExists` for a name that a space here has, `invalidInput` for an
    ///   improper one; `storageFull`.
    public func createSpace(_ name: String) async throws -> Space {
        Space(try await bridged { [native] in try await native.createSpace(name: name) })
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// - Parameter alias: this device's own name for the space.
    /// - Throws: ``DunlinError`` `expired` for a ticket whose time is over, `alreadyExists` for an alias
    ///   that is taken; `invalidInput`, `storageFull`. Whether the invitation is used up, members tell when
    ///   they meet this device: see ``NodeStatus/refusals``.
    public func join(_ ticket: String, as alias: String? = nil) async throws -> Space {
        Space(try await bridged { [native] in try await native.join(ticket: ticket, alias: alias) })
    }

    /// Starts to exchange with peers; replaces a sync that runs already.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for what is not an address, `network` where it is in
    ///   use or not this host's, `closed` after shutdown.
    public func startSync(_ options: SyncOptions = SyncOptions()) async throws {
        let config = options.native()
        try await bridged { [native] in try await native.startSync(config: config) }
    }

    /// Ends the exchange with peers; nothing happens if there is none.
    public func stopSync() async throws {
        try await bridged { [native] in try await native.stopSync() }
    }

    /// Starts the sync that runs anew, with a new socket: for a device whose network has changed.
    /// Nothing happens if there is none.
    ///
    /// - Throws: ``DunlinError`` as ``startSync(_:)`` does; another attempt starts it.
    public func restartSync() async throws {
        try await bridged { [native] in try await native.restartSync() }
    }

    /// Syncs until everybody within reach has been in sync for a moment, or until the deadline: for
    /// work in the background.
    ///
    /// Opens a suspended node and suspends it again; a sync that runs already is waited for and left
    /// running. A cancelled task ends it as the deadline does.
    ///
    /// - Parameter deadline: in how many seconds it ends.
    /// - Throws: ``DunlinError`` as ``resume()`` and ``startSync(_:)`` do.
    public func syncOnce(
        deadline: TimeInterval, _ options: SyncOptions = SyncOptions()
    ) async throws -> SyncOutcome {
        let (config, deadline): (_, UInt32) = (options.native(), milliseconds(deadline))
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            // Awaited to its end, so that nothing is open when it returns.
            SyncOutcome(
                try await bridged(whole: {
                    try await native.syncOnce(
                        config: config, deadlineMs: deadline, cancellation: cancellation)
                }))
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Ends sync, finishes what was asked for, and closes every file and socket, until ``resume()``:
    /// for an app that goes to the background.
    ///
    /// Calls are refused with `suspended` then, sequences wait, and this node with everything that
    /// came from it stays good. Nothing happens if the node is suspended.
    ///
    /// - Parameter deadline: after how many seconds what still waits is refused, and what runs is
    ///   rolled back.
    /// - Throws: ``DunlinError``: what kept a file from being checkpointed; nothing is lost, and the
    ///   node is suspended all the same. `closed` after shutdown.
    public func suspend(deadline: TimeInterval = 5) async throws {
        let deadline: UInt32 = milliseconds(deadline)
        try await bridged { [native] in try await native.suspend(deadlineMs: deadline) }
    }

    /// Opens the files of a suspended node again, and starts the sync that ran; nothing happens if it
    /// is not suspended.
    ///
    /// - Throws: ``DunlinError`` `alreadyOpen` if somebody else has the directory now; `network` if
    ///   only sync could not be started: another attempt tries again. `closed` after shutdown.
    public func resume() async throws {
        try await bridged { [native] in try await native.resume() }
    }

    /// Tells how the node stands: spaces with their digests, peers with what they lack.
    ///
    /// - Throws: ``DunlinError`` `closed` after shutdown, `corrupt` where a document cannot be read.
    public func status() async throws -> NodeStatus {
        NodeStatus(try await bridged { [native] in try await native.status() })
    }

    /// Follows how the node stands: at once, then each time that it has changed, waiting while the
    /// node is suspended.
    ///
    /// Changes within a tenth of a second, or that come faster than they are taken, are told as one.
    /// Ends when the node is shut down. Fails as ``status()`` does.
    public func watchStatus() -> Updates<NodeStatus> {
        Updates { [native] in
            let watch = native.watchStatus()
            return Subscription(
                pull: { try await watch.next().map(NodeStatus.init) }, stop: { watch.stop() })
        }
    }

    /// Lists the devices that this node is connected to, dials or has met.
    ///
    /// - Throws: ``DunlinError`` `closed` after shutdown.
    public func peers() async throws -> [Peer] {
        try await bridged { [native] in try await native.peers() }.map(Peer.init)
    }

    /// Follows how the peers stand: at once, then each time that it has changed.
    ///
    /// Changes that come faster than they are taken are told as one. Ends when the node is shut down.
    public func watchPeers() -> Updates<[Peer]> {
        Updates { [native] in
            let watch = native.watchPeers()
            return Subscription(
                pull: { try await watch.next().map { $0.map(Peer.init) } }, stop: { watch.stop() })
        }
    }

    /// Closes connections and files in good order and releases the directory; sequences end, and
    /// whatever is called afterwards is refused with `closed`.
    ///
    /// A node that is let go of with everything that came from it closes too, but says no goodbye:
    /// ``Diagnostics/onLeak`` is told.
    ///
    /// - Throws: ``DunlinError``: what kept a file from being checkpointed; nothing is lost, and the
    ///   node is closed all the same.
    public func shutdown() async throws {
        watched.close()
        try await bridged { [native] in try await native.shutdown() }
    }
}

/// What came of ``Node/syncOnce(deadline:_:)``.
public struct SyncOutcome: Hashable, Sendable {
    /// Whether a peer was met, and everybody who was met has the same documents now.
    public let isInSync: Bool

    /// The peers as they were at the end.
    public let peers: [Peer]

    /// Makes one, for instance for a preview or a test.
    public init(isInSync: Bool, peers: [Peer]) {
        self.isInSync = isInSync
        self.peers = peers
    }

    init(_ outcome: DunlinBindings.SyncOutcome) {
        isInSync = outcome.inSync
        peers = outcome.peers.map(Peer.init)
    }
}
