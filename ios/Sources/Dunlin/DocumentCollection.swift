internal import DunlinBindings

/// The documents of one collection, seen through a model.
///
/// Every write is on disk when it returns. A write whose task was cancelled may or may not have
/// happened: writing by id again is safe.
///
/// The model is a `Codable` type. It need not know all fields that documents have, and those that not
/// all documents have are optional, or a ``MergeableText``, ``MergeableList`` or ``Counter``. Each type has
/// the kind that fits it, such as a set for a `Set` of strings: docs/ios.md has the table. Whole numbers are
/// exact over all 64 bits. A `Date` of the years 1583 to 9999 is stored as a string of RFC 3339 in UTC, to the
/// millisecond, such as `2026-12-01T08:30:00.000Z`: as such strings, dates sort in queries.
public final class DocumentCollection<Model: Codable & Sendable>: Sendable {
    /// The collection's name.
    public let name: String

    let native: DunlinBindings.Collection
    let space: Space
    let forms: Forms

    init(_ native: DunlinBindings.Collection, _ forms: Forms, in space: Space) {
        self.native = native
        self.forms = forms
        self.space = space
        name = native.name()
    }

    /// Makes a new id: a UUID of version 7, so ids sort by creation.
    ///
    /// - Throws: ``DunlinError`` `internal` where the operating system has no random bytes to give.
    public func newID() throws -> String {
        try bridged { try native.newId() }
    }

    /// Creates a document.
    ///
    /// - Parameter id: its id, which must be free; a new one if nil.
    /// - Throws: ``DunlinError`` `alreadyExists` unless the id is free, `invalidInput` unless the value
    ///   is an object that fits, `limitExceeded`, `denied`, `storageFull`.
    @discardableResult
    public func insert(_ value: Model, id: String? = nil) async throws -> Committed {
        let encoded = try encodedDocument(value, forms)
        return Committed(
            try await bridged { [native] in try await native.insert(id: id, value: encoded.json) })
    }

    /// Creates a document, or overwrites the fields of the model in one that is there; its other
    /// fields stay, and so do fields that are nil in the value.
    ///
    /// - Parameter base: the version that was read: what others wrote since becomes a conflict
    ///   instead of being overwritten unseen.
    /// - Throws: ``DunlinError`` `invalidInput` unless the value is an object that fits,
    ///   `staleVersion` where the base is too old, `limitExceeded`, `denied`, `storageFull`.
    @discardableResult
    public func put(_ id: String, _ value: Model, base: String? = nil) async throws -> Committed {
        let encoded = try encodedDocument(value, forms)
        return Committed(
            try await bridged { [native] in
                try await native.put(
                    id: id, patch: encoded.json, base: base, keys: encoded.keys)
            })
    }

    /// Makes a document what the value says, or creates it: fields that the model does not know are
    /// removed. What is there keeps its kind: a text is changed where it differs, a list item by item.
    ///
    /// - Parameter base: the version that was read: fields that somebody added since stay, and what
    ///   others wrote becomes a conflict instead of being overwritten unseen.
    /// - Throws: ``DunlinError`` as ``put(_:_:base:)`` does.
    @discardableResult
    public func replace(
        _ id: String, _ value: Model, base: String? = nil
    ) async throws -> Committed {
        let encoded = try encodedDocument(value, forms)
        return Committed(
            try await bridged { [native] in
                try await native.replace(
                    id: id, value: encoded.json, base: base, keys: encoded.keys)
            })
    }

    /// Puts many documents at once, in one or few commits; each stands or falls alone, and the answers
    /// come in order.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for an id or a value that cannot be: then nothing is
    ///   written.
    @discardableResult
    public func putAll(_ values: KeyValuePairs<String, Model>) async throws -> [PutOutcome] {
        try await putAll(values.map { ($0, $1) })
    }

    /// Puts many documents, as ``putAll(_:)-(KeyValuePairs<String,_>)`` does.
    @discardableResult
    public func putAll(_ values: [(id: String, value: Model)]) async throws -> [PutOutcome] {
        let encoding = ModelEncoding(forms)
        let patches = try values.map {
            DunlinBindings.Patch(id: $0.id, json: try encoding.text(of: $0.value))
        }
        let keys = encoding.keys.declared
        let outcomes = try await bridged { [native] in
            try await native.putMany(patches: patches, keys: keys)
        }
        return zip(patches, outcomes).map { PutOutcome($0.id, $1) }
    }

