/// What kind of refusal a ``DunlinError`` is; the same list in every language.
///
/// Not an enumeration: a later release may add a code, and a `switch` over it has a `default` for
/// that.
public struct ErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's name as it is printed: `InvalidInput`.
    public let rawValue: String

    /// Makes a code of a name, whether this release knows it or not.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The code's name.
    public var description: String { rawValue }
}

extension ErrorCode {
    /// The caller handed over something that cannot be stored, parsed or asked.
    public static let invalidInput = ErrorCode(rawValue: "InvalidInput")

    /// The thing that was named does not exist.
    public static let notFound = ErrorCode(rawValue: "NotFound")

    /// What was to be made is there already: a document's id, a space's name, a node.
    public static let alreadyExists = ErrorCode(rawValue: "AlreadyExists")

    /// The operation does not fit what is at that path.
    public static let wrongKind = ErrorCode(rawValue: "WrongKind")

    /// A model shows a document otherwise than it is stored, and nobody can tell where its change
    /// belongs.
    public static let unplaceable = ErrorCode(rawValue: "Unplaceable")

    /// The base of an edit is too old to be mapped forward; read again and retry.
    public static let staleVersion = ErrorCode(rawValue: "StaleVersion")

    /// Somebody else was at it; try again.
    public static let busy = ErrorCode(rawValue: "Busy")

    /// This device's role does not allow it.
    public static let denied = ErrorCode(rawValue: "Denied")

    /// A ticket is good for nothing any more: its time is over, or as many devices have joined with
    /// it as it admits.
    public static let expired = ErrorCode(rawValue: "Expired")

    /// What seals the device's key cannot be had yet, for instance before a phone was first unlocked;
    /// nothing has changed.
    public static let keyUnavailable = ErrorCode(rawValue: "KeyUnavailable")

    /// What sealed the device's key is gone for good, and so is this device's identity.
    public static let keyLost = ErrorCode(rawValue: "KeyLost")

    /// A documented size, count or time limit would be exceeded.
    public static let limitExceeded = ErrorCode(rawValue: "LimitExceeded")

    /// The node's directory is open: in another process, which may end
    /// (``DunlinError/isRetryable``), or in this one, whose node is to be shared.
    public static let alreadyOpen = ErrorCode(rawValue: "AlreadyOpen")

    /// The node is suspended; resume it and retry.
    public static let suspended = ErrorCode(rawValue: "Suspended")

    /// The node was shut down.
    public static let closed = ErrorCode(rawValue: "Closed")

    /// The disk is full; what was acknowledged is intact.
    public static let storageFull = ErrorCode(rawValue: "StorageFull")

    /// Stored bytes are damaged.
    public static let corrupt = ErrorCode(rawValue: "Corrupt")

    /// The directory was written by a newer release.
    public static let newerSchema = ErrorCode(rawValue: "NewerSchema")

    /// The network refused: an address in use, nothing reachable.
    public static let network = ErrorCode(rawValue: "Network")

    /// A bug in Dunlin.
    public static let `internal` = ErrorCode(rawValue: "Internal")
}
