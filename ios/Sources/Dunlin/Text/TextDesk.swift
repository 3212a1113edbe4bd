import Foundation

/// The draft of a text, which both the field and whoever talks to the core work on, each at once.
final class TextDesk: @unchecked Sendable {
    private let lock = NSLock()
    private var draft: TextDraft
    private var isClosed = false

    /// What the field is to show.
    let shown: Latest<TextState>

    /// Why what is shown cannot be written.
    let refusal = Latest<DunlinError?>(nil) { $0 == nil && $1 == nil }

    init(_ draft: TextDraft) {
        self.draft = draft
        shown = Latest(draft.shown, isSame: { $0 == $1 })
    }

    /// The draft as it is.
    var current: TextDraft { lock.withLock { draft } }

    /// Works on the draft; what it shows is told.
    @discardableResult
    func work<Result>(_ step: (inout TextDraft) -> Result) -> Result {
        lock.withLock { workLocked(step) }
    }

    /// Takes over what the user did; false once closed.
    ///
    /// - Parameter before: what the field held until then; what is shown if nil.
    func type(_ text: String, selection: NSRange?, before: String?) -> Bool {
        lock.withLock {
            if isClosed { return false }
            workLocked { $0.type(text, selection: selection, before: before ?? $0.shown.text) }
            return true
        }
    }

    /// Takes nothing over any more, unless something waits that may still be written.
    func close(after refusal: DunlinError?) -> Bool {
        lock.withLock {
            isClosed = refusal != nil || draft.isWritten
            return isClosed
        }
    }

    private func workLocked<Result>(_ step: (inout TextDraft) -> Result) -> Result {
        let result = step(&draft)
        shown.set(draft.shown)
        return result
    }
}
