package dev.dunlin.android

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.net.Inet6Address
import java.net.InetAddress

class DialableTest {
    private fun dialable(vararg addresses: String, port: Int = 4433) =
        dialable(addresses.map(InetAddress::getByName), port)

    @Test
    fun `addresses that lead nowhere are left out`() {
        val nowhere = arrayOf("192.0.0.4", "127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "ff02::fb", "fe80::1")
        assertEquals(emptyList<String>(), dialable(*nowhere))
        assertEquals(listOf("192.0.0.8:4433", "169.254.3.4:4433"), dialable("192.0.0.8", "169.254.3.4"))
    }

    @Test
    fun `IPv6 comes last, in brackets, and link-local with its interface`() {
        val scoped = Inet6Address.getByAddress(null, InetAddress.getByName("fe80::2").address, 3)
        val plain = listOf("2001:db8::1", "10.0.0.2", "10.0.0.2").map(InetAddress::getByName)
        val expected = listOf("10.0.0.2:7", "[fe80:0:0:0:0:0:0:2%3]:7", "[2001:db8:0:0:0:0:0:1]:7")
        assertEquals(expected, dialable(listOf(scoped) + plain, 7))
    }

    @Test
    fun `a port that is none leads nowhere`() {
        assertTrue(dialable("10.0.0.2", port = 0).isEmpty())
        assertTrue(dialable("10.0.0.2", port = 65_536).isEmpty())
    }
}
