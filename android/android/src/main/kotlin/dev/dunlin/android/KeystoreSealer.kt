package dev.dunlin.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import dev.dunlin.KeySealer
import dev.dunlin.SealException
import java.security.KeyStore
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

private const val KEYSTORE = "AndroidKeyStore"

/**
 * Seals the seed of the device's key with an AES key that the Keystore keeps, in hardware where there
 * is some: a copy of the app's files is worth nothing on another device.
 *
 * The seed is in memory while the node is open; the Keystore itself knows Ed25519 on few devices.
 *
 * @param alias the name of the Keystore's key.
 * @sample dev.dunlin.android.samples.openWithKey
 */
public class KeystoreSealer(
    private val alias: String = "dunlin.seed",
) : KeySealer {
    /** @throws SealException if the Keystore refuses. */
    override fun seal(seed: ByteArray): ByteArray =
        translating("the Keystore refuses") { SeedSeal.seal(find() ?: generate(), seed) }

    /**
     * @throws SealException if the Keystore refuses; with `isKeyLost` if its key is gone or another, or
     *   [sealed] is damaged.
     */
    override fun unseal(sealed: ByteArray): ByteArray =
        translating("the Keystore refuses") {
            val key = find() ?: throw SealException("the Keystore has no key $alias any more", isKeyLost = true)
            SeedSeal.unseal(key, sealed)
        }

    private fun find(): SecretKey? =
        KeyStore.getInstance(KEYSTORE).apply { load(null) }.getKey(alias, null) as SecretKey?

    private fun generate(): SecretKey {
        val spec =
            KeyGenParameterSpec
                .Builder(alias, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .setKeySize(256)
                .build()
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE)
        return generator.apply { init(spec) }.generateKey()
    }
}
