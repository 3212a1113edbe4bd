import Foundation

/// A ticket as people and codes carry it.
enum Ticket {
    /// For how long one is good.
    static let lifetime: TimeInterval = 60 * 60

    /// What is in a code: in capitals, of which a code holds half as many again. A ticket is the
    /// same in both.
    static func codeText(_ ticket: String) -> String { ticket.uppercased() }

    /// What was typed, pasted or scanned, without what comes along with it.
    static func read(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
