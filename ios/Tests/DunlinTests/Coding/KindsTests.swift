import Foundation
import Testing

@testable import Dunlin

/// What becomes of models in documents, on one device and on two.
@Suite struct KindsTests {
    @Test("random models are the same when they are read back, by every door")
    func roundTrips() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let things = try farm.collection("things", of: Everything.self)
            let plain = try farm.collection("plain", of: Everything.self, plain: true)
            var random = Seeded(state: 11)
            for round in 0..<200 {
                let (first, second) = (Everything.random(using: &random), Everything.random(using: &random))
                let id = "\(round)"
                try await things.insert(first, id: id)
                #expect(try await things.get(id).value == first, "\(round)")
                switch round % 4 {
                case 0: try await things.replace(id, second)
                case 1: try await things.update(id) { $0 = second }
                case 2:
                    try await things.delete(id)
                    try await things.restore(id)
                    try await things.replace(id, second)
                default:
                    _ = try await things.putAll([(id: "n\(id)", value: second)])[0].result.get()
                    #expect(try await things.get("n\(id)").value == second, "\(round)")
                    continue
                }
                #expect(try await things.get(id).value == second, "\(round)")
                let again = try await things.update(id) { _ in }
                #expect(again.paths == [], "\(round)")
                try await plain.replace(id, first)
                #expect(try await plain.get(id).value == first, "\(round)")
            }
        }
    }

    @Test("what is written has the kind of its type")
    func kinds() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let things = try farm.collection("things", of: Everything.self)
            let some = Everything(
                words: ["a"], hours: [.monday: 8], point: [1, 2], samples: [1], bytes: Data([1]),
                figure: .circle(radius: 1), place: Place(latitude: 1, longitude: 2))
            try await things.insert(some, id: "a")
            let kinds = try parsedJSON(try await things.get("a").native.taggedJson)
            #expect(kinds["words"] == ["$set": ["a"]] && kinds["hours"] == ["monday": 8])
            #expect(kinds["point"] == [1, 2] && kinds["samples"] == ["$list": [1]])
            #expect(kinds["bytes"] == ["$bytes": "AQ=="] && kinds["notes"] == ["$text": ""])
            #expect(kinds["figure"] == ["$value": ["circle": ["radius": 1]]])
            #expect(kinds["place"] == ["$value": ["latitude": 1, "longitude": 2]])
        }
    }

    @Test("a set that two devices add to and remove from while apart has each element once")
    func sets() async throws {
        try await apart(Everything(words: ["wet", "wood"], numbers: [1])) {
            $0.words = ["wood", "old", "new"]
            $0.numbers.insert(2)
        } and: {
            $0.words = ["wet", "wood", "new"]
            $0.numbers = []
        } then: { value in
            #expect(value.words == ["wood", "old", "new"])
            #expect(value.numbers == [2])
        }
    }

    @Test("rows keep their identity by key while one device drags and renames and the other ticks")
    func rows() async throws {
        let names = ["ash", "beech", "cedar", "dogwood"]
        let lines = names.map { Line(name: $0, code: $0.uppercased()) }
        struct List: Codable, Hashable { var lines: [Line] }
        try await apart(List(lines: lines)) {
            $0.lines.move(from: 3, to: 0)
            $0.lines[0].name = "something else altogether"
        } and: {
            $0.lines[3].isDone = true
            $0.lines.remove(at: 1)
        } then: { value in
            #expect(
                value.lines == [
                    Line(name: "something else altogether", code: "DOGWOOD", isDone: true),
                    Line(name: "ash", code: "ASH"), Line(name: "cedar", code: "CEDAR"),
                ])
        }
    }

    @Test("two devices that edit different keys of a dictionary with enum keys keep both")
    func dictionaries() async throws {
        try await apart(Everything(hours: [.monday: 8, .tuesday: 8], floors: [.ground: ["hall"]])) {
            $0.hours[.monday] = 4
            $0.floors[.cellar] = ["wine"]
        } and: {
            $0.hours[.tuesday] = nil
            $0.hours[.wednesday] = 6
            $0.floors[.ground]?.append("kitchen")
        } then: { value in
            #expect(value.hours == [.monday: 4, .wednesday: 6])
            #expect(value.floors == [.cellar: ["wine"], .ground: ["hall", "kitchen"]])
        }
    }

    @Test("an update touches the element of a dictionary that was changed, and no other")
    func touched() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let things = try farm.collection("things", of: Everything.self)
            let hours: [Day: Int] = [.monday: 8, .tuesday: 8, .wednesday: 8]
            let some = Everything(words: ["a", "b"], hours: hours, counts: [1: 1, 10: 2])
            try await things.insert(some, id: "a")
            #expect(try await things.update("a") { $0.hours[.tuesday] = 4 }.paths == ["/hours/tuesday"])
            #expect(try await things.update("a") { $0.counts[10] = 3 }.paths == ["/counts/10"])
            #expect(try await things.update("a") { $0.words.insert("c") }.paths.count == 1)
            #expect(try await things.get("a").value.words == ["a", "b", "c"])
        }
    }

    @Test("a variant, a coordinate and a place are of one device or the other, never mixed")
    func wholes() async throws {
        try await apart(Everything(point: [0, 0], figure: .none, place: Place(latitude: 0, longitude: 0))) {
            $0.figure = .circle(radius: 1)
            $0.point = [1, 1]
            $0.place = Place(latitude: 1, longitude: 1)
            $0.span = 1...5
        } and: {
            $0.figure = .named("x", tags: ["a"])
            $0.point = [2, 2]
            $0.place = Place(latitude: 2, longitude: 2)
            $0.span = 2...4
        } then: { value in
            #expect(value.figure == .named("x", tags: ["a"]) || value.figure == .circle(radius: 1))
            #expect(value.point == [2, 2] || value.point == [1, 1])
            #expect(value.place?.latitude == value.place?.longitude)
            #expect(value.span == 1...5 || value.span == 2...4)
        }
    }

    @Test("numbers that two devices append to a mergeable list are all there")
    func samples() async throws {
        try await apart(Everything(samples: [1])) {
            $0.samples.append(2)
        } and: {
            $0.samples.append(contentsOf: [3, 4])
        } then: { value in
            #expect(value.samples.sorted() == [1, 2, 3, 4])
        }
    }

    @Test("sets, lists and values of another writer keep their kind under an update")
    func othersKinds() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let raw = try farm.collection("things", of: JSONValue.self)
            struct Model: Codable, Hashable {
                var words: [String]
                var samples: MergeableList<Double>
                var point: [Double]
                var place: Plain
            }
            struct Plain: Codable, Hashable { var x: Double, y: Double }
            try await raw.insert(
                [
                    "words": ["$set": ["a", "b"]], "samples": [1, 2], "point": ["$list": [1, 2]],
                    "place": ["$value": ["x": 1, "y": 2]],
                ], id: "a")
            let things = try farm.collection("things", of: Model.self)
            try await things.update("a") {
                $0.words = ["b", "c"]
                $0.samples.append(3)
                $0.point[1] = 5
                $0.place.y = 3
            }
            let read = try await things.get("a")
            #expect(
                try parsedJSON(read.native.taggedJson) == [
                    "words": ["$set": ["b", "c"]], "samples": [1, 2, 3], "point": ["$list": [1, 5]],
                    "place": ["$value": ["x": 1, "y": 3]],
                ])
        }
    }

    @Test("a dictionary that looks like a tagged form is stored as it is")
    func collision() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let things = try farm.collection("things", of: Everything.self)
            try await things.insert(Everything(names: ["$text": "x"]), id: "a")
            try await things.update("a") { $0.names = ["$counter": "y"] }
            #expect(try await things.get("a").value.names == ["$counter": "y"])
            try await things.edit("a") { $0.set("/names", ["$set": "z"]) }
            #expect(try await things.get("a").value.names == ["$set": "z"])
        }
    }

    @Test("edits hand over values as models are written")
    func edits() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let things = try farm.collection("things", of: Everything.self)
            try await things.insert(Everything(), id: "a")
            try await things.edit("a") {
                $0.set("/words", Set(["a", "b"]))
                $0.set("/hours", [Day.monday: 1])
                $0.set("/bytes", Data([7]))
                $0.set("/figure", Figure.circle(radius: 2))
                $0.add("/days", Day.monday)
                $0.insert("/figures", at: 0, Figure.none)
            }
            let value = try await things.get("a").value
            #expect(value.words == ["a", "b"] && value.hours == [.monday: 1] && value.bytes == Data([7]))
            #expect(value.figure == .circle(radius: 2) && value.figures == [.none] && value.days == [.monday])
        }
    }
}

