#if canImport(Network) && canImport(dnssd)
import Dispatch
import Network
import dnssd

/// Bonjour as a ``ServiceSystem``.
///
/// Network.framework searches. It announces only the port of a listener of its own, and resolves
/// to a single address that it prefers itself; the port here belongs to the node's socket, and a
/// node wants all addresses. So the system's DNS-SD does these two.
final class BonjourServices: ServiceSystem {
    private let queue: DispatchQueue

    init(queue: DispatchQueue) {
        self.queue = queue
    }

    func announce(
        _ name: String, port: UInt16,
        _ hear: @escaping @Sendable (Result<String, ServiceFailure>) -> Void
    ) -> Running {
        ServiceRequests(queue: queue).announce(name, port: port, hear)
    }

    func browse(_ see: @escaping @Sendable (Sighting) -> Void) -> Running {
        let browser = NWBrowser(for: .bonjour(type: serviceType, domain: "local."), using: NWParameters())
        browser.stateUpdateHandler = { state in
            switch state {
            case .ready: see(.started)
            case .waiting(let error): see(.waiting(failure(error)))
            case .failed(let error): see(.failed(failure(error)))
            default: break
            }
        }
        browser.browseResultsChangedHandler = { results, changes in
            let present = Set(results.compactMap { serviceName($0.endpoint) })
            for change in changes {
                switch change {
                case .added(let result):
                    if let name = serviceName(result.endpoint) { see(.appeared(name)) }
                case .removed(let result):
                    // Gone on one interface, and perhaps still there on another.
                    if let name = serviceName(result.endpoint), !present.contains(name) {
                        see(.vanished(name))
                    }
                default:
                    break
                }
            }
        }
        browser.start(queue: queue)
        return Running {
            browser.stateUpdateHandler = nil
            browser.browseResultsChangedHandler = nil
            browser.cancel()
        }
    }

    func resolve(
        _ name: String, _ hear: @escaping @Sendable (Result<Resolved, ServiceFailure>) -> Void
    ) -> Running {
        ServiceRequests(queue: queue).resolve(name, hear)
    }
}

private func serviceName(_ endpoint: NWEndpoint) -> String? {
    if case .service(let name, _, _, _) = endpoint { name } else { nil }
}

private func failure(_ error: NWError) -> ServiceFailure {
    if case .dns(let code) = error { return ServiceFailure(dnsService: code) }
    return ServiceFailure(reason: error.localizedDescription)
}
#endif
