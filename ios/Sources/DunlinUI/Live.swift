import Dunlin

/// The latest of something that is followed, for as long as a view is on the screen:
///
/// ```swift
/// @State private var open = Live<Entries<Task>>()
///
/// var body: some View {
///     List(open.value ?? [], id: \.id) { Text($0.value?.title ?? "Not readable here") }
///         .following(open) { tasks.watch("json_extract(doc, '$.done') = ?", false) }
/// }
/// ```
@MainActor
public final class Live<Value: Sendable>: Observed {
    private var latest: Value?
    private var reason: DunlinError?
    private var followed: AnyHashable?

    /// Counts what was followed: a value that comes late, of something else, is passed over.
    private var turn = 0

    /// Makes one that follows nothing yet.
    public override init() {}

    /// The latest value; nil before the first.
    public var value: Value? {
        willRead()
        return latest
    }

    /// Why nothing is followed any more; the latest value stays.
    public var refusal: DunlinError? {
        willRead()
        return reason
    }

    /// Whether neither a value nor a refusal has come yet.
    public var isLoading: Bool { value == nil && refusal == nil }

    /// Follows a sequence of the library until it ends or is refused, or the calling task is
    /// cancelled. What was followed before is passed over from then on.
    ///
    /// - Parameter id: tells what is followed. The latest value stays if the same was followed
    ///   before, as when a view appears again; else this begins without one.
    public func follow<Values: AsyncSequence & Sendable, ID: Hashable & Sendable>(
        _ values: Values, id: ID = 0
    ) async where Values.Element == Value {
        let mine = begin(id)
        do {
            for try await value in values {
                if mine != turn { return }
                mutate { latest = value }
            }
        } catch let refusal as DunlinError {
            if mine == turn { mutate { reason = refusal } }
        } catch {
            // Cancelled.
        }
    }

    private func begin(_ id: AnyHashable) -> Int {
        turn += 1
        let isSame = followed == id
        followed = id
        if reason != nil || !isSame && latest != nil {
            mutate {
                reason = nil
                if !isSame { latest = nil }
            }
        }
        return turn
    }
}
