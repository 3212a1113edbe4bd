import Foundation
import Testing

@testable import Dunlin

/// What came of something that was waited for in vain.
struct Overdue: Error {}

/// Runs what takes far less: a test that waits for what never comes fails instead.
func withDeadline(
    seconds: UInt64 = 60, _ run: @Sendable @escaping () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(operation: run)
        group.addTask {
            try await pause(milliseconds: seconds * 1000)
            throw Overdue()
        }
        try await group.next()
        group.cancelAll()
    }
}

func pause(milliseconds: UInt64) async throws {
    try await Task.sleep(nanoseconds: milliseconds * 1_000_000)
}

/// The first element that is wanted; fails where the sequence ends without.
@discardableResult
func first<Elements: AsyncSequence & Sendable>(
    _ elements: Elements, where isWanted: @Sendable (Elements.Element) -> Bool
) async throws -> Elements.Element where Elements.Element: Sendable {
    for try await element in elements where isWanted(element) { return element }
    throw Overdue()
}

/// Waits for what nothing tells of.
func eventually(_ isSo: @Sendable () async throws -> Bool) async throws {
    while try await !isSo() { try await pause(milliseconds: 20) }
}

/// Runs what must be refused; the refusal.
func refused(_ call: @Sendable () async throws -> Void) async throws -> DunlinError {
    do {
        try await call()
    } catch let refusal as DunlinError {
        return refusal
    }
    throw Overdue()
}
