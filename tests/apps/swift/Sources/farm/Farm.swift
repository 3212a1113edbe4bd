import Dunlin
import Foundation

/// Ann has the present release of the app, Ben the first.
struct Farm {
    private static let id = "north"

    let ann: Node
    let ben: Node
    let space: Space
    let fields: DocumentCollection<Field>
    let oldFields: DocumentCollection<FirstField>

    static func run(in root: URL) async throws {
        let ann = try await Node.open(root.appendingPathComponent("ann"), NodeOptions(name: "ann"))
        let ben = try await Node.open(root.appendingPathComponent("ben"), NodeOptions(name: "ben"))
        let space = try await ann.createSpace("farm")
        let joined = try await ben.join(space.invite())
        let farm = Farm(
            ann: ann,
            ben: ben,
            space: space,
            fields: try space.collection("fields", of: Field.self),
            oldFields: try joined.collection("fields", of: FirstField.self)
        )
        try await farm.meet()
        try await farm.newToOld()
        try await farm.oldToNew()
        try await farm.part()
        try await farm.editApart()
        try await farm.meet()
        try await farm.merge()
        try await farm.settle()
        try await farm.list()
        try await ann.shutdown()
        try await ben.shutdown()
        try await findAgain(in: root)
    }

    /// The present release writes; the first one reads what it knows.
    private func newToOld() async throws {
        let oats = Plant(id: "p1", kind: "oats")
        let field = Field(
            name: "North",
            sown: day("2026-04-01"),
            crop: .grain(variety: "Yukon", kilograms: 80.5),
            beds: [Bed(id: "b1", plants: [oats], litres: 40), Bed(id: "b2")],
            tags: ["stony"],
            notes: "fence",
            hours: 2
        )
        try await fields.put(Self.id, field)
        let seen = try await wait(oldFields, "ben sees the field") { $0.value.hours.sum == 2 }.value
        let beds = [FirstBed(id: "b1", plants: [oats]), FirstBed(id: "b2")]
        try expect(seen.beds == beds && seen.sown == day("2026-04-01"), "ben reads \(seen)")
        print("ben, on the first release, sees \(seen.name), sown \(seen.sown), \(seen.beds.count) beds")
    }

    /// The first release writes; the present one keeps what the first does not know.
    private func oldToNew() async throws {
        try await oldFields.update(Self.id) {
            $0.hours += 3
            $0.beds.append(FirstBed(id: "b3"))
        }
        let seen = try await wait(fields, "ann sees ben's hours") { $0.value.hours.sum == 5 }.value
        try expect(seen.crop == .grain(variety: "Yukon", kilograms: 80.5), "the crop is gone: \(seen)")
        try expect(seen.beds.map(\.id) == ["b1", "b2", "b3"], "beds: \(seen.beds)")
        try expect(seen.beds.map(\.litres) == [40, nil, nil], "beds: \(seen.beds)")
        print("ann sees \(seen.hours.sum) hours and a new bed, and still has her crop")

        try await oldFields.put("south", FirstField(name: "South", sown: day("2026-05-02")))
        let south = try await wait(fields, "ann sees ben's field", id: "south") { _ in true }.value
        try expect(south == Field(name: "South", sown: day("2026-05-02")), "ann reads \(south)")
        print("ann, on the present release, sees \(south.name), without a crop")
    }

    /// Both write offline, the name both.
    private func editApart() async throws {
        try await fields.update(Self.id) {
            $0.name = "North, by the lake"
            $0.crop = .fallow
            $0.beds[0].litres = 55
            $0.tags.insert("wet")
            $0.notes.text = "oak " + $0.notes.text
            $0.hours += 1
        }
        try await oldFields.update(Self.id) {
            $0.name = "North, by the road"
            $0.beds[0].plants.append(Plant(id: "p2", kind: "rye", isTall: true))
            $0.tags.remove("stony")
            $0.notes.text += " and gate"
            $0.hours += 4
        }
    }

    /// What both did is there, on both.
    private func merge() async throws {
        let merged = try await wait(fields, "ann sees what both did") { $0.value.hours.sum == 10 }.value
        try await wait(oldFields, "ben sees what both did") { $0.value.hours.sum == 10 }
        let plants = [Plant(id: "p1", kind: "oats"), Plant(id: "p2", kind: "rye", isTall: true)]
        try expect(merged.beds[0] == Bed(id: "b1", plants: plants, litres: 55), "beds: \(merged.beds)")
        try expect(merged.tags == ["wet"], "tags: \(merged.tags)")
        try expect(merged.notes == "oak fence and gate", "notes: \(merged.notes)")
        try expect(merged.crop == .fallow, "the crop is not what ann made it: \(merged)")
        print("apart and together again: \(merged.notes), \(merged.tags), \(merged.hours.sum) hours")
    }

