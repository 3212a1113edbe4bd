#if canImport(SwiftUI)
import Dunlin
import SwiftUI

extension View {
    /// Follows a sequence for as long as this view is on the screen, as `Live.follow` does.
    ///
    /// - Parameter id: tells what is followed; another one begins anew with what `values` makes then.
    public func following<Value, Values: AsyncSequence & Sendable, ID: Hashable & Sendable>(
        _ live: Live<Value>, id: ID, _ values: @escaping @MainActor () -> Values
    ) -> some View where Values.Element == Value {
        task(id: id) { @MainActor in await live.follow(values(), id: id) }
    }

    /// Follows a sequence for as long as this view is on the screen, as `Live.follow` does.
    public func following<Value, Values: AsyncSequence & Sendable>(
        _ live: Live<Value>, _ values: @escaping @MainActor () -> Values
    ) -> some View where Values.Element == Value {
        following(live, id: 0, values)
    }

    /// Edits a text for as long as this view is on the screen, as `TextFieldBinding.edit` does.
    ///
    /// - Parameter id: tells which text; another one is opened with what `open` does then.
    public func editing<ID: Hashable & Sendable>(
        _ binding: TextFieldBinding,
        id: ID,
        _ open: @escaping @Sendable () async throws -> MergeableTextEditor
    ) -> some View {
        task(id: id) { @MainActor in await binding.edit(open) }
    }

    /// Edits a text for as long as this view is on the screen, as `TextFieldBinding.edit` does.
    public func editing(
        _ binding: TextFieldBinding,
        _ open: @escaping @Sendable () async throws -> MergeableTextEditor
    ) -> some View {
        editing(binding, id: 0, open)
    }
}

@available(iOS 18, macOS 15, tvOS 18, watchOS 11, visionOS 2, *)
extension TextFieldBinding {
    /// The selection for `TextField(text:selection:)` and `TextEditor(text:selection:)`.
    public var textSelection: TextSelection? {
        get { TextSelection(range: selectedIndices) }
        set {
            switch newValue?.indices {
            case .selection(let range): selectedIndices = range
            case .multiSelection(let ranges):
                if let first = ranges.ranges.first { selectedIndices = first }
            default: break
            }
        }
    }
}
#endif
