extension DocumentCollection {
    /// Opens a ``MergeableText`` of a document for a text field. It need not be there yet; the document
    /// has to.
    ///
    /// - Parameter path: where it is, such as `/notes`; not in a list, whose indices may come to name
    ///   other items.
    /// - Throws: ``DunlinError`` `notFound`; `wrongKind` if there is something else at the path,
    ///   `invalidInput` for what is no path.
    public func editText(_ id: String, _ path: String) async throws -> MergeableTextEditor {
        let place = try TextPlace(native, id: id, path: path)
        let (text, version) = try await place.read()
        let touches = space.touches(of: id, in: name)
        return MergeableTextEditor(place, TextDraft(known: text, base: version), touches: touches)
    }
}
