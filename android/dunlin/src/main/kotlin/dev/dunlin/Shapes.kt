@file:OptIn(ExperimentalSerializationApi::class, InternalSerializationApi::class)

package dev.dunlin

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.InternalSerializationApi
import kotlinx.serialization.descriptors.PolymorphicKind
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.SerialKind
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.descriptors.capturedKClass
import kotlinx.serialization.descriptors.elementDescriptors
import kotlinx.serialization.json.JsonClassDiscriminator
import kotlinx.serialization.json.JsonNames
import kotlinx.serialization.serializerOrNull

private const val DISCRIMINATOR = "type"

private val SETS = setOf("kotlin.collections.LinkedHashSet", "kotlin.collections.HashSet")
private val TUPLES = setOf("kotlin.Pair", "kotlin.Triple")
private val NUMBERS =
    setOf(
        PrimitiveKind.BYTE,
        PrimitiveKind.SHORT,
        PrimitiveKind.INT,
        PrimitiveKind.LONG,
        PrimitiveKind.FLOAT,
        PrimitiveKind.DOUBLE,
    )

/** Reads shapes off serializers' descriptors; a type that holds itself is read once. */
internal class Shapes {
    private val known = HashMap<Pair<SerialDescriptor, Boolean>, Shape>()

    /**
     * The shape of what a serializer with this descriptor writes.
     *
     * @param merges whether it was declared [Mergeable].
     * @throws DunlinException `InvalidInput` for items with more than one key.
     */
    fun of(descriptor: SerialDescriptor, merges: Boolean = false): Shape {
        val seen = descriptor.seenThrough()
        return known[seen to merges] ?: when (seen.kind) {
            StructureKind.LIST -> if (seen.name == "kotlin.ByteArray") Shape.Bytes else items(seen, merges)
            StructureKind.MAP ->
                Shape.Entries().also {
                    known[seen to merges] = it
                    it.value = of(seen.getElementDescriptor(1), merges)
                }
            StructureKind.CLASS, StructureKind.OBJECT -> fields(seen, merges)
            PolymorphicKind.SEALED -> cases(seen, merges)
            else -> if (seen.isMerging) Shape.Merging else Shape.AsItIs
        }
    }

    private fun items(list: SerialDescriptor, merges: Boolean): Shape {
        val item = list.getElementDescriptor(0)
        val isNumeric = item.isNumeric()
        val kind =
            when {
                list.name in SETS && item.isScalar() -> ArrayKind.Set
                list.name in SETS || !isNumeric -> ArrayKind.List
                merges -> ArrayKind.MergingNumbers
                else -> ArrayKind.Numbers
            }
        val shape = Shape.Items(kind, keyOf(item))
        known[list to merges] = shape
        shape.item = of(item, merges && !isNumeric)
        return shape
    }

    private fun fields(structure: SerialDescriptor, merges: Boolean): Shape {
        val shape = Shape.Fields(structure.name in TUPLES, merges)
        known[structure to merges] = shape
        for (index in 0 until structure.elementsCount) {
            val annotations = structure.getElementAnnotations(index)
            val field = of(structure.getElementDescriptor(index), annotations.any { it is Mergeable })
            shape.fields[structure.getElementName(index)] = field
            val older = annotations.filterIsInstance<JsonNames>().flatMap { it.names.asList() }
            older.forEach { shape.fields.putIfAbsent(it, field) }
        }
        return shape
    }

    private fun cases(sealed: SerialDescriptor, merges: Boolean): Shape {
        val discriminator = sealed.annotations.firstNotNullOfOrNull { it as? JsonClassDiscriminator }
        val shape = Shape.Cases(discriminator?.discriminator ?: DISCRIMINATOR, merges)
        known[sealed to merges] = shape
        for (case in sealed.cases()) shape.cases[case.name] = of(case)
        return shape
    }
}

/** The type that is written: what a value class holds, what a contextual type stands for. */
private fun SerialDescriptor.seenThrough(): SerialDescriptor =
    when {
        isInline && elementsCount == 1 -> getElementDescriptor(0).seenThrough()
        kind == SerialKind.CONTEXTUAL -> {
            val written = capturedKClass?.serializerOrNull()?.descriptor
            if (written == null || written.kind == SerialKind.CONTEXTUAL) this else written.seenThrough()
        }
        // Any JSON is written as it is, and has no shape but that of each value.
        name.startsWith("kotlinx.serialization.json.Json") -> JSON
        else -> this
    }

private val JSON = PrimitiveSerialDescriptor("dev.dunlin.json", PrimitiveKind.STRING)

private val SerialDescriptor.name get() = serialName.removeSuffix("?")

private val SerialDescriptor.isMerging
    get() = name == MergeableTextSerializer.descriptor.name || name == CounterSerializer.descriptor.name

private fun SerialDescriptor.isScalar(): Boolean {
    val seen = seenThrough()
    val isOne = seen.kind is PrimitiveKind || seen.kind == SerialKind.ENUM
    return isOne && !seen.isMerging && seen.name != JSON.name
}

/** Whether it is a number, or an array of nothing but numbers and such arrays. */
private fun SerialDescriptor.isNumeric(): Boolean {
    val seen = seenThrough()
    val isArray = seen.kind == StructureKind.LIST && seen.name !in SETS && seen.name != "kotlin.ByteArray"
    return seen.kind in NUMBERS || isArray && seen.getElementDescriptor(0).isNumeric()
}

/** The classes of a sealed one: kotlinx.serialization lists them in its second element. */
private fun SerialDescriptor.cases(): List<SerialDescriptor> =
    if (elementsCount < 2) emptyList() else getElementDescriptor(1).elementDescriptors.toList()

/** The property that tells items of this type apart, if one is declared. */
private fun keyOf(item: SerialDescriptor): String? {
    val seen = item.seenThrough()
    val classes = if (seen.kind == PolymorphicKind.SEALED) seen.cases() else listOf(seen)
    val keys =
        classes.flatMap { structure ->
            val names = 0 until if (structure.kind == StructureKind.CLASS) structure.elementsCount else 0
            names
                .filter { index -> structure.getElementAnnotations(index).any { it is ItemKey } }
                .map(structure::getElementName)
        }
    if (keys.distinct().size > 1) {
        throw DunlinException(
            ErrorCode.InvalidInput,
            "${seen.name} has several properties with @ItemKey: ${keys.distinct().joinToString()}",
            "items are told apart by one property, which all cases of a sealed class have",
        )
    }
    return keys.firstOrNull()
}
