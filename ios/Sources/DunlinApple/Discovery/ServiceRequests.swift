#if canImport(dnssd)
import Dispatch
import dnssd

/// What is asked of the system's DNS-SD directly (dns_sd.h), on one queue.
final class ServiceRequests: @unchecked Sendable {
    private let queue: DispatchQueue
    private var requests = [DNSServiceRef]()
    private var isCancelled = false

    /// What the callbacks in C find again; they come on the queue, until the requests are let go.
    private var announced: (@Sendable (Result<String, ServiceFailure>) -> Void)?
    private var resolved: (@Sendable (Result<Resolved, ServiceFailure>) -> Void)?
    private var found = Resolved(addresses: [], port: 0)

    init(queue: DispatchQueue) {
        self.queue = queue
    }

    func announce(
        _ name: String, port: UInt16,
        _ hear: @escaping @Sendable (Result<String, ServiceFailure>) -> Void
    ) -> Running {
        announced = hear
        let text = textRecord
        return running { context in
            var request: DNSServiceRef?
            let code = DNSServiceRegister(
                &request, 0, 0, name, serviceType, "local.", nil, port.bigEndian,
                UInt16(text.count), text,
                { _, flags, code, name, _, _, context in
                    let registered = Int(flags) & Int(kDNSServiceFlagsAdd) != 0
                    let name = name.map { String(cString: $0) }
                    owner(context).registered(name, isThere: registered, code)
                },
                context)
            return (request, code)
        }
    }

    func resolve(
        _ name: String, _ hear: @escaping @Sendable (Result<Resolved, ServiceFailure>) -> Void
    ) -> Running {
        resolved = hear
        return running { context in
            var request: DNSServiceRef?
            let code = DNSServiceResolve(
                &request, 0, 0, name, serviceType, "local.",
                { _, _, _, code, _, host, port, _, _, context in
                    let host = host.map { String(cString: $0) }
                    owner(context).located(host, port: UInt16(bigEndian: port), code)
                },
                context)
            return (request, code)
        }
    }

    /// The requests live until they are cancelled: the callbacks hold them.
    private func running(
        _ start: (UnsafeMutableRawPointer) -> (DNSServiceRef?, DNSServiceErrorType)
    ) -> Running {
        let context = Unmanaged.passRetained(self).toOpaque()
        add(start(context))
        return Running { self.cancel() }
    }

    private func add(_ begun: (request: DNSServiceRef?, code: DNSServiceErrorType)) {
        guard begun.code == kDNSServiceErr_NoError, let request = begun.request else {
            let code = begun.code
            return queue.async { self.fails(code) }
        }
        requests.append(request)
        let code = DNSServiceSetDispatchQueue(request, queue)
        if code != kDNSServiceErr_NoError { queue.async { self.fails(code) } }
    }

    private func cancel() {
        if isCancelled { return }
        isCancelled = true
        requests.forEach { DNSServiceRefDeallocate($0) }
        requests = []
        announced = nil
        resolved = nil
        Unmanaged.passUnretained(self).release()
    }

    private func fails(_ code: DNSServiceErrorType) {
        let failure = ServiceFailure(dnsService: code)
        announced?(.failure(failure))
        resolved?(.failure(failure))
    }

    fileprivate func registered(_ name: String?, isThere: Bool, _ code: DNSServiceErrorType) {
        guard code == kDNSServiceErr_NoError, let name else { return fails(code) }
        if isThere {
            announced?(.success(name))
        } else {
            announced?(.failure(ServiceFailure(reason: "the system has withdrawn the announcement")))
        }
    }

    fileprivate func located(_ host: String?, port: UInt16, _ code: DNSServiceErrorType) {
        guard code == kDNSServiceErr_NoError, let host else { return fails(code) }
        // Told once for each interface, of the same host.
        if isCancelled || found.port == port { return }
        found.port = port
        var request: DNSServiceRef?
        let both = DNSServiceProtocol(kDNSServiceProtocol_IPv4 | kDNSServiceProtocol_IPv6)
        let code = DNSServiceGetAddrInfo(
            &request, 0, 0, both, host,
            { _, flags, _, code, _, address, _, context in
                let address = address.flatMap { HostAddress($0) }
                let isThere = Int(flags) & Int(kDNSServiceFlagsAdd) != 0
                let isLast = Int(flags) & Int(kDNSServiceFlagsMoreComing) == 0
                owner(context).answered(address, isThere: isThere, isLast: isLast, code)
            },
            Unmanaged.passUnretained(self).toOpaque())
        add((request, code))
    }

    fileprivate func answered(
        _ address: HostAddress?, isThere: Bool, isLast: Bool, _ code: DNSServiceErrorType
    ) {
        // A host may have addresses of one kind only, and is asked for both.
        let isAbsent = code == kDNSServiceErr_NoSuchRecord
        if code != kDNSServiceErr_NoError && !isAbsent { return fails(code) }
        if let address, !isAbsent {
            found.addresses.removeAll { $0 == address }
            if isThere { found.addresses.append(address) }
        }
        if isLast { resolved?(.success(found)) }
    }
}

private func owner(_ context: UnsafeMutableRawPointer?) -> ServiceRequests {
    guard let context else { preconditionFailure("DNS-SD has lost the context of a request") }
    return Unmanaged<ServiceRequests>.fromOpaque(context).takeUnretainedValue()
}

/// The version of what the announcement says: "v=1" after its length (RFC 6763, section 6).
private let textRecord: [UInt8] = [3] + Array("v=1".utf8)

extension ServiceFailure {
    init(dnsService code: DNSServiceErrorType) {
        switch Int(code) {
        case Int(kDNSServiceErr_PolicyDenied):
            self.init(reason: "the user has not allowed the local network", isRefusal: true)
        case Int(kDNSServiceErr_NoAuth):
            self.init(reason: "the app's Info.plist does not name \(serviceType) in NSBonjourServices")
        case Int(kDNSServiceErr_ServiceNotRunning):
            self.init(reason: "the system's Bonjour service is not running")
        default:
            self.init(reason: "the system's service discovery failed with code \(code)")
        }
    }
}
#endif
