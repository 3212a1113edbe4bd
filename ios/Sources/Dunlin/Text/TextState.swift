import Foundation

/// What a text field shows.
///
/// Two of them are equal if they have the same code units: strings that only look alike have other
/// indices.
public struct TextState: Sendable {
    /// The text: the document's, with what was typed and is not written yet.
    public let text: String

    /// What is selected, or where the cursor is, in UTF-16 code units.
    public let selection: NSRange

    /// Makes a state; the selection is cut to what the text has.
    ///
    /// - Parameter selection: what is selected; nil puts the cursor at the end.
    public init(_ text: String, selection: NSRange? = nil) {
        let count = text.utf16.count
        self.text = text
        self.selection = (selection ?? NSRange(location: count, length: 0)).clamped(to: count)
    }
}

extension TextState: Equatable {
    public static func == (one: TextState, other: TextState) -> Bool {
        one.selection == other.selection && one.text.utf16.elementsEqual(other.text.utf16)
    }
}
