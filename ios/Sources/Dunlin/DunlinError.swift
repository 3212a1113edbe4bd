import Foundation

/// Dunlin refused something; nothing has changed.
public struct DunlinError: Error, Hashable, Sendable {
    /// What kind of refusal it is.
    public let code: ErrorCode

    /// What is wrong, naming the thing.
    public let reason: String

    /// What to do about it.
    public let remedy: String

    /// Whether the same call can succeed later.
    public let isRetryable: Bool

    /// Makes one, for instance for a preview or a test.
    public init(_ code: ErrorCode, _ reason: String, remedy: String, isRetryable: Bool = false) {
        self.code = code
        self.reason = reason
        self.remedy = remedy
        self.isRetryable = isRetryable
    }
}

extension DunlinError: LocalizedError {
    /// What is wrong.
    public var errorDescription: String? { reason }

    /// The code's name.
    public var failureReason: String? { code.rawValue }

    /// What to do about it.
    public var recoverySuggestion: String? { remedy }
}

extension DunlinError: CustomStringConvertible {
    /// Code, reason and remedy.
    public var description: String { "\(code): \(reason); \(remedy)" }
}
