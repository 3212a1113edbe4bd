package dev.dunlin.android

import android.security.keystore.KeyPermanentlyInvalidatedException
import dev.dunlin.SealException
import java.security.GeneralSecurityException
import java.security.ProviderException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val VERSION: Byte = 1
private const val NONCE = 12
private const val TAG = 16
private const val MOST_CAUSES = 16
private const val CIPHER = "AES/GCM/NoPadding"

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
        if (sealed.size < 1 + NONCE + TAG) {
            throw SealException("the sealed key is cut short: ${sealed.size} bytes", isKeyLost = true)
        }
        if (sealed[0] != VERSION) throw SealException("the key was sealed by a later release: version ${sealed[0]}")
        return translating("the device's key could not be unsealed") {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(8 * TAG, sealed, 1, NONCE))
            cipher.updateAAD(byteArrayOf(VERSION))
            cipher.doFinal(sealed, 1 + NONCE, sealed.size - 1 - NONCE)
        }
    }
}

/** Makes a [SealException] of what ciphers and key stores throw. */
internal inline fun <T> translating(
    what: String,
    noinline isForGood: (Throwable) -> Boolean = { it is KeyPermanentlyInvalidatedException },
    call: () -> T,
): T =
    try {
        call()
    } catch (failure: GeneralSecurityException) {
        throw refusal(what, failure, isForGood)
    } catch (failure: ProviderException) {
        throw refusal(what, failure, isForGood)
    }

/**
 * Of all that a key store says, what lasts: the key was invalidated for good, or is not the one that
 * sealed, as on another device. A locked screen, an owner who has to show who it is, a key store that
 * does not answer pass.
 */
internal fun refusal(what: String, failure: Exception, isForGood: (Throwable) -> Boolean): SealException {
    val causes = generateSequence<Throwable>(failure) { it.cause }.take(MOST_CAUSES).toList()
    val words = failure.message ?: failure.javaClass.simpleName
    return when {
        causes.any { it is AEADBadTagException } ->
            SealException("the device's key was sealed on another device, or is damaged: $words", isKeyLost = true, failure)
        else -> SealException("$what: $words", causes.any(isForGood), failure)
    }
}