extension Array {
    fileprivate mutating func move(from: Int, to: Int) {
        insert(remove(at: from), at: to)
    }
}

/// Two devices update one document while apart; what both have when they have met.
private func apart<Model: Codable & Hashable & Sendable>(
    _ value: Model,
    _ one: @escaping @Sendable (inout Model) -> Void,
    and other: @escaping @Sendable (inout Model) -> Void,
    then check: @escaping @Sendable (Model) -> Void
) async throws {
    try await withNodes { nodes in
        let (ann, ben, here, there) = try await nodes.pair()
        let (first, second) = (
            try here.collection("things", of: Model.self), try there.collection("things", of: Model.self)
        )
        try await first.insert(value, id: "a")
        try await meet(ann, ben)
        try await first.update("a", one)
        try await second.update("a", other)
        try await meet(ann, ben)
        let (left, right) = (try await first.get("a").value, try await second.get("a").value)
        #expect(left == right)
        check(left)
    }
}

/// Syncs two nodes until they have the same documents.
private func meet(_ ann: Node, _ ben: Node) async throws {
    try await ann.syncOnLoopback()
    try await ben.syncOnLoopback(ann)
    try await eventually {
        let (first, second) = (try await ann.status(), try await ben.status())
        return first.spaces.map(\.digest) == second.spaces.map(\.digest)
            && !first.peers.isEmpty && (first.peers + second.peers).allSatisfy(\.isInSync)
    }
    try await ann.stopSync()
    try await ben.stopSync()
}
