internal import DunlinBindings
import Foundation

/// Seals the seed of the device's key, for instance with a key that the hardware keeps.
///
/// Called on threads of the library, which may wait. What it throws refuses the opening of the node
/// with `keyUnavailable`, which may pass; a ``SealError`` with `isKeyLost` with `keyLost`.
public protocol KeySealer: AnyObject, Sendable {
    /// Seals a seed.
    func seal(_ seed: Data) throws -> Data

    /// Returns the seed that was sealed.
    func unseal(_ sealed: Data) throws -> Data
}

/// A seed cannot be sealed, or what lies on disk cannot be unsealed.
public struct SealError: LocalizedError, Hashable, Sendable {
    /// What is wrong.
    public let reason: String

    /// Whether the sealer's key is gone for good, or what was sealed is damaged: people give the
    /// device's identity up then. Not for a locked device, nor where nobody knows why.
    public let isKeyLost: Bool

    /// Makes one for a sealer to throw.
    public init(reason: String, isKeyLost: Bool = false) {
        self.reason = reason
        self.isKeyLost = isKeyLost
    }

    /// What is wrong.
    public var errorDescription: String? { reason }
}

/// A sealer as the core calls it.
final class ForeignSealer: DunlinBindings.KeySealer {
    private let sealer: any KeySealer

    init(_ sealer: any KeySealer) {
        self.sealer = sealer
    }

    func seal(seed: Data) throws -> Data {
        try sealing { try sealer.seal(seed) }
    }

    func unseal(sealed: Data) throws -> Data {
        try sealing { try sealer.unseal(sealed) }
    }

    private func sealing(_ call: () throws -> Data) throws -> Data {
        do {
            return try call()
        } catch let refusal as SealError where refusal.isKeyLost {
            throw DunlinBindings.SealError.Lost(reason: refusal.reason)
        } catch {
            throw DunlinBindings.SealError.Unavailable(reason: words(of: error))
        }
    }
}
