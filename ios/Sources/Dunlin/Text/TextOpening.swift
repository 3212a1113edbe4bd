extension DocumentCollection {
    /// Opens a ``MergeableText`` of a document for a text field. It need not be there yet; the document
    /// has to.
    ///
    /// - Parameter path: where it is, such as `/notes`, or `/steps/0/note` for one in a list: that one
    ///   is followed also when items are inserted, moved or deleted around it.
    /// - Throws: ``DunlinError`` `notFound`; `wrongKind` if there is something else at the path,
    ///   `invalidInput` for what is no path.
    public func editText(_ id: String, _ path: String) async throws -> MergeableTextEditor {
        let (place, text) = try await TextPlace.find(native, id: id, path: path)
        let first = TextDraft(known: text.content, base: text.version)
        return MergeableTextEditor(place, first, touches: space.touches(of: id, in: name))
    }
}
