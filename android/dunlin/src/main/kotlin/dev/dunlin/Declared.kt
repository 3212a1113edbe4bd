package dev.dunlin

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.SerialInfo

/**
 * The property by which the items of a list are told apart: a row that was edited, moved, or both is
 * the same row, and one with another key is another row. One property of a class; without it, `id`
 * is the key.
 *
 * ```kotlin
 * @Serializable
 * data class Line(@ItemKey val sku: String, val amount: Int)
 * ```
 */
@OptIn(ExperimentalSerializationApi::class)
@SerialInfo
@Target(AnnotationTarget.PROPERTY)
public annotation class ItemKey

/**
 * A property that merges inside although it would be replaced whole: a list of numbers, such as
 * samples that several people append to, becomes a list of items; a variant or a pair becomes an
 * object whose fields merge one by one.
 *
 * It says how the property is written where nothing is yet: what is there keeps its kind.
 */
@OptIn(ExperimentalSerializationApi::class)
@SerialInfo
@Target(AnnotationTarget.PROPERTY)
public annotation class Mergeable
