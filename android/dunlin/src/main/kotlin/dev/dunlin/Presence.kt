package dev.dunlin

import kotlinx.serialization.KSerializer
import dev.dunlin.ffi.Presence as FfiPresence

/**
 * What another device is about at the moment, as it said itself with [Space.setPresence].
 *
 * @param T the model.
 * @property device the device.
 * @property state what it said; null where that does not fit the model, as from another version of
 *   the app.
 */
public data class Presence<T : Any>(
    public val device: Device,
    public val state: T?,
)

internal fun <T : Any> presence(ffi: FfiPresence, serializer: KSerializer<T>): Presence<T> {
    val state = runCatching { decode(serializer, ffi.state) { "a presence" } }
    return Presence(Device(ffi.device), state.getOrNull())
}
