import Testing

@testable import Dunlin

@Suite struct SecondsTests {
    @Test("any number of seconds becomes milliseconds that fit")
    func fits() {
        let whole: [(Double, UInt32)] = [
            (0, 0), (1.5, 1500), (0.0004, 0), (0.0005, 1), (-1, 0), (.nan, 0), (-.infinity, 0),
            (.infinity, .max), (1e12, .max), (4_294_967.295, .max), (4_294_967.294, .max - 1),
        ]
        for (seconds, expected) in whole { #expect(milliseconds(seconds) == expected, "\(seconds)") }
        #expect(milliseconds(Double.infinity) == UInt64.max)
        #expect(milliseconds(Double.greatestFiniteMagnitude) == UInt64.max)
    }

    @Test("an invitation may be good for longer than there is time")
    func forEver() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let ben = try await nodes.node("ben")
            let space = try await ben.join(try await farm.invite(expiresIn: .infinity))
            #expect(space.id == farm.id)
            let late = try await farm.invite(expiresIn: -1)
            try await pause(milliseconds: 5)
            let cy = try await nodes.node("cy")
            #expect(try await code { _ = try await cy.join(late) } == .expired)
        }
    }
}
