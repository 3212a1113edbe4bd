import Dunlin
import Foundation
import Testing

#if canImport(SwiftUI) && canImport(UIKit)
import DunlinApple
import DunlinUI
import SwiftUI
#endif

/// What docs/ios.md shows, line by line.
struct GuideTests {
    @Test func theGuidesExamplesCompileAndDoWhatItSays() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        let directory = root.appendingPathComponent("barn")
        let node = try await Node.open(directory, NodeOptions(name: "barn"))
        let farm = try await openFarm(on: node, ticket: nil)
        let chores = try farm.collection("chores", of: Chore.self)

        let id = try await chores.insert(Chore(title: "Mend the fence")).id
        try await chores.update(id) { $0.done = true; $0.minutes += 20 }
        try await chores.edit(id) { $0.splice("/notes", at: 0, insert: "oak") }
        let expected = Chore(title: "Mend the fence", done: true, notes: "oak", minutes: 20)
        let read = try await chores.get(id)
        #expect(read.value == expected)
        #expect(read.conflicts.isEmpty)

        let (from, to) = (id, try await chores.insert(Chore(title: "Paint the gate")).id)
        try await farm.transaction { tx in
            let moved = try await tx.get(from, in: chores).value.minutes.sum
            try await tx.update(from, in: chores) { $0.minutes -= moved }
            try await tx.update(to, in: chores) { $0.minutes += moved }
        }
        #expect(try await chores.get(from).value.minutes == 0)
        #expect(try await chores.get(to).value.minutes == 20)

        let orders = try farm.collection("orders", of: Order.self)
        let order = Order(
            lines: [Line(sku: "1", amount: 2)], tools: [Tool(number: "7", name: "saw")], weights: [1.5])
        try await orders.insert(order, id: "a")
        try await orders.update("a") { $0.weights.append(2) }
        #expect(try await orders.get("a").value.weights == [1.5, 2])

        try await followEverything(node, farm, chores, id)

        let ticket = try await farm.invite(.writer, expiresIn: 60 * 60)    // hand it over: QR code, message
        let other = try await Node.open(root.appendingPathComponent("field"))
        let joined = try await other.join(ticket)
        try await other.startSync(SyncOptions(peers: ["192.168.1.5:4433"], mdns: false))
        #expect(joined.name == "farm")
        var dialled = [String]()
        for try await peers in other.watchPeers() where !peers.isEmpty {
            dialled = peers.map(\.address)
            break
        }
        #expect(dialled == ["192.168.1.5:4433"])

