package dev.dunlin.android

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class ServiceFailureTest {
    @Test
    fun `the system's codes are said in words`() {
        val reasons = listOf(0, 3, 4).map { systemFailure(it).reason }
        val expected =
            listOf(
                "the system's service discovery failed with code 0",
                "the system is busy with the same request",
                "too many requests of this app are under way",
            )
        assertEquals(expected, reasons)
    }
}
