#if canImport(CryptoKit) && canImport(Security)
import CryptoKit
import Dunlin
import Foundation
import Security

/// Seals the seed of the device's key with an AES key that the Keychain keeps for this device alone:
/// a copy of the app's files is worth nothing on another device, nor is a restored backup.
///
/// The key can be read from the first unlock after a start of the device on, as work in the
/// background needs it. The seed is in memory while the node is open: the Secure Enclave does not
/// know Ed25519.
public final class KeychainSealer: KeySealer {
    private let service: String

    /// Makes a sealer; the key is made when it is first needed.
    ///
    /// - Parameter service: the name of the Keychain's item.
    public init(service: String = "dev.dunlin.seed") {
        self.service = service
    }

    /// Seals a seed.
    ///
    /// - Throws: `SealError` if the Keychain refuses.
    public func seal(_ seed: Data) throws -> Data {
        let key = try find() ?? generate()
        let box = try translating("the device's key could not be sealed") {
            try AES.GCM.seal(seed, using: key, authenticating: SealedSeed.authenticated)
        }
        // Present for nonces of the usual length, which are the ones that `seal` chooses.
        guard let combined = box.combined else { throw SealError(reason: "a nonce of unusual length") }
        return SealedSeed(box: combined).stored
    }

    /// Returns the seed that was sealed.
    ///
    /// - Throws: `SealError` if the Keychain refuses; with `isKeyLost` if its key is gone or another,
    ///   or what is stored is damaged.
    public func unseal(_ sealed: Data) throws -> Data {
        let sealed = try SealedSeed(stored: sealed)
        guard let key = try find() else {
            throw SealError(reason: "the Keychain has no key \(service) any more", isKeyLost: true)
        }
        let what = "the device's key was sealed on another device, or is damaged"
        return try translating(what, isKeyLost: true) {
            let box = try AES.GCM.SealedBox(combined: sealed.box)
            return try AES.GCM.open(box, using: key, authenticating: SealedSeed.authenticated)
        }
    }

    private var item: [CFString: Any] {
        [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: "dunlin",
            kSecUseDataProtectionKeychain: true,
        ]
    }

    private func find() throws -> SymmetricKey? {
        var query = item
        query[kSecReturnData] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        switch status {
        case errSecSuccess:
            guard let bytes = found as? Data else { throw SealError(reason: "the Keychain's key is no key") }
            return SymmetricKey(data: bytes)
        case errSecItemNotFound:
            return nil
        default:
            throw refusal(status)
        }
    }

    private func generate() throws -> SymmetricKey {
        let key = SymmetricKey(size: .bits256)
        var attributes = item
        attributes[kSecValueData] = key.withUnsafeBytes { Data($0) }
        attributes[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let status = SecItemAdd(attributes as CFDictionary, nil)
        if status != errSecSuccess { throw refusal(status) }
        return key
    }
}

private func refusal(_ status: OSStatus) -> SealError {
    let words =
        switch status {
        case errSecInteractionNotAllowed: "the device was not unlocked since it was started"
        case errSecMissingEntitlement: "the app is not signed with an identifier of its own"
        default: SecCopyErrorMessageString(status, nil) as String? ?? "status \(status)"
        }
    return SealError(reason: "the Keychain refuses: \(words)")
}

private func translating<Answer>(
    _ what: String, isKeyLost: Bool = false, _ call: () throws -> Answer
) throws -> Answer {
    do {
        return try call()
    } catch {
        throw SealError(reason: "\(what): \(error.localizedDescription)", isKeyLost: isKeyLost)
    }
}
#endif
