internal import DunlinBindings
import Foundation

/// Makes a call through the generated layer; its errors come out as ``DunlinError``.
func bridged<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch {
        throw translated(error)
    }
}

/// Makes an asynchronous call through the generated layer; its errors come out as ``DunlinError``.
///
/// It throws `CancellationError` at once when its caller's task is cancelled. A write that was asked
/// for goes on then: whether it happens is unknown, and writing by id again is safe. Subscriptions
/// end with their task: see ``Updates``.
func bridged<T: Sendable>(_ call: @escaping @Sendable () async throws -> T) async throws -> T {
    do {
        return try await waiting(for: call)
    } catch {
        throw translated(error)
    }
}

/// Makes an asynchronous call that ends soon after it is told to, and waits for that.
func bridged<T: Sendable>(whole call: @Sendable () async throws -> T) async throws -> T {
    do {
        return try await call()
    } catch {
        throw translated(error)
    }
}

private func translated(_ error: any Error) -> any Error {
    switch error {
    case let refusal as DunlinBindings.DunlinError:
        return DunlinError(refusal)
    case is DunlinError, is CancellationError:
        return error
    default:
        // The generated layer throws its own errors for panics that crossed it, and for nothing else.
        let remedy = "this is a bug in Dunlin: report it with the log"
        return DunlinError(.internal, "panicked: \(error)", remedy: remedy)
    }
}

/// Calls what the app gave to the library; what it throws crosses in words that a person understands.
func foreign<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch {
        let remedy = "mend what the app gave to Dunlin to call"
        throw DunlinBindings.DunlinError.Refused(
            code: .internal, reason: words(of: error), remedy: remedy, isRetryable: false)
    }
}

/// What is wrong, in words that a person understands.
func words(of error: any Error) -> String {
    (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
}

extension DunlinError {
    init(_ error: DunlinBindings.DunlinError) {
        switch error {
        case .Refused(let code, let reason, let remedy, let isRetryable):
            self.init(ErrorCode(code), reason, remedy: remedy, isRetryable: isRetryable)
        }
    }
}

extension ErrorCode {
    init(_ code: DunlinBindings.ErrorCode) {
        self =
            switch code {
            case .invalidInput: .invalidInput
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .wrongKind: .wrongKind
            case .unplaceable: .unplaceable
            case .staleVersion: .staleVersion
            case .busy: .busy
            case .denied: .denied
            case .expired: .expired
            case .keyUnavailable: .keyUnavailable
            case .keyLost: .keyLost
            case .limitExceeded: .limitExceeded
            case .alreadyOpen: .alreadyOpen
            case .suspended: .suspended
            case .closed: .closed
            case .storageFull: .storageFull
            case .corrupt: .corrupt
            case .newerSchema: .newerSchema
            case .network: .network
            case .internal: .internal
            }
    }
}

/// Seconds as the core takes them: whole milliseconds that fit, zero for what is below or no number.
func milliseconds<Count: FixedWidthInteger>(_ seconds: Double) -> Count {
    let count = (seconds * 1000).rounded()
    guard count > 0 else { return 0 }
    return Count(exactly: count) ?? Count.max
}