    /// The screen of conflicts: both names with who wrote them, and one call that takes the one that lost.
    private func settle() async throws {
        let contested = try await space.contested()
        try expect(contested.map(\.id) == [Self.id], "contested: \(contested)")
        let read = try await fields.get(Self.id)
        try expect(read.conflicts.map(\.path) == ["/name"], "conflicts: \(read.conflicts)")
        let conflict = read.conflicts[0]
        let wrote = Dictionary(
            uniqueKeysWithValues: [conflict.shown, conflict.lost].map { ($0.author?.device.name, $0.value) })
        let expected = ["ann": JSONValue.string("North, by the lake"), "ben": "North, by the road"]
        try expect(wrote == expected, "the names are \(wrote)")
        print("\(conflict.shown.author?.device.name ?? "")'s \(read.value.name) is shown, the other lost")

        try await fields.take(read, conflict)
        let taken = try await fields.get(Self.id).value.name
        try expect(.string(taken) == conflict.lost.value, "taken: \(taken)")
        let settled = try await wait(oldFields, "ben sees the name") { $0.value.name == taken }
        try expect(settled.conflicts.isEmpty, "still in conflict: \(settled.conflicts)")
        let left = try await space.contested()
        try expect(left.isEmpty, "contested: \(left)")
        print("settled: \(settled.value.name)")
    }

    /// The screen of all fields goes on, whatever a document holds.
    private func list() async throws {
        let shown = fields.watch(orderBy: "json_extract(doc, '$.name')", limit: 1)
        try await wait(shown, "one of two fields is shown") { $0.values.count == 1 && $0.hasMore }

        // As a release to come might write it.
        try await oldFields.edit("south") { $0.set("/sown", [2026, 5, 2]) }
        let odd = try await wait(fields.watch(), "the odd field is shown") { !$0.failures.isEmpty }
        try expect(odd.failures.map(\.id) == ["south"] && odd.values.count == 1, "the list shows \(odd)")
        print("south is of another release: \(odd.failures[0].failure?.reason ?? "")")

        try await fields.edit("south") { $0.set("/sown", day("2026-05-03")) }
        let mended = try await wait(fields.watch(), "the odd field is mended") { $0.failures.isEmpty }
        print("the list shows \(mended.values.map(\.name))")
    }

    private static func findAgain(in root: URL) async throws {
        let ann = try await Node.open(root.appendingPathComponent("ann"))
        let kept = try await ann.space("farm").collection("fields", of: Field.self).get(id).value
        try expect(kept.name.hasPrefix("North, by the "), "after opening again: \(kept)")
        print("ann opens again and finds \(kept.name), \(kept.hours.sum) hours")
        try await ann.shutdown()
    }

    /// Ben dials ann on this machine, where multicast may not be allowed.
    private func meet() async throws {
        try await ann.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false))
        let addresses = try await ann.status().listen
        try await ben.startSync(SyncOptions(listen: "127.0.0.1:0", peers: addresses, mdns: false))
    }

    private func part() async throws {
        try await ann.stopSync()
        try await ben.stopSync()
    }

    /// The first state of a document that satisfies.
    @discardableResult
    private func wait<Model>(
        _ collection: DocumentCollection<Model>,
        _ what: String,
        id: String = id,
        until isIt: @escaping @Sendable (Document<Model>) -> Bool
    ) async throws -> Document<Model> {
        try await within(60, what) {
            for try await read in collection.watchDocument(id) {
                if let document = read?.document, isIt(document) { return document }
            }
            throw Unexpected(what: "nothing to wait for: \(what)")
        }
    }

    /// The first state of what is followed that satisfies.
    @discardableResult
    private func wait<Shown: Sendable>(
        _ updates: Updates<Shown>, _ what: String, until isIt: @escaping @Sendable (Shown) -> Bool
    ) async throws -> Shown {
        try await within(60, what) {
            for try await shown in updates where isIt(shown) { return shown }
            throw Unexpected(what: "nothing to wait for: \(what)")
        }
    }
}
