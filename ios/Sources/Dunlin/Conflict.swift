internal import DunlinBindings
import Foundation

/// A value that lost against a concurrent write, until somebody settles it:
/// ``DocumentCollection/keep(_:_:)``, ``DocumentCollection/take(_:_:)``, or any write of its path by one
/// who has read it.
public struct Conflict: Hashable, Sendable, Identifiable {
    /// Names it, for as long as the same value has lost at the same place.
    public let id: String

    /// Where.
    public let path: String

    /// What is there; of a deleted document, that it is deleted.
    public let shown: Side

    /// What lost.
    public let lost: Side

    /// In a list item that is gone: what it was, its `id` or the beginning of what it said, if this device
    /// had it.
    public let item: String?

    /// Makes one, for instance for a preview or a test.
    public init(id: String, path: String, shown: Side, lost: Side, item: String? = nil) {
        self.id = id
        self.path = path
        self.shown = shown
        self.lost = lost
        self.item = item
    }

    init(_ conflict: DunlinBindings.Conflict) throws {
        id = conflict.id
        path = conflict.path
        shown = try Side(conflict.shown)
        lost = try Side(conflict.lost)
        item = conflict.item
    }
}

/// One of the two that a conflict is between.
public struct Side: Hashable, Sendable {
    /// What it says; nil if that is that nothing is there.
    public let value: JSONValue?

    /// Who wrote it, as far as that is known.
    public let author: Author?

    /// The writer's wall clock, if one writer wrote it.
    public let time: Date?

    /// Whether it is what the document began with, which nobody in particular wrote.
    public let isAtCreation: Bool

    /// Makes one, for instance for a preview or a test.
    public init(value: JSONValue?, author: Author? = nil, time: Date? = nil, isAtCreation: Bool = false) {
        self.value = value
        self.author = author
        self.time = time
        self.isAtCreation = isAtCreation
    }

    init(_ side: DunlinBindings.Side) throws {
        value = try side.json.map(parsedJSON)
        author = side.author.map(Author.init)
        time = side.timeMs.map(Date.init(milliseconds:))
        isAtCreation = side.atCreation
    }
}

/// Who wrote something: a claim of members, never a permission.
public struct Author: Hashable, Sendable {
    /// The device.
    public let device: Device

    /// How that is known.
    public let known: Evidence

    /// Makes one, for instance for a preview or a test.
    public init(device: Device, known: Evidence) {
        self.device = device
        self.known = known
    }

    init(_ author: DunlinBindings.Author) {
        device = Device(author.device)
        known = Evidence(author.known)
    }
}

/// How it is known who wrote something.
public enum Evidence: Hashable, Sendable, CaseIterable {
    /// It was written here.
    case own

    /// A device says so in its writers' book, and no other does.
    case book

    init(_ known: DunlinBindings.Evidence) {
        self =
            switch known {
            case .own: .own
            case .book: .book
            }
    }
}

/// A document that somebody has to look at.
public struct Listed: Hashable, Sendable {
    /// Its collection.
    public let collection: String

    /// Its id.
    public let id: String

    /// Whether it is deleted.
    public let isDeleted: Bool

    /// Whether something in it lost against a concurrent write, or came after its deletion.
    public let hasConflicts: Bool

    /// Makes one, for instance for a preview or a test.
    public init(collection: String, id: String, isDeleted: Bool, hasConflicts: Bool) {
        self.collection = collection
        self.id = id
        self.isDeleted = isDeleted
        self.hasConflicts = hasConflicts
    }

    init(_ listed: DunlinBindings.Listed) {
        collection = listed.collection
        id = listed.id
        isDeleted = listed.isDeleted
        hasConflicts = listed.hasConflicts
    }

    var native: DunlinBindings.Listed {
        .init(collection: collection, id: id, isDeleted: isDeleted, hasConflicts: hasConflicts)
    }
}

extension DocumentCollection {
    /// Settles a conflict of a document that was read: what is shown stays, and what lost goes, there and
    /// below.
    ///
    /// In a list item that is gone, it stays gone; a deleted document stays deleted. What others wrote
    /// since it was read stays a conflict.
    ///
    /// - Throws: ``DunlinError`` `staleVersion` where the conflict is settled already, or what is shown is
    ///   not as it was read, `denied`, `limitExceeded`, `storageFull`.
    @discardableResult
    public func keep(_ read: Document<Model>, _ conflict: Conflict) async throws -> Committed {
        try await keep(conflict, of: read.id, base: read.version)
    }

    /// Settles a conflict as ``keep(_:_:)-(Document<Model>,_)`` does, also of a document that is deleted,
    /// or that the model does not read.
    @discardableResult
    public func keep(_ read: Inspected<Model>, _ conflict: Conflict) async throws -> Committed {
        try await keep(conflict, of: read.id, base: read.version)
    }

    private func keep(_ conflict: Conflict, of id: String, base: String) async throws -> Committed {
        Committed(
            try await bridged { [native] in
                try await native.keep(id: id, conflict: conflict.id, base: base)
            })
    }

    /// Settles a conflict of a document that was read: what lost takes the place of what is shown, whole.
    ///
    /// A list item that is gone comes back with what was late, and so does a deleted document.
    ///
    /// - Throws: ``DunlinError`` as ``keep(_:_:)-(Document<Model>,_)`` does, where what lost is not as it
    ///   was read.
    @discardableResult
    public func take(_ read: Document<Model>, _ conflict: Conflict) async throws -> Committed {
        try await take(conflict, of: read.id, base: read.version)
    }

    /// Settles a conflict as ``take(_:_:)-(Document<Model>,_)`` does, also of a document that is deleted,
    /// or that the model does not read.
    @discardableResult
    public func take(_ read: Inspected<Model>, _ conflict: Conflict) async throws -> Committed {
        try await take(conflict, of: read.id, base: read.version)
    }

    private func take(_ conflict: Conflict, of id: String, base: String) async throws -> Committed {
        Committed(
            try await bridged { [native] in
                try await native.take(id: id, conflict: conflict.id, base: base)
            })
    }
}

extension Space {
    /// Lists documents in which something lost against a concurrent write and nobody has settled it, and
    /// deleted ones that somebody wrote without having seen that; at most 1,000.
    ///
    /// - Parameters:
    ///   - collection: only of this one.
    ///   - after: only those behind this one, the last of an earlier list.
    /// - Throws: ``DunlinError`` `invalidInput` for a name that no collection can have, `closed` after
    ///   shutdown.
    public func contested(
        in collection: String? = nil, after: Listed? = nil
    ) async throws -> [Listed] {
        let after = after?.native
        return try await bridged { [native] in
            try await native.contested(collection: collection, after: after)
        }.map(Listed.init)
    }

    /// Lists documents that are deleted, in the order in which they came into being; at most 1,000.
    ///
    /// - Parameters:
    ///   - collection: only of this one.
    ///   - after: only those behind this one, the last of an earlier list.
    /// - Throws: ``DunlinError`` as ``contested(in:after:)`` does.
    public func deleted(
        in collection: String? = nil, after: Listed? = nil
    ) async throws -> [Listed] {
        let after = after?.native
        return try await bridged { [native] in
            try await native.deleted(collection: collection, after: after)
        }.map(Listed.init)
    }
}
