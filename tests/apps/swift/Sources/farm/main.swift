import Dunlin
import Foundation

// What two people on one farm go through, each with a device and a release of the app of their own.

let root = FileManager.default.temporaryDirectory.appendingPathComponent("farm-\(UUID().uuidString)")
var failure: String?
do {
    try await Farm.run(in: root)
} catch let unexpected as Unexpected {
    failure = "not as expected: \(unexpected.what)"
} catch let refusal as DunlinError {
    failure = "refused: \(refusal)"
}
try? FileManager.default.removeItem(at: root)
if let failure {
    print(failure)
    exit(1)
}
