package dev.dunlin.android

import dev.dunlin.SealException
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.security.InvalidKeyException
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

class SeedSealTest {
    private val key = newKey()
    private val seed = ByteArray(32) { it.toByte() }

    private fun newKey(): SecretKey = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()

    private fun refusal(key: SecretKey, sealed: ByteArray): SealException =
        assertThrows(SealException::class.java) { SeedSeal.unseal(key, sealed) }

    @Test
    fun `what was sealed is unsealed with the same key, and is not to be read`() {
        val sealed = SeedSeal.seal(key, seed)
        assertArrayEquals(seed, SeedSeal.unseal(key, sealed))
        assertEquals(1 + 12 + 32 + 16, sealed.size)
        assertFalse(String(seed, Charsets.ISO_8859_1) in String(sealed, Charsets.ISO_8859_1))
    }

    @Test
    fun `sealing twice gives different bytes`() {
        assertFalse(SeedSeal.seal(key, seed).contentEquals(SeedSeal.seal(key, seed)))
    }

    @Test
    fun `another key, every damaged byte and every cut are refused`() {
        val sealed = SeedSeal.seal(key, seed)
        val other = refusal(newKey(), sealed)
        assertTrue("another device" in other.reason && other.isKeyLost, other.reason)
        for (at in 1..<sealed.size) {
            assertTrue(refusal(key, sealed.clone().also { it[at] = (it[at] + 1).toByte() }).isKeyLost)
        }
        for (length in sealed.indices) assertTrue(refusal(key, sealed.copyOf(length)).isKeyLost)
    }

    @Test
    fun `a refusal says what is wrong`() {
        assertEquals("the sealed key is cut short: 3 bytes", refusal(key, ByteArray(3)).reason)
        val later = refusal(key, SeedSeal.seal(key, seed).also { it[0] = 2 })
        assertTrue("later release" in later.reason && !later.isKeyLost, later.reason)
    }

    @Test
    fun `only a key that was invalidated for good is lost`() {
        class Invalidated : InvalidKeyException("a finger was added")
        for ((failure, isKeyLost) in listOf(
            Invalidated() to true,
            ProviderException(InvalidKeyException(Invalidated())) to true,
            InvalidKeyException("show who you are") to false,
            UnrecoverableKeyException("the key store does not answer") to false,
            ProviderException("the key store does not answer") to false,
        )) {
            val refusal =
                assertThrows(SealException::class.java) {
                    translating("refused", { it is Invalidated }) { throw failure }
                }
            assertEquals(isKeyLost, refusal.isKeyLost, "$failure")
            assertTrue(refusal.reason.startsWith("refused: "), refusal.reason)
        }
    }
}
