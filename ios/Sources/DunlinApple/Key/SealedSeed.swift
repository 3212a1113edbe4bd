import Dunlin
import Foundation

/// A sealed seed as it is stored: a version byte, then what AES-GCM makes of the seed, its nonce
/// first and its tag last. The version is authenticated too.
struct SealedSeed: Equatable {
    static let version: UInt8 = 1
    static let nonceBytes = 12
    static let tagBytes = 16

    /// What is authenticated and not encrypted.
    static let authenticated = Data([version])

    /// Nonce, ciphertext, tag.
    let box: Data

    init(box: Data) {
        self.box = box
    }

    init(stored: Data) throws {
        guard stored.count >= 1 + Self.nonceBytes + Self.tagBytes, let version = stored.first else {
            throw SealError(
                reason: "the sealed key is cut short: \(stored.count) bytes", isKeyLost: true)
        }
        if version != Self.version {
            throw SealError(reason: "the key was sealed by a later release: version \(version)")
        }
        box = Data(stored.dropFirst())
    }

    var stored: Data { Self.authenticated + box }
}
