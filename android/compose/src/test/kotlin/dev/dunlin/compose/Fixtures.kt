package dev.dunlin.compose

import dev.dunlin.Dunlin
import dev.dunlin.DocumentCollection
import dev.dunlin.MergeableText
import dev.dunlin.Node
import dev.dunlin.Space
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.builtins.MapSerializer
import kotlinx.serialization.builtins.serializer
import java.nio.file.Files

/** A model without a generated serializer. */
internal typealias Model = Map<String, MergeableText>

internal fun Space.models(): DocumentCollection<Model> =
    collection("models", MapSerializer(String.serializer(), MergeableText.serializer()))

/** Runs a test on a node of its own, whose directory goes away with it. */
internal fun onNode(test: (Node, Space) -> Unit) {
    val directory = Files.createTempDirectory("dunlin")
    try {
        runBlocking { Dunlin.open(directory.resolve("node")) }.use { node ->
            test(node, runBlocking { node.createSpace("farm") })
        }
    } finally {
        directory.toFile().deleteRecursively()
    }
}
