import Foundation
import Testing

@testable import DunlinApple

final class LocalSearchTests {
    private let system = FakeSystem()
    private let timers = ManualTimers()
    private let node = Told()
    private let permission = LocalNetworkPermission()
    private let names = Locked(0)

    private lazy var search = LocalSearch(
        system: system, timers: timers, permission: permission,
        newName: { [names] in "own-\(names.with { $0 += 1; return $0 })" })

    private let denied = ServiceFailure(reason: "not allowed", isRefusal: true)
    private let broken = ServiceFailure(reason: "broken")

    /// A search that announces and searches.
    private func begin() {
        search.start(port: 4433, peers: node)
        system.announces(.success("own-1"))
        system.see(.started)
        #expect(node.told == ["active"])
    }

    private func settle(_ name: String, _ addresses: String) {
        system.answer(name, addresses)
        timers.advance(resolvePause)
    }

    @Test func announcesAndSearchesAndSaysThatItWorksOnceBothDo() {
        search.start(port: 4433, peers: node)
        #expect(system.announced == ["own-1": 4433])
        #expect(system.searches == 1)
        system.see(.started)
        #expect(node.told == [])
        system.announces(.success("own-1"))
        #expect(node.told == ["active"])
    }

    @Test func stoppingTakesEverythingBackAndForgets() {
        begin()
        system.see(.appeared("a"), .appeared("b"))
        settle("a", "10.0.0.2")
        search.stop()
        #expect(system.announced == [:])
        #expect(system.isAsked == [])
        #expect(timers.count == 0)
        system.see(.appeared("c"))
        timers.advance(1_000)
        #expect(node.told == ["active", "a at 10.0.0.2:7"])
    }

    @Test func answersInPiecesAreToldAsOneAndLaterOnesOfThatQuestionNot() {
        begin()
        system.see(.appeared("a"))
        system.answer("a")
        system.answer("a", "192.168.1.5")
        system.answer("a", "192.168.1.5", "2001:db8::1")
        #expect(node.told.count == 1)
        timers.advance(resolvePause)
        #expect(node.told.last == "a at 192.168.1.5:7 [2001:db8::1]:7")
        #expect(system.isAsked == [])
    }

    @Test func aFewAreAskedAtATimeAndEachOnceForAsLongAsItWaits() {
        begin()
        let many = (0..<maxResolving + 2).map { "n\($0)" }
        many.forEach { system.see(.appeared($0), .appeared($0)) }
        #expect(system.asked == Array(many.prefix(maxResolving)))
        settle("n0", "10.0.0.2")
        system.refuse("n1")
        #expect(system.asked == many)
    }

    @Test func ignoresItselfAlsoAsTheSystemRenamedItAndUnderEarlierNames() {
        search.start(port: 4433, peers: node)
        system.announces(.success("own-1 (2)"))
        search.start(port: 4434, peers: node)
        #expect(system.announced == ["own-2": 4434])
        for name in ["own-1", "own-1 (2)", "own-2", "somebody"] { system.see(.appeared(name)) }
        #expect(system.asked == ["somebody"])
    }

    @Test func whoNeverAnswersIsGivenUpAndAskedAgainInTheNextRound() {
        begin()
        system.see(.appeared("silent"))
        timers.advance(resolveDeadline)
        #expect(system.isAsked == [])
        #expect(node.told == ["active"])
        timers.advance(roundLength - resolveDeadline)
        #expect(system.asked == ["silent", "silent"])
        settle("silent", "10.0.0.2")
        #expect(node.told.last == "silent at 10.0.0.2:7")
    }

    @Test func whoLeavesBeforeBeingResolvedIsNotToldAndWhoLeavesAfterIsLost() {
        begin()
        system.see(.appeared("a"), .appeared("b"), .vanished("b"))
        settle("a", "10.0.0.2")
        #expect(system.isAsked == [])
        system.see(.vanished("a"), .vanished("a"))
        #expect(node.told == ["active", "a at 10.0.0.2:7", "lost a"])
    }

    @Test func eachRoundTellsOfEverybodyAgainAndDropsWhoDoesNotAnswer() {
        begin()
        system.see(.appeared("stays"), .appeared("goes"))
        settle("stays", "10.0.0.2")
        settle("goes", "10.0.0.3")
        timers.advance(roundLength)
        settle("stays", "10.0.0.9")
        timers.advance(resolveDeadline)
        #expect(node.told.suffix(2) == ["stays at 10.0.0.9:7", "lost goes"])
        #expect(system.searches == 1)
    }

    @Test func anAddressThatTheNodeCannotReadEndsNothing() {
        node.unreadable = ["10.0.0.9:7"]
        begin()
        system.see(.appeared("a"), .appeared("b"))
        settle("a", "10.0.0.9")
        settle("b", "10.0.0.2")
        system.see(.vanished("a"))
        #expect(node.told == ["active", "b at 10.0.0.2:7"])
    }

    @Test func aRefusedAnnouncementIsTriedAgainEverMoreRarelyAndReportedWhenItWorks() {
        search.start(port: 4433, peers: node)
        system.see(.started)
        for pause in [2.0, 4, 8, 16, 32, 60, 60] {
            system.announces(.failure(broken))
            #expect(node.told.last == "announcing does not work: broken")
            #expect(system.announced == [:])
            timers.advance(pause - 0.5)
            #expect(system.announced == [:])
            timers.advance(0.5)
            #expect(system.announced.count == 1)
        }
        system.announces(.success("own-8"))
        #expect(node.told.last == "active")
        system.announces(.failure(broken))
        timers.advance(retryPause)
        #expect(system.announced.count == 1)
    }

    @Test func aSearchThatFailsBeginsAnewAndForgetsWhomItKnew() {
        begin()
        system.see(.appeared("a"))
        settle("a", "10.0.0.2")
        system.see(.failed(broken))
        #expect(node.told.suffix(2) == ["searching does not work: broken", "lost a"])
        timers.advance(retryPause)
        system.see(.started, .appeared("a"))
        settle("a", "10.0.0.2")
        #expect(node.told.suffix(2) == ["active", "a at 10.0.0.2:7"])
    }

    @Test func aPermissionThatComesLateIsFoundOutAtOnce() {
        search.start(port: 4433, peers: node)
        system.announces(.failure(denied))
        system.see(.waiting(denied))
        #expect(permission.current == .refused)
        #expect(system.announced == [:])
        system.see(.started)
        #expect(system.announced == ["own-2": 4433])
        #expect(system.searches == 1)
        system.announces(.success("own-2"))
        system.see(.appeared("own-2"))
        #expect(node.told.last == "active")
        #expect(permission.current == .granted)
    }

    @Test func aSearchThatWaitsTooLongBeginsAnew() {
        begin()
        system.see(.waiting(denied))
        timers.advance(roundLength)
        #expect(system.searches == 2)
        system.see(.started)
        timers.advance(roundLength * 3)
        #expect(system.searches == 2)
    }

    @Test func aFloodOfAnnouncementsIsCutOff() {
        begin()
        let flood = maxKnown + 50
        for number in 0..<flood { system.see(.appeared("n\(number)")) }
        for number in 0..<flood { system.answer("n\(number)", "10.0.0.2"); timers.advance(resolvePause) }
        #expect(Set(system.asked).count == maxKnown)
    }

    @Test func namesSayNothingAndDiffer() {
        let names = Set((0..<100).map { _ in randomName() })
        #expect(names.count == 100)
        #expect(names.allSatisfy { $0.count == 16 && $0.allSatisfy(\.isHexDigit) })
    }
}
