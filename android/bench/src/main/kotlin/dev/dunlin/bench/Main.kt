package dev.dunlin.bench

import dev.dunlin.Dunlin
import dev.dunlin.Durability
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import java.nio.file.Path

/**
 * Measures calls from Kotlin, each when it is asked for, so that another process can take turns
 * with this one: the name of a call in, a line of JSON with the microseconds of each out. Says
 * `ready` once the JVM has compiled what it will run.
 *
 * The argument is an empty directory.
 */
fun main(arguments: Array<String>) =
    runBlocking(Dispatchers.Default) {
        val node = Dunlin.open(Path.of(arguments.single())) { durability = Durability.Relaxed }
        node.use {
            val calls = Calls.prepare(node)
            repeat(WARM_UPS) { calls.all.values.forEach { it() } }
            println("ready")
            while (true) {
                val name = readlnOrNull() ?: break
                println(checkNotNull(calls.all[name]) { "nobody knows the call $name" }())
            }
        }
    }

/** Runs of each call before the first that counts. */
private const val WARM_UPS = 2
