package dev.dunlin

import dev.dunlin.ffi.KeySealer as FfiKeySealer
import dev.dunlin.ffi.SealException as FfiSealException

/**
 * Seals the seed of the device's key, for instance with a key that the hardware keeps.
 *
 * Called on threads of the library, which may wait. What it throws refuses the opening of the node with
 * `KeyUnavailable`, which may pass; a [SealException] with `isKeyLost` with `KeyLost`.
 *
 * @sample dev.dunlin.samples.sealByAes
 */
public interface KeySealer {
    /** Seals a seed. */
    public fun seal(seed: ByteArray): ByteArray

    /** The seed that was sealed. */
    public fun unseal(sealed: ByteArray): ByteArray
}

/**
 * A seed cannot be sealed, or what lies on disk cannot be unsealed.
 *
 * @property reason what is wrong, in words for a person.
 * @property isKeyLost whether the sealer's key is gone for good, or what was sealed is damaged: people give
 *   the device's identity up then. Not for a locked device, nor where nobody knows why.
 */
public class SealException(
    public val reason: String,
    public val isKeyLost: Boolean = false,
    cause: Throwable? = null,
) : RuntimeException(reason, cause)

internal class ForeignSealer(private val sealer: KeySealer) : FfiKeySealer {
    override fun seal(seed: ByteArray): ByteArray = translating { sealer.seal(seed) }

    override fun unseal(sealed: ByteArray): ByteArray = translating { sealer.unseal(sealed) }

    /** What else a sealer throws the generated layer makes a refusal for now. */
    private inline fun translating(call: () -> ByteArray): ByteArray =
        try {
            call()
        } catch (refusal: SealException) {
            throw if (refusal.isKeyLost) FfiSealException.Lost(refusal.reason) else FfiSealException.Unavailable(refusal.reason)
        }
}
