internal import DunlinBindings
import Foundation

/// Seals the seed of the device's key, for instance with a key that the hardware keeps.
///
/// Called on threads of the library, which may wait. What it throws refuses the opening of the node
/// with `denied`.
public protocol KeySealer: AnyObject, Sendable {
    /// Seals a seed.
    func seal(_ seed: Data) throws -> Data

    /// Returns the seed that was sealed.
    func unseal(_ sealed: Data) throws -> Data
}

/// A sealer as the core calls it.
final class ForeignSealer: DunlinBindings.KeySealer {
    private let sealer: any KeySealer

    init(_ sealer: any KeySealer) {
        self.sealer = sealer
    }

    func seal(seed: Data) throws -> Data {
        try foreign { try sealer.seal(seed) }
    }

    func unseal(sealed: Data) throws -> Data {
        try foreign { try sealer.unseal(sealed) }
    }
}
