import Foundation

/// A text as UTF-16 code units: what indices count, and what is compared. Strings are no good for
/// that, since two of them are equal in Swift if they look alike.
typealias Units = [UInt16]

extension String {
    var units: Units { Array(utf16) }

    init(units: some Collection<UInt16>) {
        self.init(decoding: units, as: UTF16.self)
    }
}

extension Units {
    /// Where the text before `index` ends if no character is to be cut in two.
    func boundary(_ index: Int) -> Int {
        let within = Swift.min(Swift.max(index, 0), count)
        return cuts(at: within) ? within - 1 : within
    }

    /// Whether an index lies between the two halves of a character.
    func cuts(at index: Int) -> Bool {
        index > 0 && index < count
            && UTF16.isTrailSurrogate(self[index]) && UTF16.isLeadSurrogate(self[index - 1])
    }

    /// The text with U+FFFD for each half of a character that stands alone: a string from UIKit may
    /// have such, no document does.
    func wellFormed() -> Units { String(units: self).units }
}

extension NSRange {
    /// From one index to another, whichever is less.
    init(between one: Int, and other: Int) {
        self.init(location: min(one, other), length: abs(other - one))
    }

    /// The range within a text of so many units; its end if this names no place.
    func clamped(to count: Int) -> NSRange {
        if location == NSNotFound || location < 0 { return NSRange(location: count, length: 0) }
        let start = min(location, count)
        return NSRange(location: start, length: min(max(length, 0), count - start))
    }

    func map(_ place: (Int) -> Int) -> NSRange {
        NSRange(between: place(lowerBound), and: place(upperBound))
    }
}