    /// Reads a document.
    ///
    /// - Throws: ``DunlinError`` `notFound` if there is none, or it is deleted; `wrongKind` if the model
    ///   does not read it: ``inspect(_:)`` does.
    public func get(_ id: String) async throws -> Document<Model> {
        try document(try await bridged { [native] in try await native.get(id: id) })
    }

    /// What was read, through the model.
    func document(_ read: DunlinBindings.Document) throws -> Document<Model> {
        do {
            return try Document(read)
        } catch {
            throw Misfit(error).refusal(of: "\(name)/\(read.id) does not fit \(Model.self)")
        }
    }

    /// Reads a document; nil if there is none, or it is deleted.
    ///
    /// - Throws: ``DunlinError`` as ``get(_:)`` does.
    public func find(_ id: String) async throws -> Document<Model>? {
        do {
            return try await get(id)
        } catch let refusal as DunlinError where refusal.code == .notFound {
            return nil
        }
    }

    /// Reads a document even if it is deleted, or the model does not read it.
    ///
    /// - Throws: ``DunlinError`` `notFound` if it never existed.
    public func inspect(_ id: String) async throws -> Inspected<Model> {
        try Inspected(try await bridged { [native] in try await native.inspect(id: id) })
    }

    /// Changes a document: `update(id) { $0.count += 1 }`.
    ///
    /// Only the difference between what was read and what the closure makes of it is written: fields
    /// that the model does not know stay. What this device writes meanwhile is not lost, as in
    /// ``Space/transaction(isolation:_:)``: the closure runs again, five times at most in all, where the
    /// document has changed since it was read, and has to be fit for that. Updates and transactions on
    /// one space take turns, so do what takes time before or after. Another device is not isolated from:
    /// what it writes at the same time is merged, and sums across devices are a ``Counter``.
    ///
    /// - Throws: ``DunlinError`` `notFound`, `wrongKind`, `invalidInput`, `limitExceeded`, `denied`,
    ///   `storageFull`; `unplaceable` where the model shows the document otherwise than it is stored and
    ///   a change has no place there; `busy` (try again) if the closure took 2 seconds, or others kept on
    ///   writing; `invalidInput` inside another update or transaction on the same space. And what the
    ///   closure throws.
    @discardableResult
    public func update(
        _ id: String,
        isolation: isolated (any Actor)? = #isolation,
        _ change: (inout Model) async throws -> Void
    ) async throws -> Committed {
        let transacted = try await space.transact { transaction in
            try await transaction.update(id, in: self, change)
        }
        return transacted.committed[0]
    }

    /// Writes the difference between a document as it was read and a changed copy of its value.
    ///
    /// What the model leaves out, sorts, folds or replaces while it decodes stays as it is stored; what
    /// was changed is written to the item that it came from.
    ///
    /// - Throws: ``DunlinError`` as ``edit(_:base:isolation:_:)`` does; `unplaceable` where the model shows
    ///   the document otherwise than it is stored and a change has no place there.
    @discardableResult
    public func save(_ read: Document<Model>, as value: Model) async throws -> Committed {
        let (before, after, keys) = try difference(read, value)
        return Committed(
            try await bridged { [native] in
                try await native.save(
                    document: read.native, read: before, new: after, keys: keys)
            })
    }

    /// What saving hands over, once it is known to mean what the model would read.
    func difference(
        _ read: Document<Model>, _ value: Model
    ) throws -> (before: String, after: String, keys: [String: String]) {
        let encoding = ModelEncoding(forms, read.orders)
        let (before, after) = (try encoding.text(of: read.value), try encoding.text(of: value))
        let keys = encoding.keys.declared
        try readBack(read, value, before, after, keys)
        return (before, after, keys)
    }

