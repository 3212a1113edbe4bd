/// A part of a model that is written whole, never mixed of what two people wrote: a place of latitude and
/// longitude, an amount with its currency. What loses against a concurrent write is a conflict.
///
/// Enumerations with payload, ranges and the types of Foundation are so without saying it. A
/// ``MergeableText``, ``MergeableList`` or ``Counter`` in one is refused.
///
/// ```swift
/// struct Amount: Codable, ReplacedWhole {
///     var sum: Decimal
///     var currency: String
/// }
/// ```
public protocol ReplacedWhole {}
