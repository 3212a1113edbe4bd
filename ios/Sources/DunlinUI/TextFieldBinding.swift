import Dunlin
import Foundation

/// Binds a text field to a collaborative text, for as long as a view is on the screen:
///
/// ```swift
/// @State private var notes = TextFieldBinding()
///
/// var body: some View {
///     TextField("Notes", text: $notes.text)
///         .disabled(!notes.isOpen)
///         .editing(notes) { try await tasks.editText("a", "/notes") }
/// }
/// ```
@MainActor
public final class TextFieldBinding: Observed {
    private var editor: MergeableTextEditor?
    private var shown = TextState("")
    private var reason: DunlinError?
    private var isComposing = false

    /// Makes one that is bound to no text yet.
    public override init() {}

    /// What the field is to show; empty before the text is open.
    public var state: TextState {
        willRead()
        return shown
    }

    /// Whether there is a text to type in. What is typed else is not taken.
    public var isOpen: Bool {
        willRead()
        return editor != nil
    }

    /// Why the text cannot be opened, or what is shown cannot be written; nil if it can.
    public var refusal: DunlinError? {
        willRead()
        return reason
    }

    /// The text of ``state``; setting it is what the user did, with the cursor behind what differs.
    public var text: String {
        get { state.text }
        set { change(newValue) }
    }

    /// The selection of ``state``, in UTF-16 code units; setting it is what the user did.
    public var selection: NSRange {
        get { state.selection }
        set { change(shown.text, selection: newValue, isComposing: isComposing) }
    }

    /// Takes over what the user did; it is shown at once.
    ///
    /// - Parameters:
    ///   - selection: what is selected, in UTF-16 code units; nil puts the cursor behind what
    ///     was typed.
    ///   - before: what the field held until then, if that is not what ``state`` has.
    ///   - isComposing: whether the keyboard composes, so that the field has marked text: what
    ///     others write is not shown until it has none.
    public func change(
        _ text: String, selection: NSRange? = nil, before: String? = nil, isComposing: Bool = false
    ) {
        do {
            guard let editor else { return mutate {} }
            try editor.change(text, selection: selection, before: before ?? shown.text)
            self.isComposing = isComposing
            show(isComposing ? TextState(text, selection: selection) : editor.state, of: editor)
        } catch {
            // It has ended. Whoever reads this again sees that what was typed is not taken.
            mutate { reason = error as? DunlinError }
        }
    }

    /// Writes what was typed until now: it is on disk on return. For an app that goes to the
    /// background.
    ///
    /// - Throws: `DunlinError`: why it is refused; what was typed is still there.
    public func flush() async throws { try await editor?.flush() }

    /// Opens a text and follows it until the calling task is cancelled; then writes what was typed
    /// last, and ends. What is open already is passed over from then on.
    ///
    /// Does not throw: ``refusal`` tells what is refused, the last writing too.
    public func edit(_ open: @Sendable () async throws -> MergeableTextEditor) async {
        do {
            let opened = try await open()
            mutate { (editor, reason, isComposing, shown) = (opened, nil, false, opened.state) }
            await follow(opened)
            if editor === opened { mutate { editor = nil } }
            try await opened.close()
        } catch {
            // Else cancelled.
            if let refusal = error as? DunlinError { mutate { reason = refusal } }
        }
    }

    private func follow(_ opened: MergeableTextEditor) async {
        async let refusals: Void = followRefusals(of: opened)
        // As it is by now: the user may have typed since the state that came.
        for await _ in opened.states() where !isComposing { show(opened.state, of: opened) }
        await refusals
    }

    private func followRefusals(of opened: MergeableTextEditor) async {
        for await _ in opened.refusals() where opened === editor {
            mutate { reason = opened.refusal }
        }
    }

    private func show(_ state: TextState, of source: MergeableTextEditor) {
        if source === editor && state != shown { mutate { shown = state } }
    }
}
