import Foundation

/// This device's addresses on the networks it is on, by the name of the interface.
typealias Addresses = [String: Set<String>]

/// Calls when the networks have come to rest and an address is there that was not at the last rest.
/// An address that only went needs nothing: where there was a connection, there is none.
///
/// Belongs to the queue of its timers.
final class NetworkChanges: @unchecked Sendable {
    private let quiet: TimeInterval
    private let patience: TimeInterval
    private let timers: any Timers
    private let changed: @Sendable () -> Void
    private var known: Addresses?
    private var latest = Addresses()
    private var untilQuiet: Running?
    private var untilImpatient: Running?

    /// - Parameters:
    ///   - quiet: for how many seconds nothing must change.
    ///   - patience: how many seconds to wait for that at most.
    init(
        quiet: TimeInterval = 2,
        patience: TimeInterval = 10,
        timers: any Timers,
        changed: @escaping @Sendable () -> Void
    ) {
        self.quiet = quiet
        self.patience = patience
        self.timers = timers
        self.changed = changed
    }

    /// Takes in what the networks look like now.
    func see(_ addresses: Addresses) {
        latest = addresses
        untilQuiet?.cancel()
        untilQuiet = timers.after(quiet) { [weak self] in self?.rest() }
        if untilImpatient == nil {
            untilImpatient = timers.after(patience) { [weak self] in self?.rest() }
        }
    }

    private func rest() {
        untilQuiet?.cancel()
        untilImpatient?.cancel()
        (untilQuiet, untilImpatient) = (nil, nil)
        let before = known
        known = latest
        guard let before else { return }
        let isNew = latest.contains { interface, addresses in
            !addresses.isSubset(of: before[interface] ?? [])
        }
        if isNew { changed() }
    }
}
