internal import DunlinBindings

/// What tells how the library does in this process.
public enum Diagnostics {
    /// How many native objects this process holds: nodes, spaces, collections, subscriptions. Back
    /// at zero once all of them are gone; a number that only grows tells of a leak.
    public static var liveObjects: Int { Int(DunlinBindings.liveObjects()) }
}
