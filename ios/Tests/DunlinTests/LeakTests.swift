import Testing

@testable import Dunlin

@Test func nothingIsAliveBeforeAnythingWasOpened() {
    #expect(Diagnostics.liveObjects == 0)
}
