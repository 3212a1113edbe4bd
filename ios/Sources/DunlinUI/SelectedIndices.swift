import Dunlin
import Foundation

extension TextFieldBinding {
    /// ``selection`` as indices of ``text``; what is set and lies outside is cut to what the text has.
    public var selectedIndices: Range<String.Index> {
        get { Range(selection, in: text) ?? text.endIndex..<text.endIndex }
        set {
            // The field may tell of a selection before it tells of the text.
            let (text, end) = (text, text.endIndex)
            let range = min(newValue.lowerBound, end)..<min(newValue.upperBound, end)
            selection = NSRange(range, in: text)
        }
    }
}
