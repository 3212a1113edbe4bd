import Foundation

/// Waits for something that cannot be cancelled, and no longer than the caller's task lasts.
///
/// The generated layer does not hear of a cancelled task: what it was asked for goes on.
func waiting<Answer: Sendable>(
    for work: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    let waiting = Waiting<Answer>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            guard waiting.begin(continuation) else { return }
            Task {
                do {
                    waiting.end(with: .success(try await work()))
                } catch {
                    waiting.end(with: .failure(error))
                }
            }
        }
    } onCancel: {
        waiting.end(with: .failure(CancellationError()))
    }
}

/// A continuation that the first of several resumes.
private final class Waiting<Answer: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var continuation: CheckedContinuation<Answer, any Error>?
    private var isOver = false

    /// Takes the continuation; false, and it is resumed, if the task was cancelled before.
    func begin(_ continuation: CheckedContinuation<Answer, any Error>) -> Bool {
        let isLate = lock.withLock {
            if !isOver { self.continuation = continuation }
            return isOver
        }
        if isLate { continuation.resume(throwing: CancellationError()) }
        return !isLate
    }

    func end(with result: Result<Answer, any Error>) {
        let waiting = lock.withLock {
            defer { continuation = nil }
            isOver = true
            return continuation
        }
        waiting?.resume(with: result)
    }
}
