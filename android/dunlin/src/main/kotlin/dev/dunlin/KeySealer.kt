package dev.dunlin

import dev.dunlin.ffi.KeySealer as FfiKeySealer

/**
 * Seals the seed of the device's key, for instance with a key that the hardware keeps.
 *
 * Called on threads of the library, which may wait. What it throws refuses the opening of the node
 * with `Denied`.
 *
 * @sample dev.dunlin.samples.sealByAes
 */
public interface KeySealer {
    /** Seals a seed. */
    public fun seal(seed: ByteArray): ByteArray

    /** The seed that was sealed. */
    public fun unseal(sealed: ByteArray): ByteArray
}

internal class ForeignSealer(private val sealer: KeySealer) : FfiKeySealer {
    override fun seal(seed: ByteArray): ByteArray = sealer.seal(seed)

    override fun unseal(sealed: ByteArray): ByteArray = sealer.unseal(sealed)
}
