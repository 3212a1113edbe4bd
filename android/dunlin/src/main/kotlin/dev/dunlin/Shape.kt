package dev.dunlin

import java.util.Collections
import java.util.IdentityHashMap

/** What a model's type says about how it is stored, where its JSON alone does not. */
internal sealed interface Shape {
    /** What is inside of it. */
    val inner: Collection<Shape> get() = emptyList()

    /** Stored as its JSON reads. */
    data object AsItIs : Shape

    /** A text or a counter, which names its kind itself. */
    data object Merging : Shape

    /** An array of bytes: `$bytes`. */
    data object Bytes : Shape

    /** An object with fields of its own. */
    class Fields(
        private val isTuple: Boolean,
        private val merges: Boolean,
    ) : Shape {
        val fields = mutableMapOf<String, Shape>()
        override val inner get() = fields.values
        val isWhole by lazy { isTuple && !merges && !mergesInside() }
    }

    /** An object with any keys. */
    class Entries : Shape {
        lateinit var value: Shape
        override val inner get() = listOf(value)
    }

    /** An array. */
    class Items(
        val kind: ArrayKind,
        val key: String?,
    ) : Shape {
        lateinit var item: Shape
        override val inner get() = listOf(item)
    }

    /** One of several classes, named by a field: replaced whole, unless something merges in it. */
    class Cases(
        val discriminator: String,
        private val merges: Boolean,
    ) : Shape {
        val cases = mutableMapOf<String, Shape>()
        override val inner get() = cases.values
        val isWhole by lazy { !merges && !mergesInside() }
    }
}

/** How an array is stored. */
internal enum class ArrayKind {
    /** As a list of items. */
    List,

    /** As a list, of numbers: `$list`. */
    MergingNumbers,

    /** As a value that is replaced whole: `$value`. */
    Numbers,

    /** As a set of scalars: `$set`. */
    Set,
}

/** Whether something is in it that was declared to merge, and so cannot stand in a value. */
private fun Shape.mergesInside(): Boolean =
    inner.any { shape ->
        shape.reaches {
            when (it) {
                Shape.Merging -> true
                is Shape.Items -> it.kind == ArrayKind.MergingNumbers
                else -> false
            }
        }
    }

/** Whether it, or anything inside of it, is such. */
internal fun Shape.reaches(isSuch: (Shape) -> Boolean): Boolean {
    val seen = Collections.newSetFromMap(IdentityHashMap<Shape, Boolean>())
    val open = ArrayDeque(listOf(this))
    while (open.isNotEmpty()) {
        val shape = open.removeLast()
        if (!seen.add(shape)) continue
        if (isSuch(shape)) return true
        open += shape.inner
    }
    return false
}
