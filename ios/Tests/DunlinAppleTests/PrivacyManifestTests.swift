import Foundation
import Testing

@testable import Dunlin

final class PrivacyManifestTests {
    @Test func theManifestComesAlongAndGivesAReasonForWhatTheLibraryCalls() throws {
        let manifest = try plist(
            #require(Bundle.module.url(forResource: "PrivacyInfo", withExtension: "xcprivacy")))
        #expect(manifest["NSPrivacyTracking"] as? Bool == false)
        #expect((manifest["NSPrivacyCollectedDataTypes"] as? [Any])?.count == 0)
        let used = try #require(manifest["NSPrivacyAccessedAPITypes"] as? [[String: Any]])
        let reasons = Dictionary(
            uniqueKeysWithValues: used.map { entry in
                (
                    entry["NSPrivacyAccessedAPIType"] as? String,
                    entry["NSPrivacyAccessedAPITypeReasons"] as? [String]
                )
            })
        #expect(reasons == [
                "NSPrivacyAccessedAPICategoryFileTimestamp": ["C617.1"],
                "NSPrivacyAccessedAPICategoryDiskSpace": ["E174.1"],
            ])
    }

    private func plist(_ file: URL) throws -> [String: Any] {
        let data = try Data(contentsOf: file)
        let read = try PropertyListSerialization.propertyList(from: data, format: nil)
        return try #require(read as? [String: Any])
    }
}
