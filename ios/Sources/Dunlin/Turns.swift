internal import DunlinBindings

/// In whose turns a task is: inside one, another one on the same space would wait for itself.
private enum Turns {
    @TaskLocal static var inside: [UInt64] = []
}

extension Space {
    /// Reads and writes several documents, all or nothing: in one commit, and in one batch of the change
    /// feed. `farm.transaction { tx in … }` returns what its closure returns.
    ///
    /// What others on this device write meanwhile is not lost: the closure reads one moment, and runs
    /// again, five times at most in all, where something that it has read has changed. It must be fit to
    /// run several times. Transactions and updates on one space take turns, so do what takes time before
    /// or after: a run of 2 seconds loses its turn. Write through `tx` in it, and not through collections.
    ///
    /// Peers that are connected see all of it at once, where it is at most 256 KiB; otherwise, and when
    /// they fetch it later, document by document. Another device is not isolated from: what it writes at
    /// the same time is merged.
    ///
    /// - Throws: What refused a write, with the document's name: then nothing is written. ``DunlinError``
    ///   `busy` (try again) after 2 seconds in one run, or if others kept on writing; `invalidInput`
    ///   inside another transaction or update on this space; `denied`, `storageFull`. And what the closure
    ///   throws, and then nothing is written.
    public func transaction<Answer>(
        isolation: isolated (any Actor)? = #isolation,
        _ change: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        try await transact(change).answer
    }

    /// Runs a closure in a turn until it could be committed.
    func transact<Answer>(
        isolation: isolated (any Actor)? = #isolation,
        _ change: (Transaction) async throws -> Answer
    ) async throws -> (answer: Answer, committed: [Committed]) {
        let inside = Turns.inside
        let turn = try await bridged { [native] in try await native.turn(inside: inside) }
        defer { turn.giveBack() }
        while true {
            let transaction = Transaction(turn.transaction())
            let outcome: Result<Answer, any Error>
            do {
                let answer = try await Turns.$inside.withValue(inside + [native.turnName()]) {
                    try await change(transaction)
                }
                outcome = .success(answer)
            } catch let cancelled as CancellationError {
                throw cancelled
            } catch {
                outcome = .failure(error)
            }
            if try hasBegunAgain(turn, after: outcome) { continue }
            let answer = try outcome.get()
            if let committed = try await bridged({ try await turn.commit() }) {
                return (answer, committed.map(Committed.init))
            }
        }
    }
}

/// Whether another run has begun, whatever this one came to; what it threw goes before a lost turn.
private func hasBegunAgain<Answer>(
    _ turn: DunlinBindings.Turn, after outcome: Result<Answer, any Error>
) throws -> Bool {
    do {
        return try bridged { try turn.again() }
    } catch {
        _ = try outcome.get()
        throw error
    }
}
