import Dunlin
import Foundation
import Testing

@testable import DunlinApple

final class SealedSeedTests {
    private let box = Data((0..<60).map { UInt8($0) })

    @Test func whatIsStoredBeginsWithTheVersionAndIsReadBack() throws {
        let stored = SealedSeed(box: box).stored
        #expect(stored == Data([1]) + box)
        #expect(try SealedSeed(stored: stored) == SealedSeed(box: box))
        // A slice, whose indices do not begin at zero.
        let slice = (Data([9]) + stored).dropFirst()
        #expect(try SealedSeed(stored: slice) == SealedSeed(box: box))
    }

    @Test func aRefusalSaysWhatIsWrong() {
        #expect(throws: SealError(reason: "the sealed key is cut short: 3 bytes", isKeyLost: true)) {
            try SealedSeed(stored: Data([1, 2, 3]))
        }
        #expect(throws: SealError(reason: "the key was sealed by a later release: version 2")) {
            try SealedSeed(stored: Data([2]) + box)
        }
        for length in 0..<(1 + SealedSeed.nonceBytes + SealedSeed.tagBytes) {
            #expect(throws: SealError.self) {
                try SealedSeed(stored: Data(repeating: 1, count: length))
            }
        }
    }

    @Test func theNodeHearsItInWords() {
        #expect(SealError(reason: "gone").localizedDescription == "gone")
    }
}
