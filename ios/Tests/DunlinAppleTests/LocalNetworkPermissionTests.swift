import Testing

@testable import DunlinApple

final class LocalNetworkPermissionTests {
    @Test func whatIsSeenProvesItAndARefusalIsBelieved() {
        #expect(LocalNetworkAccess.unknown.after(.search) == .unknown)
        #expect(LocalNetworkAccess.unknown.after(.sighting) == .granted)
        #expect(LocalNetworkAccess.unknown.after(.refusal) == .refused)
        #expect(LocalNetworkAccess.granted.after(.search) == .granted)
        #expect(LocalNetworkAccess.granted.after(.refusal) == .refused)
        #expect(LocalNetworkAccess.refused.after(.search) == .unknown)
        #expect(LocalNetworkAccess.refused.after(.sighting) == .granted)
    }

    @Test func followersHearWhereItStandsAndEachChange() async {
        let permission = LocalNetworkPermission()
        var first = permission.watch().makeAsyncIterator()
        let before = await first.next()
        #expect(before == .unknown)
        permission.hear(.refusal)
        permission.hear(.refusal)
        let refused = await first.next()
        #expect(refused == .refused)
        var second = permission.watch().makeAsyncIterator()
        let there = await second.next()
        #expect(there == .refused)
        permission.hear(.sighting)
        let both = await [first.next(), second.next()]
        #expect(both == [.granted, .granted])
    }
}
