/// What peers announce (RFC 6763); the app's Info.plist names it in `NSBonjourServices`.
let serviceType = "_dunlin._udp"

/// The platform's service discovery as ``LocalSearch`` sees it.
///
/// Calls are made on one queue, which hears the answers, too: later, never during the call, and
/// not after it was cancelled.
protocol ServiceSystem: Sendable {
    /// Announces this UDP port of somebody else's socket; hears the name, which the system may
    /// have changed. After a failure nothing is announced.
    func announce(
        _ name: String, port: UInt16,
        _ hear: @escaping @Sendable (Result<String, ServiceFailure>) -> Void
    ) -> Running

    /// Searches.
    func browse(_ see: @escaping @Sendable (Sighting) -> Void) -> Running

    /// Asks where an announcement leads: each answer has all addresses known by then.
    func resolve(
        _ name: String, _ hear: @escaping @Sendable (Result<Resolved, ServiceFailure>) -> Void
    ) -> Running
}

/// What a search sees.
enum Sighting: Sendable, Equatable {
    case started
    case appeared(String)
    case vanished(String)

    /// It cannot search now, and goes on by itself once it can.
    case waiting(ServiceFailure)

    /// It has ended.
    case failed(ServiceFailure)
}

/// Where an announcement leads, by its own account.
struct Resolved: Sendable, Equatable {
    var addresses: [HostAddress]
    var port: UInt16
}

/// The system's service discovery does not do what it was asked.
struct ServiceFailure: Error, Equatable {
    var reason: String

    /// Whether it is the user who has refused the local network.
    var isRefusal = false
}
