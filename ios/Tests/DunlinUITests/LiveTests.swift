import Dunlin
import Observation
import Testing

@testable import DunlinUI

@MainActor
@Suite struct LiveTests {
    @Test("documents show as they come, and another condition begins anew")
    func documents() async throws {
        try await withModels { models in
            let live = Live<Entries<Model>>()
            #expect(live.isLoading)
            let a = Task { await live.follow(models.watch("id = ?", "a"), id: "a") }
            try await until(live) { live.value?.isEmpty == true }
            try await models.put("a", Model(text: "first"))
            try await until(live) { live.value?.first?.value?.text == "first" }
            try await models.put("b", Model(text: "second"))
            a.cancel()
            let b = Task { await live.follow(models.watch("id = ?", "b"), id: "b") }
            try await until(live) { live.value?.first?.value?.text == "second" }
            b.cancel()
            await a.value
            await b.value
            #expect(live.refusal == nil)
        }
    }

    @Test("a refusal shows beside the latest value")
    func refusal() async throws {
        try await withModels { models in
            try await models.put("a", Model(text: "first"))
            let live = Live<Entries<Model>>()
            await live.follow(models.watch("nothing = such"))
            #expect(live.refusal?.code == .invalidInput)
            #expect(!live.isLoading)
            let again = Task { await live.follow(models.watch()) }
            try await until(live) { live.refusal == nil && live.value?.count == 1 }
            again.cancel()
            await again.value
            await live.follow(models.watch("nothing = such"))
            #expect(live.refusal?.code == .invalidInput)
            #expect(live.value?.count == 1)
        }
    }

    @Test("what is followed again keeps its latest value, what is not begins without one")
    func again() async {
        let live = Live<Int>()
        await live.follow(stream(of: [1, 2]), id: "a")
        #expect(live.value == 2)
        await live.follow(stream(of: []), id: "a")
        #expect(live.value == 2)
        await live.follow(stream(of: []), id: "b")
        #expect(live.value == nil)
        #expect(live.isLoading)
    }

    @Test("what comes late of something else is passed over")
    func late() async throws {
        let live = Live<Int>()
        let (first, firstSource) = AsyncStream.makeStream(of: Int.self)
        let (second, secondSource) = AsyncStream.makeStream(of: Int.self)
        let one = Task { await live.follow(first, id: "a") }
        firstSource.yield(1)
        try await until(live) { live.value == 1 }
        // As where a view's task was cancelled, and has not ended yet.
        let other = Task { await live.follow(second, id: "b") }
        secondSource.yield(2)
        try await until(live) { live.value == 2 }
        firstSource.yield(3)
        firstSource.finish()
        await one.value
        #expect(live.value == 2)
        secondSource.finish()
        await other.value
    }

    @Test("whoever observes is told once of what was read")
    func observed() async {
        guard #available(iOS 17, macOS 14, tvOS 17, watchOS 10, *) else { return }
        let live = Live<Int>()
        let told = Tally()
        withObservationTracking { _ = live.value } onChange: { told.add() }
        #expect(told.count == 0)
        await live.follow(stream(of: [1, 2]))
        #expect(told.count == 1)
        withObservationTracking { _ = told.count } onChange: { told.add() }
        await live.follow(stream(of: [3]))
        #expect(told.count == 1)
    }

    private func stream(of values: [Int]) -> AsyncStream<Int> {
        AsyncStream { source in
            values.forEach { source.yield($0) }
            source.finish()
        }
    }
}
