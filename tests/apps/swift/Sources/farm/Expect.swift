import Foundation

struct Unexpected: Error {
    let what: String
}

func expect(_ isSo: Bool, _ otherwise: @autoclosure () -> String) throws {
    if !isSo { throw Unexpected(what: otherwise()) }
}

/// Runs what takes far less than the seconds.
func within<Result: Sendable>(
    _ seconds: UInt64,
    _ what: String,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask(operation: work)
        group.addTask {
            try await Task.sleep(nanoseconds: seconds * 1_000_000_000)
            throw Unexpected(what: "waited \(seconds) s in vain until \(what)")
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}

/// Midnight of a day such as 2026-04-01, in UTC.
func day(_ text: String) -> Date {
    guard let date = ISO8601DateFormatter().date(from: text + "T00:00:00Z") else {
        preconditionFailure("\(text) is no day")
    }
    return date
}
