package dev.dunlin.android

import dev.dunlin.android.LocalNetworkAccess.Step
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

class LocalNetworkAccessTest {
    @Test
    fun `only Android 17 asks those who target it, and 16 those on trial`() {
        assertEquals(ACCESS_LOCAL_NETWORK, localNetworkPermission(37, 37, isOnTrial = false))
        assertEquals(ACCESS_LOCAL_NETWORK, localNetworkPermission(38, 37, isOnTrial = true))
        assertEquals(NEARBY_WIFI_DEVICES, localNetworkPermission(36, 36, isOnTrial = true))
        assertNull(localNetworkPermission(35, 36, isOnTrial = true))
        for ((device, target) in listOf(26 to 37, 35 to 36, 36 to 36, 36 to 37, 37 to 36)) {
            assertNull(localNetworkPermission(device, target, false), "SDK $device, target $target")
        }
    }

    @Test
    fun `what to do, by what the system and our notes say`() {
        fun next(granted: Boolean, asked: Boolean, explain: Boolean) =
            localNetworkAccess(ACCESS_LOCAL_NETWORK, granted, asked, explain).let { it.step to it.rationale }
        assertEquals(Step.Ask to "dunlin_local_network_why", next(false, false, false))
        assertEquals(Step.Ask to "dunlin_local_network_refused", next(false, true, true))
        assertEquals(Step.Ask to "dunlin_local_network_refused", next(false, false, true), "notes were cleared")
        assertEquals(Step.OpenSettings to "dunlin_local_network_settings", next(false, true, false))
        assertEquals(Step.Nothing to null, next(true, true, false))
        assertEquals(Step.Nothing to null, next(true, false, false), "granted with its group")
    }

    @Test
    fun `nothing is to be done where the system asks for no permission`() {
        assertTrue(localNetworkAccess(null, isGranted = false, wasAsked = true, mayExplain = false).isGranted)
        assertFalse(localNetworkAccess(ACCESS_LOCAL_NETWORK, false, false, false).isGranted)
    }

    @Test
    fun `the manifest declares each permission, and each rationale has its text`() {
        val manifest = File("src/main/AndroidManifest.xml").readText()
        for (permission in listOf(ACCESS_LOCAL_NETWORK, NEARBY_WIFI_DEVICES)) {
            assertTrue("android:name=\"$permission\"" in manifest, permission)
        }
        val strings = File("src/main/res/values/strings.xml").readText()
        val named =
            listOf(false to false, false to true, true to false).map { (asked, explain) ->
                localNetworkAccess(ACCESS_LOCAL_NETWORK, false, asked, explain).rationale
            }
        assertEquals(3, named.distinct().size)
        named.forEach { assertTrue("name=\"$it\"" in strings, it) }
    }
}
