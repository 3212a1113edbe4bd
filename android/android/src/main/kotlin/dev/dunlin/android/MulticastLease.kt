package dev.dunlin.android

import android.content.Context
import android.net.wifi.WifiManager

/**
 * Lets multicast through to this app for as long as it is open; Wi-Fi chips drop it otherwise.
 *
 * Only for `mdns = true`, the library's own multicast DNS; [NsdDiscovery] needs none. Costs battery
 * while it is held.
 *
 * @sample dev.dunlin.android.samples.syncByMulticast
 */
public class MulticastLease(
    context: Context,
) : AutoCloseable {
    // The application's: an activity's would leak on old versions. None on devices without Wi-Fi.
    private val lock =
        context.applicationContext
            .getSystemService(WifiManager::class.java)
            ?.createMulticastLock("dunlin")
            ?.apply {
                setReferenceCounted(false)
                acquire()
            }

    /** Gives it back; nothing happens the second time. */
    override fun close() {
        lock?.takeIf { it.isHeld }?.release()
    }
}
