/// For how long key strokes are gathered into one edit, in nanoseconds.
private let gathering: UInt64 = 50_000_000

/// The pause between attempts while the node is suspended, in nanoseconds: refused at once, they cost
/// nothing.
private let suspendedPause: UInt64 = 250_000_000

/// How often an edit is put on a new read where its base does not do.
private let attempts = 5

/// What an edit is refused with whose base does not do: too old, or that of a text which was removed
/// and made anew since, so that its indices are out of range.
private let baseRefusals: [ErrorCode] = [.staleVersion, .invalidInput]

/// Writes what is typed in a text and reads what others write there.
actor TextWork {
    private let place: TextPlace
    private let desk: TextDesk
    private var readUntil = Int64.min
    private var deafness: DunlinError?

    /// The last talk with the core; one begins when the one before it has ended.
    private var last: Task<DunlinError?, Never>?

    init(_ place: TextPlace, _ desk: TextDesk) {
        self.place = place
        self.desk = desk
    }

    /// Works until cancelled, and writes what is left then.
    func run(strokes: AsyncStream<Void>, touches: AsyncThrowingStream<Int64?, any Error>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.follow(touches) }
            await gather(strokes)
            group.cancelAll()
        }
        await end()
    }

    /// Writes what waits and reads what others wrote; why that is refused.
    ///
    /// Goes on where the caller is cancelled: whether what was handed over is written must be known.
    ///
    /// - Parameter touch: what makes it worth reading, if anything does.
    @discardableResult
    func settle(_ touch: Touch = .none) async -> DunlinError? {
        let before = last
        let talk = Task {
            _ = await before?.value
            return await self.settleInTurn(touch)
        }
        last = talk
        return await talk.value
    }

    private func settleInTurn(_ touch: Touch) async -> DunlinError? {
        if case .news(let seq?) = touch, seq <= readUntil { return nil }
        let refusal = await exchange(readsNews: touch.isNews)
        desk.refusal.set(refusal ?? deafness)
        return refusal
    }

    private func follow(_ touches: AsyncThrowingStream<Int64?, any Error>) async {
        do {
            for try await seq in touches { await settle(.news(seq)) }
        } catch let refusal as DunlinError {
            deafness = refusal
            desk.refusal.set(refusal)
        } catch {
            // Cancelled: this ends.
        }
    }

    private func gather(_ strokes: AsyncStream<Void>) async {
        for await _ in strokes {
            guard await pause(gathering) else { return }
            // The app is in the background, or just coming back: what was typed last is not left over.
            while await settle()?.code == .suspended {
                guard await pause(suspendedPause) else { return }
            }
        }
    }

    private func end() async {
        var isDone = false
        while !isDone { isDone = desk.close(after: await settle()) }
    }

    private func exchange(readsNews: Bool) async -> DunlinError? {
        var last: DunlinError?
        for _ in 0..<attempts {
            if desk.current.base == nil, let refusal = await read() { return refusal }
            let refusal = await write()
            guard let refusal, baseRefusals.contains(refusal.code) else {
                let unread = readsNews || desk.current.base == nil ? await read() : nil
                return refusal ?? unread
            }
            last = refusal
        }
        return last
    }

    private func write() async -> DunlinError? {
        let handed = desk.work { draft in
            draft.handOver()
            return draft
        }
        guard let base = handed.base, !handed.sent.isEmpty else { return nil }
        do {
            readUntil = max(readUntil, try await place.write(handed.sent, base: base))
            desk.work { $0.acceptWrite() }
            return nil
        } catch {
            let refusal = reason(of: error)
            desk.work { $0.takeBack(losesBase: baseRefusals.contains(refusal.code)) }
            return refusal
        }
    }

    private func read() async -> DunlinError? {
        do {
            let text = try await place.read()
            desk.work { $0.read(text.content, version: text.version) }
            return nil
        } catch {
            return reason(of: error)
        }
    }
}

/// Why a text is settled.
enum Touch: Sendable {
    /// Nobody else has written, as far as is known.
    case none

    /// Somebody wrote, there in the change feed; nil if what was written is not known.
    case news(Int64?)

    var isNews: Bool { if case .news = self { true } else { false } }
}

/// The refusal that an error is; nothing else comes from the core.
private func reason(of error: any Error) -> DunlinError {
    error as? DunlinError ?? DunlinError(.internal, "\(error)", remedy: "report it with the log")
}

/// Waits so many nanoseconds; false if cancelled meanwhile.
private func pause(_ nanoseconds: UInt64) async -> Bool {
    (try? await Task.sleep(nanoseconds: nanoseconds)) != nil
}