    /// Refuses a save from which the model would not read what it means.
    private func readBack(
        _ read: Document<Model>,
        _ meant: Model,
        _ before: String,
        _ after: String,
        _ keys: [String: String]
    ) throws {
        let left = try bridged {
            try native.afterSave(document: read.native, read: before, new: after, keys: keys)
        }
        if let left, !finds(meant, in: left) {
            throw DunlinError(
                .unplaceable,
                "what would be stored of \(name)/\(read.id) is not what the model would read",
                remedy: "give the items of its lists a key, or change it by edit(_:)")
        }
    }

    /// Whether the model finds in a document's JSON what it means.
    private func finds(_ meant: Model, in json: String) -> Bool {
        guard let found = try? decodeJSON(Model.self, from: json, of: name) else { return false }
        if let meant = meant as? any Equatable, isEqual(meant, found) { return true }
        // As values, since objects are written in any order; sets come in that of their elements' text.
        func encoded(_ model: Model) throws -> JSONValue {
            try JSONParser.value(of: try ModelEncoding(forms).text(of: model))
        }
        return (try? encoded(found) == encoded(meant)) ?? false
    }

    /// Carries out edits in order, all or none: `edit(id) { $0.increment("/count", by: 2) }`.
    ///
    /// - Parameter base: the version that paths and indices mean, mapped forward from there; the
    ///   document as it is if nil.
    /// - Throws: ``DunlinError`` `notFound`, `wrongKind`, `invalidInput`, `staleVersion` (read again
    ///   and retry), `limitExceeded`, `denied`, `storageFull`. And what the closure throws.
    @discardableResult
    public func edit(
        _ id: String,
        base: String? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ make: (inout Edits) throws -> Void
    ) async throws -> Committed {
        var edits = Edits(forms)
        try make(&edits)
        let json = try edits.encoded()
        return Committed(
            try await bridged { [native] in
                try await native.edit(id: id, edits: json, base: base)
            })
    }

    /// Makes a cursor before the character at this index (UTF-16 code units) of the text at this path,
    /// which stays there when others edit. Good for as long as the text is there.
    ///
    /// - Throws: ``DunlinError`` `notFound` or `wrongKind` where no text is, `invalidInput` for an
    ///   index out of range.
    public func anchor(_ id: String, _ path: String, at index: Int) async throws -> Anchor {
        let index = UInt32(clamping: index)
        return Anchor(
            rawValue: try await bridged { [native] in
                try await native.anchor(id: id, path: path, index: index)
            })
    }

    /// Tells where an anchor stands now, in UTF-16 code units.
    ///
    /// - Throws: ``DunlinError`` `notFound` if the text is gone, `invalidInput` for what is not an
    ///   anchor.
    public func resolve(_ id: String, _ anchor: Anchor) async throws -> Int {
        Int(try await bridged { [native] in try await native.resolve(id: id, anchor: anchor.rawValue) })
    }

    /// Deletes a document. An edit that somebody makes meanwhile is kept as a conflict.
    ///
    /// - Throws: ``DunlinError`` `notFound`, `denied`, `storageFull`.
    @discardableResult
    public func delete(_ id: String) async throws -> Committed {
        Committed(try await bridged { [native] in try await native.delete(id: id) })
    }

    /// Brings a deleted document back as it was.
    ///
    /// - Throws: ``DunlinError`` `notFound` unless it is deleted, `denied`, `storageFull`.
    @discardableResult
    public func restore(_ id: String) async throws -> Committed {
        Committed(try await bridged { [native] in try await native.restore(id: id) })
    }

    /// Begins a document anew from its present content, where removing gives no room any more (too
    /// many writers or texts), or where two copies contradict each other. Its history goes, and
    /// versions read before are stale. On every device it takes the place of the old one; what a
    /// device alone had shows there among the conflicts.
    ///
    /// - Throws: ``DunlinError`` `notFound` if there is none or it is deleted, `limitExceeded`,
    ///   `denied`, `storageFull`.
    @discardableResult
    public func refound(_ id: String) async throws -> Committed {
        Committed(try await bridged { [native] in try await native.refound(id: id) })
    }
}

/// Whether a value equals one of unknown type.
private func isEqual<Value: Equatable>(_ value: Value, _ other: Any) -> Bool {
    value == (other as? Value)
}
