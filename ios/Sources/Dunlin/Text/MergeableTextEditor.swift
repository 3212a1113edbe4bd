import Foundation

/// Binds a text field to a collaborative text.
///
/// What is typed is in ``state`` at once. Key strokes are gathered for up to 50 ms and written as
/// one edit of the text that they were typed on; what others write meanwhile is put under what is
/// not written yet, and the selection moves with the text around it.
///
/// It works until ``close()``, or until nobody holds it any more: then it writes what is left, and
/// ends. What was typed and could not be written stays in ``state``, with the reason in ``refusal``,
/// and is tried again with the next change, of whomever, by ``flush()``, and after a suspended node
/// was resumed.
public final class MergeableTextEditor: Sendable {
    private let desk: TextDesk
    private let work: TextWork
    private let strokes: AsyncStream<Void>.Continuation
    private let running: Task<Void, Never>

    init(
        _ place: TextPlace, _ first: TextDraft, touches: AsyncThrowingStream<Int64?, any Error>
    ) {
        let desk = TextDesk(first)
        let work = TextWork(place, desk)
        let (stream, strokes) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.desk = desk
        self.work = work
        self.strokes = strokes
        // Without a reference to this editor, whose end is what ends the work.
        running = Task { await work.run(strokes: stream, touches: touches) }
    }

    deinit {
        running.cancel()
    }

    /// What the field is to show.
    public var state: TextState { desk.shown.value }

    /// Follows ``state``: at once, then whenever it has changed, by whomever.
    ///
    /// States that come faster than they are taken are told as one. Ends some time after nobody
    /// holds the editor any more. Each call makes another sequence, for one loop.
    public func states() -> AsyncStream<TextState> { desk.shown.follow() }

    /// Why what is shown cannot be written, or what others write cannot be read; nil if it can.
    ///
    /// `notFound` where the document was deleted, `wrongKind` where another value is in place of the
    /// text, `denied`, `limitExceeded`, `storageFull`, `suspended` until the node is resumed,
    /// `closed` after its shutdown.
    public var refusal: DunlinError? { desk.refusal.value }

    /// Follows ``refusal`` as ``states()`` follows ``state``.
    public func refusals() -> AsyncStream<DunlinError?> { desk.refusal.follow() }

    /// Takes over what the user did: the whole text as the field has it. Never waits; any thread may
    /// call it.
    ///
    /// - Parameters:
    ///   - selection: what is selected, in UTF-16 code units; nil puts the cursor behind what was typed.
    ///   - before: what the field held until then, if that is not what ``state`` has: what came
    ///     between stays.
    /// - Throws: ``DunlinError`` `closed` after ``close()``.
    public func change(_ text: String, selection: NSRange? = nil, before: String? = nil) throws {
        guard desk.type(text, selection: selection, before: before) else { throw ended() }
        strokes.yield()
    }

    /// Writes what was typed until now: it is on disk on return.
    ///
    /// - Throws: ``DunlinError``: why it is refused; what was typed is still there.
    public func flush() async throws {
        if let refusal = await work.settle(), !desk.current.isWritten { throw refusal }
    }

    /// Writes what was typed, and ends: nothing can be typed any more.
    ///
    /// - Throws: ``DunlinError``: why what was typed is refused; ``flush()`` tries again.
    public func close() async throws {
        running.cancel()
        await running.value
        try await flush()
    }
}

private func ended() -> DunlinError {
    DunlinError(
        .closed,
        "this editor has ended, and nothing can be typed in it",
        remedy: "open another one, and hold it for as long as the field is there"
    )
}
