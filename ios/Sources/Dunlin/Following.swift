internal import DunlinBindings

/// What a live query shows, each row as it was read once.
struct Shown<Item: Sendable>: Sendable {
    var columns: [String] = []
    var items: [Item] = []
    var hasMore = false
    var refusal: DunlinError?
}

/// Makes something of the columns' names, of a row as a JSON array, and of its place.
typealias RowReader<Item> = @Sendable (_ columns: [String], _ row: String, _ place: Int) throws -> Item

/// Follows a live query, and reads each row once.
func following<Item>(
    _ read: @escaping RowReader<Item>,
    _ open: @escaping @Sendable () throws -> DunlinBindings.LiveQuery
) -> Updates<Shown<Item>> {
    Updates {
        let query = try bridged { try open() }
        let list = LiveList(read)
        return Subscription(
            pull: {
                guard let change = try await query.next() else { return nil }
                return try await list.apply(change)
            },
            stop: { query.stop() }
        )
    }
}

/// Carries out what a live query tells of its rows.
private actor LiveList<Item: Sendable> {
    private let read: RowReader<Item>
    private var shown = Shown<Item>()

    init(_ read: @escaping RowReader<Item>) {
        self.read = read
    }

    func apply(_ change: DunlinBindings.QueryChange) throws -> Shown<Item> {
        switch change {
        case .snapshot(let rows):
            let items = try rows.rows.enumerated().map { try read(rows.columns, $1, $0) }
            shown = Shown(columns: rows.columns, items: items, hasMore: rows.more)
        case .difference(let removed, let inserted, let moved, let changed, let more):
            var coming = try Dictionary(
                inserted.map { (Int($0.at), try item($0)) }, uniquingKeysWith: { $1 })
            for row in moved { coming[Int(row.to)] = shown.items[Int(row.from)] }
            let leaving = Set((removed + moved.map(\.from)).map(Int.init))
            shown.items = rearranged(without: leaving, with: coming)
            for row in changed { shown.items[Int(row.at)] = try item(row) }
            (shown.hasMore, shown.refusal) = (more, nil)
        case .failed(let error):
            shown.refusal = DunlinError(error)
        }
        return shown
    }

    private func item(_ placed: DunlinBindings.Placed) throws -> Item {
        try read(shown.columns, placed.row, Int(placed.at))
    }

    /// Takes out what goes, and puts in what comes at its place in the end.
    private func rearranged(without leaving: Set<Int>, with coming: [Int: Item]) -> [Item] {
        if leaving.isEmpty && coming.isEmpty { return shown.items }
        var items: [Item] = []
        items.reserveCapacity(shown.items.count + coming.count)
        func putComing() {
            while let item = coming[items.count] { items.append(item) }
        }
        for (place, item) in shown.items.enumerated() {
            putComing()
            if !leaving.contains(place) { items.append(item) }
        }
        putComing()
        return items
    }
}
