package dev.dunlin.sample

import dev.dunlin.Counter
import dev.dunlin.DocumentCollection
import dev.dunlin.MergeableText
import dev.dunlin.Space
import kotlinx.serialization.Serializable

/** Something in the field that several people look after. */
@Serializable
data class Inspection(
    val place: String,
    val condition: String = "unknown",
    val done: Boolean = false,
    val notes: MergeableText = MergeableText(),
    val visits: Counter = Counter(),
)

/** What a place can be found in. */
val CONDITIONS = listOf("unknown", "good", "worn", "broken")

fun Space.inspections(): DocumentCollection<Inspection> = collection("inspections")