        let chore = Chore(title: "Paint the gate")
        let written = try await outcome(of: chore, in: joined.collection("chores", of: Chore.self))
        #expect(written == "written")
        try await node.shutdown()
        let refused = try await outcome(of: chore, in: chores)
        #expect(refused == "Closed")
        try await other.shutdown()
    }

    /// The loops of the guide, each left after what it tells first.
    private func followEverything(
        _ node: Node, _ farm: Space, _ chores: DocumentCollection<Chore>, _ id: String
    ) async throws {
        let told = Told()
        @Sendable func show<Shown>(_ shown: Shown) { told.tell("\(Shown.self)") }
        @Sendable func index(_ changes: [Change]) { told.tell("\(changes.map(\.collection))") }
        let loops: [@Sendable () async throws -> Void] = [
            {
                for try await open in chores.watch("json_extract(doc, '$.done') = ?", false) { show(open) }
            },
            {
                for try await document in chores.watchDocument(id) { show(document?.value) }
            },
            {
                for try await batch in farm.changes(for: "indexer") {
                    index(batch.changes)
                    try await batch.acknowledge()
                }
            },
            {
                for try await peers in node.watchPeers() { show(peers) }
            },
        ]
        for (number, loop) in loops.enumerated() {
            let running = Task { try await loop() }
            while told.count <= number { try await Task.sleep(nanoseconds: 1_000_000) }
            running.cancel()
            do {
                try await running.value
            } catch is CancellationError {
                // Caught between two elements.
            }
        }
        #expect(told.first == "Entries<Chore>")
    }

    @Test func whoHasATicketJoinsAndWhoOpensAgainHasTheSameSpace() async throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        let barn = try await Node.open(root.appendingPathComponent("barn"), NodeOptions(name: "barn"))
        let shed = try await Node.open(root.appendingPathComponent("shed"), NodeOptions(name: "shed"))
        let founded = try await openFarm(on: barn, ticket: nil)
        let (node, ticket) = (shed, try await founded.invite())
        let farm = try await openFarm(on: node, ticket: ticket)
        let again = try await openFarm(on: barn, ticket: nil)
        #expect(founded.id == farm.id && founded.id == again.id)
        #expect(barn.spaces.count == 1)
        try await barn.shutdown()
        try await shed.shutdown()
    }

    private func outcome(
        of chore: Chore, in chores: DocumentCollection<Chore>
    ) async throws -> String {
        var said = "written"
        func askForSpace() { said = "full" }
        func report(_ refusal: DunlinError) { said = refusal.code.rawValue }
        do {
            try await chores.put("a", chore)
        } catch let refusal as DunlinError {
            switch refusal.code {
            case .storageFull: askForSpace()
            default: report(refusal)
            }
        }
        return said
    }

    @Test func everyLineOfTheGuideIsHere() throws {
        let here = Set(try lines(URL(fileURLWithPath: #filePath)).map(\.trimmed))
        var isSwift = false
        var count = 0
        for line in try lines(repository.appendingPathComponent("docs/ios.md")) {
            if line.hasPrefix("```") {
                isSwift = line == "```swift"
            } else if line.hasPrefix("// swift-tools-version") {
                // A manifest: that of tests/apps/swift, which `cargo xtask apps` compares.
                isSwift = false
            } else if isSwift && !line.trimmed.isEmpty {
                count += 1
                #expect(here.contains(line.trimmed), "\(line)")
            }
        }
        #expect(count > 80)
    }

    @Test func theGuidesInfoPlistIsTheSamples() throws {
        let guide = try String(
            contentsOf: repository.appendingPathComponent("docs/ios.md"), encoding: .utf8)
        let block = try #require(guide.components(separatedBy: "```xml\n").dropFirst().first)
        let shown = try entries("<dict>\(try #require(block.components(separatedBy: "```").first))</dict>")
        let sample = try entries(
            String(
                contentsOf: repository.appendingPathComponent("ios/Sample/Info.plist"), encoding: .utf8))
        // The camera is the sample's own.
        sample["NSCameraUsageDescription"] = nil
        #expect(shown == sample as NSDictionary)
        #expect(shown["NSBonjourServices"] as? [String] == ["_dunlin._udp"])
    }

    private var repository: URL {
        (0..<4).reduce(URL(fileURLWithPath: #filePath)) { file, _ in file.deletingLastPathComponent() }
    }

    private func lines(_ file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    }

    private func entries(_ xml: String) throws -> NSMutableDictionary {
        let whole = xml.contains("<plist") ? xml : "<plist version=\"1.0\">\(xml)</plist>"
        let read = try PropertyListSerialization.propertyList(from: Data(whole.utf8), format: nil)
        return NSMutableDictionary(dictionary: try #require(read as? [String: Any]))
    }
}

/// Whoever is first founds the farm; every other device joins it, with a ticket of one that is in it.
func openFarm(on node: Node, ticket: String?) async throws -> Space {
    if let space = node.spaces.first { return space }
    if let ticket { return try await node.join(ticket) }
    return try await node.createSpace("farm")
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}

/// What loops told, in order.
private final class Told: @unchecked Sendable {
    private let lock = NSLock()
    private var told = [String]()

    var count: Int { lock.withLock { told.count } }
    var first: String? { lock.withLock { told.first } }

    func tell(_ words: String) { lock.withLock { told.append(words) } }
}

struct Chore: Codable, Hashable, Sendable {
    var title: String
    var done = false
    var notes = MergeableText()        // edited by several people at once
    var minutes = Counter()            // adds up what everybody added
}

struct Line: Codable, Hashable, Identifiable {
    var sku: String
    var amount: Int
    var id: String { sku }
}

struct Tool: Codable, Hashable, KeyedItem {
    var number: String
    var name: String
    static var itemKey: any CodingKey { CodingKeys.number }
}

struct Order: Codable, Hashable, Sendable {
    var lines: [Line] = []
    var tools: [Tool] = []
    var weights = MergeableList<Double>()
}

#if canImport(SwiftUI) && canImport(UIKit)
struct ChoresApp: App {
    @StateObject private var store = Store()

    var body: some Scene {
        WindowGroup {
            ChoreList(store: store).task { await store.run() }
        }
    }
}

@MainActor
final class Store: ObservableObject {
    @Published var chores: DocumentCollection<Chore>?
    private var node: Node?
    private var lifecycle: NodeLifecycle?

    func run() async {
        do {
            let node = try await Node.open(NodeOptions(name: "barn"))
            self.node = node
            lifecycle = NodeLifecycle(node)             // suspends in the background
            try await node.startSync(.bonjour())        // finds others nearby
            await node.followNetworks()                 // a new socket on a new network
            if let farm = node.spaces.first { try show(farm) }
        } catch {
            print(error)                                // say so: what is refused has a remedy
        }
    }

    func begin(_ space: (Node) async throws -> Space) async {
        guard let node else { return }
        do {
            try show(await space(node))
        } catch {
            print(error)
        }
    }

    private func show(_ farm: Space) throws {
        chores = try farm.collection("chores", of: Chore.self)
    }
}

/// Whoever is first founds the farm; every other device joins it, with a ticket of one that is in it.
struct Beginning: View {
    let store: Store
    @State private var ticket = ""

    var body: some View {
        VStack {
            TextField("Ticket of another device", text: $ticket)
            Button("Join") { Task { await store.begin { try await $0.join(ticket) } } }
            Button("Begin a new farm") { Task { await store.begin { try await $0.createSpace("farm") } } }
        }
    }
}

struct ChoreList: View {
    @ObservedObject var store: Store
    @StateObject private var open = Live<Entries<Chore>>()

    var body: some View {
        VStack {
            if let chores = store.chores {
                Button("Mend the fence") {
                    Task { try await chores.insert(Chore(title: "Mend the fence")) }
                }
                List(open.value ?? []) { Text($0.value?.title ?? "Not readable here") }
                    .following(open) { chores.watch("json_extract(doc, '$.done') = ?", false) }
            } else {
                Beginning(store: store)
            }
        }
    }
}

struct Notes: View {
    let chores: DocumentCollection<Chore>
    let id: String
    @StateObject private var notes = TextFieldBinding()

    var body: some View {
        BoundTextView(notes)
            .editing(notes, id: id) { [chores, id] in try await chores.editText(id, "/notes") }
    }
}

/// The lines about the permission.
@MainActor
private func followPermission(
    _ node: Node, hideHint: () -> Void, showHint: (@escaping @MainActor () -> Void) -> Void
) async throws {
    let bonjour = BonjourDiscovery()
    try await node.startSync(.bonjour(bonjour))
    for await access in bonjour.permission.watch() {
        switch access {
        case .unknown: break                                // being asked, or nobody is there
        case .granted: hideHint()
        case .refused: showHint { bonjour.permission.openSettings() }
        }
    }
}

/// The lines about work in the background.
@MainActor
private func refreshNowAndThen(
    _ lifecycle: @escaping @Sendable () async throws -> NodeLifecycle
) throws {
    let refresh = BackgroundRefresh("dev.dunlin.sample.sync")
    refresh.register(.bonjour()) { try await lifecycle() }  // before the app has finished launching
    try refresh.schedule()                                  // whenever it goes to the background
}
#endif
