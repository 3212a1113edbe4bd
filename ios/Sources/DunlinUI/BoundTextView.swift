#if canImport(SwiftUI) && canImport(UIKit) && !os(watchOS)
import Dunlin
import SwiftUI
import UIKit

/// A text view for several lines that keeps its selection when others write, also before iOS 18,
/// and leaves alone what the keyboard composes:
///
/// ```swift
/// BoundTextView(notes).editing(notes) { try await tasks.editText("a", "/notes") }
/// ```
public struct BoundTextView: UIViewRepresentable {
    private let binding: TextFieldBinding
    private let configure: @MainActor (UITextView) -> Void

    // Read here, for SwiftUI to update this view when it changes.
    private let state: TextState
    private let isOpen: Bool

    /// Makes the view; `configure` is called once with what is inside, for fonts and the like.
    @MainActor
    public init(
        _ binding: TextFieldBinding, configure: @escaping @MainActor (UITextView) -> Void = { _ in }
    ) {
        self.binding = binding
        self.configure = configure
        state = binding.state
        isOpen = binding.isOpen
    }

    public func makeCoordinator() -> BoundTextViewDelegate { BoundTextViewDelegate(binding) }

    public func makeUIView(context: Context) -> UITextView {
        let view = UITextView()
        view.adjustsFontForContentSizeCategory = true
        view.font = .preferredFont(forTextStyle: .body)
        configure(view)
        view.delegate = context.coordinator
        return view
    }

    public func updateUIView(_ view: UITextView, context: Context) {
        view.isEditable = isOpen
        context.coordinator.show(state, in: view)
    }
}

/// Tells a binding of what happens in a text view, and the view of what others write.
@MainActor
public final class BoundTextViewDelegate: NSObject, UITextViewDelegate {
    private let binding: TextFieldBinding

    /// What the view held when it was last told or shown.
    private var held = ""

    /// A text view tells of selections that this makes, too.
    private var isShowing = false

    init(_ binding: TextFieldBinding) {
        self.binding = binding
    }

    public func textViewDidChange(_ view: UITextView) { tell(view) }

    public func textViewDidChangeSelection(_ view: UITextView) { tell(view) }

    /// What the keyboard composed may end without another change.
    public func textViewDidEndEditing(_ view: UITextView) { tell(view) }

    func show(_ state: TextState, in view: UITextView) {
        let now = view.text ?? ""
        let isComposing = view.markedTextRange != nil
        if isComposing || TextState(now, selection: view.selectedRange) == state { return }
        isShowing = true
        defer { isShowing = false }
        if !now.utf16.elementsEqual(state.text.utf16) { view.text = state.text }
        view.selectedRange = state.selection
        held = view.text ?? ""
    }

    private func tell(_ view: UITextView) {
        if isShowing { return }
        let isComposing = view.markedTextRange != nil
        let (now, before) = (view.text ?? "", held)
        held = now
        binding.change(
            now, selection: view.selectedRange, before: before, isComposing: isComposing)
        show(binding.state, in: view)
    }
}
#endif
