package dev.dunlin.android

import java.security.GeneralSecurityException
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val VERSION: Byte = 1
private const val NONCE = 12
private const val TAG = 16
private const val CIPHER = "AES/GCM/NoPadding"

/** A seed cannot be sealed, or what lies on disk cannot be unsealed with the key of this device. */
public class SealException internal constructor(
    message: String,
    cause: Throwable? = null,
) : GeneralSecurityException(message, cause)

/**
 * AES-GCM over a seed: a version byte, the nonce, the ciphertext with its tag. The version is
 * authenticated too.
 */
internal object SeedSeal {
    /** The cipher chooses the nonce: the Keystore allows no other. */
    fun seal(key: SecretKey, seed: ByteArray): ByteArray =
        translating("the device's key could not be sealed") {
            val cipher = Cipher.getInstance(CIPHER).apply { init(Cipher.ENCRYPT_MODE, key) }
            cipher.updateAAD(byteArrayOf(VERSION))
            check(cipher.iv.size == NONCE) { "a nonce of ${cipher.iv.size} bytes" }
            byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(seed)
        }

    fun unseal(key: SecretKey, sealed: ByteArray): ByteArray {
        if (sealed.size < 1 + NONCE + TAG) throw SealException("the sealed key is cut short: ${sealed.size} bytes")
        if (sealed[0] != VERSION) throw SealException("the key was sealed by a later release: version ${sealed[0]}")
        return translating("the device's key was sealed on another device, or is damaged") {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(8 * TAG, sealed, 1, NONCE))
            cipher.updateAAD(byteArrayOf(VERSION))
            cipher.doFinal(sealed, 1 + NONCE, sealed.size - 1 - NONCE)
        }
    }
}

/** Makes a [SealException] of what ciphers and key stores throw. */
internal inline fun <T> translating(what: String, call: () -> T): T =
    try {
        call()
    } catch (refusal: SealException) {
        throw refusal
    } catch (failure: GeneralSecurityException) {
        throw SealException("$what: ${failure.message ?: failure.javaClass.simpleName}", failure)
    } catch (failure: ProviderException) {
        throw SealException("$what: ${failure.message ?: failure.javaClass.simpleName}", failure)
    }
