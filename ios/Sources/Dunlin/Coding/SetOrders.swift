/// In which order, and how often, a document has the elements of its sets of objects, which are lists
/// there. Written in another order, or with equal ones once, an update would be about other items.
struct SetOrders: Sendable {
    /// Where each element stands, by the set's path and the element's hash.
    private var indices: [String: [Int: [Int]]] = [:]

    /// Notes a set as it is read.
    mutating func note<Element: Hashable>(_ elements: [Element], at place: Place) {
        var places: [Int: [Int]] = [:]
        for (index, element) in elements.enumerated() {
            places[element.hashValue, default: []].append(index)
        }
        indices[place.path] = places
    }

    /// Where an element stood when it was read; behind all others if it did not.
    func indices<Element: Hashable>(of element: Element, at place: Place) -> [Int] {
        if indices.isEmpty { return [Int.max] }
        return indices[place.path]?[element.hashValue] ?? [Int.max]
    }
}
