#if canImport(CryptoKit) && canImport(Security)
import Dunlin
import Foundation

extension Node {
    /// Opens this app's node, in a directory that no backup takes along, its key sealed by the
    /// Keychain unless the options bring a sealer.
    ///
    /// A restored copy would be a second device with the same key, and its key could not be
    /// unsealed. The files can be read from the first unlock after a start of the device on: work
    /// in the background needs them while the device is locked.
    ///
    /// - Parameter directory: the directory's name in Application Support of the app itself. In the
    ///   container of an app group a lock held for too long ends the app.
    /// - Throws: as `open`; what the file system refuses.
    public static func open(
        _ options: NodeOptions = NodeOptions(), directory: String = "dunlin"
    ) async throws -> Node {
        var options = options
        if options.sealer == nil { options.sealer = KeychainSealer() }
        return try await open(try privateDirectory(directory), options)
    }
}

private func privateDirectory(_ name: String) throws -> URL {
    let files = FileManager.default
    let support = try files.url(
        for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
    var directory = support.appendingPathComponent(name, isDirectory: true)
    try files.createDirectory(at: directory, withIntermediateDirectories: true)
    // What is made in it takes over its class, the journals of the databases too.
    let protection: [FileAttributeKey: Any] = [
        .protectionKey: FileProtectionType.completeUntilFirstUserAuthentication
    ]
    try files.setAttributes(protection, ofItemAtPath: directory.path)
    var values = URLResourceValues()
    values.isExcludedFromBackup = true
    try directory.setResourceValues(values)
    return directory
}
#endif
