import Dunlin
import Foundation

/// An announcement says nothing of a new address, and the node may have given up on an old one:
/// everybody is asked again in each round.
let roundLength: TimeInterval = 60

/// Stale announcements are never answered.
let resolveDeadline: TimeInterval = 10

/// IPv4 and IPv6 are answered one after the other.
let resolvePause: TimeInterval = 0.5
let retryPause: TimeInterval = 2
let maxResolving = 8

/// A hostile neighbour can announce without end.
let maxKnown = 256

/// What to ask of a ``ServiceSystem``, and when: announces under a name that says nothing, browses,
/// resolves a few at a time, ignores its own announcements and what leads nowhere.
///
/// Belongs to the queue of its system and timers: all calls are made on it.
final class LocalSearch: @unchecked Sendable {
    private enum Work: String {
        case announcing, searching
    }

    private enum Held: Hashable {
        case work(Work)
        case retry(Work)
        case round
        case resolving(String)
        case deadline(String)
    }

    private let system: any ServiceSystem
    private let timers: any Timers
    private let permission: LocalNetworkPermission
    private let newName: @Sendable () -> String

    /// Earlier names too: an announcement outlives its withdrawal in the caches of others.
    private var own = Set<String>()

    private var port: UInt16 = 0
    private var peers: (any DiscoveredPeers)?
    private var held = [Held: Running]()
    private var works = Set<Work>()
    private var pauses = [Work: TimeInterval]()
    private var known = Set<String>()
    private var told = Set<String>()
    private var waiting = [String]()

    /// What the answers of a resolution have come to so far.
    private var answers = [String: [String]]()

    init(
        system: any ServiceSystem,
        timers: any Timers,
        permission: LocalNetworkPermission,
        newName: @escaping @Sendable () -> String = randomName
    ) {
        self.system = system
        self.timers = timers
        self.permission = permission
        self.newName = newName
    }

    /// Announces and searches until it is stopped, or started anew.
    func start(port: UInt16, peers: any DiscoveredPeers) {
        stop()
        self.port = port
        self.peers = peers
        begin(.announcing)
        begin(.searching)
        awaitRound()
    }

    func stop() {
        held.values.forEach { $0.cancel() }
        held = [:]
        peers = nil
        works = []
        pauses = [:]
        known = []
        told = []
        waiting = []
        answers = [:]
    }

    // MARK: - Announcing and searching

    private func begin(_ work: Work) {
        release(.retry(work))
        switch work {
        case .announcing:
            let name = newName()
            own.insert(name)
            hold(.work(work), system.announce(name, port: port) { [weak self] in self?.announced($0) })
        case .searching:
            hold(.work(work), system.browse { [weak self] in self?.saw($0) })
        }
    }

    private func announced(_ result: Result<String, ServiceFailure>) {
        switch result {
        case .success(let name):
            own.insert(name)
            succeeds(.announcing)
        case .failure(let failure):
            release(.work(.announcing))
            fails(.announcing, failure)
            tryAgain(.announcing)
        }
    }

    private func saw(_ sighting: Sighting) {
        switch sighting {
        case .started:
            release(.retry(.searching))
            succeeds(.searching)
            // What kept both from working has gone.
            if held[.retry(.announcing)] != nil { begin(.announcing) }
        case .appeared(let name):
            permission.hear(.sighting)
            if !own.contains(name) { appeared(name) }
        case .vanished(let name):
            vanished(name)
        case .waiting(let failure):
            fails(.searching, failure)
            // Some releases of the system wait on although the permission was granted.
            again(.searching, after: roundLength)
        case .failed(let failure):
            release(.work(.searching))
            fails(.searching, failure)
            // The next search begins without a memory of these.
            known.forEach(vanished)
            tryAgain(.searching)
        }
    }

    private func succeeds(_ work: Work) {
        pauses[work] = nil
        if work == .searching { permission.hear(.search) }
        if works.insert(work).inserted && works.count == 2 { peers?.active() }
    }

    private func fails(_ work: Work, _ failure: ServiceFailure) {
        works.remove(work)
        if failure.isRefusal { permission.hear(.refusal) }
        peers?.unavailable("\(work.rawValue) does not work: \(failure.reason)")
    }

    private func tryAgain(_ work: Work) {
        let pause = pauses[work] ?? retryPause
        pauses[work] = min(pause * 2, roundLength)
        again(work, after: pause)
    }

    private func again(_ work: Work, after pause: TimeInterval) {
        hold(.retry(work), timers.after(pause) { [weak self] in self?.restart(work) })
    }

    private func restart(_ work: Work) {
        release(.work(work))
        if work == .searching { known.forEach(vanished) }
        begin(work)
    }

    // MARK: - Whom the search knows

    private func appeared(_ name: String) {
        if known.count == maxKnown && !known.contains(name) { return }
        if known.insert(name).inserted { ask(name) }
    }

    private func vanished(_ name: String) {
        known.remove(name)
        waiting.removeAll { $0 == name }
        end(name)
        lose(name)
        resolveNext()
    }

    private func lose(_ name: String) {
        if told.remove(name) != nil { peers?.lost(name) }
    }

    private func awaitRound() {
        let timer = timers.after(roundLength) { [weak self] in
            guard let self else { return }
            known.sorted().forEach(ask)
            awaitRound()
        }
        hold(.round, timer)
    }

    // MARK: - Where they are

    private func ask(_ name: String) {
        if held[.resolving(name)] != nil || waiting.contains(name) { return }
        waiting.append(name)
        resolveNext()
    }

    private func resolveNext() {
        while answers.count < maxResolving, !waiting.isEmpty {
            let name = waiting.removeFirst()
            answers[name] = []
            hold(.resolving(name), system.resolve(name) { [weak self] in self?.heard($0, of: name) })
            limit(name, to: resolveDeadline)
        }
    }

    private func limit(_ name: String, to seconds: TimeInterval) {
        hold(.deadline(name), timers.after(seconds) { [weak self] in self?.resolved(name) })
    }

    private func heard(_ result: Result<Resolved, ServiceFailure>, of name: String) {
        guard let before = answers[name] else { return }
        switch result {
        case .success(let resolved):
            let addresses = dialable(resolved.addresses, port: resolved.port)
            answers[name] = addresses
            if before.isEmpty && !addresses.isEmpty { limit(name, to: resolvePause) }
        case .failure:
            resolved(name)
        }
    }

    /// Who does not answer is lost until the next round asks again.
    private func resolved(_ name: String) {
        let addresses = answers[name] ?? []
        end(name)
        if addresses.isEmpty {
            lose(name)
        } else if (try? peers?.found(name, at: addresses)) != nil {
            told.insert(name)
        } else {
            // An address that the node cannot read: what a neighbour announces ends nothing.
            lose(name)
        }
        resolveNext()
    }

    private func end(_ name: String) {
        answers[name] = nil
        release(.resolving(name))
        release(.deadline(name))
    }

    private func hold(_ key: Held, _ running: Running) {
        release(key)
        held[key] = running
    }

    private func release(_ key: Held) {
        held.removeValue(forKey: key)?.cancel()
    }
}

/// As long as the core's own names, and as empty of meaning.
@Sendable func randomName() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
