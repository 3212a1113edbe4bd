package dev.dunlin.android

import android.content.Context
import dev.dunlin.Discovery
import dev.dunlin.SyncOptions

/**
 * Finds peers through the system's NsdManager, which needs no multicast lock and spares the
 * battery: one responder serves all apps.
 *
 * Other devices see a random name, a new one each time that it starts: never the device's.
 */
public class NsdDiscovery(
    context: Context,
) : Discovery by SearchDiscovery(NsdServices(context.applicationContext))

/**
 * Finds peers through the system instead of by multicast of the library's own.
 *
 * @sample dev.dunlin.android.samples.syncWithDevicesNearby
 */
public fun SyncOptions.useNsd(context: Context) {
    discovery = NsdDiscovery(context)
    mdns = false
}
