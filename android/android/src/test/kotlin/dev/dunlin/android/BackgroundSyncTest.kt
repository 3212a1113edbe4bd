package dev.dunlin.android

import dev.dunlin.PeerState
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class BackgroundSyncTest {
    @Test
    fun `only a sync that met somebody and did not finish is worth a retry`() {
        val met = listOf(PeerState.Disconnected, PeerState.Connected)
        assertEquals(BackgroundSync.InSync, backgroundSync(true, met))
        assertEquals(BackgroundSync.Unfinished, backgroundSync(false, met))
        assertEquals(BackgroundSync.Unfinished, backgroundSync(false, listOf(PeerState.Greeting)))
        assertEquals(BackgroundSync.Alone, backgroundSync(false, listOf(PeerState.Disconnected)))
        assertEquals(BackgroundSync.Alone, backgroundSync(false, emptyList()))
        assertEquals(listOf(BackgroundSync.Unfinished), BackgroundSync.entries.filter { it.shouldRetry })
    }
}
