import Foundation

// Dates are strings of RFC 3339 in UTC, always with three digits behind the point, so that they sort
// as they follow each other: `2026-12-01T08:30:00.000Z`. Of the years 1583 to 9999, where calendars
// agree and a year has four digits.
private let storable: ClosedRange<TimeInterval> = -12_212_553_600_000...253_402_300_799_999

extension Date {
    /// The date as documents have it, rounded to the millisecond; nil outside the years
    /// 1583 to 9999.
    var stored: String? {
        let count = (timeIntervalSince1970 * 1000).rounded()
        guard storable.contains(count) else { return nil }
        let (seconds, rest) = Int64(count).flooredBy(1000)
        let whole = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        let digits = String(rest + 1000).dropFirst()
        return "\(whole.dropLast()).\(digits)Z"
    }

    /// The date that a string of RFC 3339 names, in whichever offset from UTC, with or without a
    /// fraction of a second; nil if it is none.
    init?(stored: String) {
        let point = stored.firstIndex(of: ".") ?? stored.endIndex
        let digits = stored[point...].dropFirst().prefix { $0.isASCII && $0.isNumber }
        let zone = stored[point...].dropFirst(point == stored.endIndex ? 0 : 1 + digits.count)
        guard point == stored.endIndex || !digits.isEmpty,
            let whole = try? Date(stored[..<point] + zone, strategy: .iso8601)
        else { return nil }
        self = whole.addingTimeInterval(TimeInterval("0.\(digits)0") ?? 0)
        if self.stored == nil { return nil }
    }
}

extension Int64 {
    fileprivate func flooredBy(_ divisor: Int64) -> (Int64, rest: Int64) {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }
}
