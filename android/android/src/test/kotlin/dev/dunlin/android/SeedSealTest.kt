package dev.dunlin.android

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey

class SeedSealTest {
    private val key = newKey()
    private val seed = ByteArray(32) { it.toByte() }

    private fun newKey(): SecretKey = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()

    private fun refusal(key: SecretKey, sealed: ByteArray): String =
        assertThrows(SealException::class.java) { SeedSeal.unseal(key, sealed) }.message.orEmpty()

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
        assertTrue("another device" in refusal(newKey(), sealed))
        for (at in sealed.indices) refusal(key, sealed.clone().also { it[at] = (it[at] + 1).toByte() })
        for (length in sealed.indices) refusal(key, sealed.copyOf(length))
    }

    @Test
    fun `a refusal says what is wrong`() {
        assertEquals("the sealed key is cut short: 3 bytes", refusal(key, ByteArray(3)))
        assertTrue("later release" in refusal(key, SeedSeal.seal(key, seed).also { it[0] = 2 }))
    }
}
