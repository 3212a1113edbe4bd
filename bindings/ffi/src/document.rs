//! Documents as they cross: JSON text with what a caller needs to write next.

use dunlin::{DocId, Forms, InvalidInput, Value, Version};

use crate::{device::Device, error::DunlinError, json};

/// A document as a caller read it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Document {
    /// The id within its collection.
    pub id: String,
    /// Plain JSON: counters as numbers, texts as strings, lists as arrays.
    pub json: String,
    /// JSON that names the kinds: `{"$text":"…"}`, `{"$counter":3}`.
    pub tagged_json: String,
    /// The causal context of this read: the `base` of an edit that follows from it.
    pub version: String,
    /// Values that lost against a concurrent write, until somebody writes there having seen them.
    pub conflicts: Vec<Conflict>,
    /// Whether the document is deleted; only `inspect` returns such a one.
    pub is_deleted: bool,
}

/// A value that lost against a concurrent write.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Conflict {
    /// Names it, for as long as the same value has lost at the same place.
    pub id: String,
    /// Where.
    pub path: String,
    /// What is there; of a deleted document, that it is deleted.
    pub shown: Side,
    /// What lost.
    pub lost: Side,
    /// In a list item that is gone: what it was, if this device had it.
    pub item: Option<String>,
}

/// One of the two that a conflict is between.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Side {
    /// What it says, as JSON; none if that is that nothing is there.
    pub json: Option<String>,
    /// Who wrote it, as far as that is known.
    pub author: Option<Author>,
    /// That writer's wall clock, in milliseconds since 1970, if one writer wrote it.
    pub time_ms: Option<i64>,
    /// Whether it is what the document began with, which nobody in particular wrote.
    pub at_creation: bool,
}

/// Who wrote something: a claim of members, never a permission.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Author {
    /// The device.
    pub device: Device,
    /// How that is known.
    pub known: Evidence,
}

/// How it is known who wrote something.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Evidence {
    /// It was written here.
    Own,
    /// A device says so in its writers' book, and no other does.
    Book,
}

/// A document that somebody has to look at.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Listed {
    /// Its collection.
    pub collection: String,
    /// Its id.
    pub id: String,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// Whether something in it lost against a concurrent write, or came after its deletion.
    pub has_conflicts: bool,
}

/// A write that is on disk.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Committed {
    /// The document's id.
    pub id: String,
    /// The commit's place in the change feed; the document's last one if nothing changed.
    pub seq: i64,
    /// The document as this write left it: the base for the caller's next edit.
    pub version: String,
    /// The paths that changed; empty if the document was like that already.
    pub paths: Vec<String>,
}

/// A merge patch for one document of many.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Patch {
    /// The document's id.
    pub id: String,
    /// The patch (RFC 7396), as JSON.
    pub json: String,
}

/// A text of a document, as an editor reads it.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Text {
    /// Where it is: list items above it by id, so that the path stays good when they move.
    pub path: String,
    /// The text; its indices are UTF-16 code units.
    pub content: String,
    /// The causal context of this read: the `base` of splices made on it.
    pub version: String,
}

/// What became of one patch of many.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum PutOutcome {
    /// It is on disk.
    Done {
        /// The write.
        committed: Committed,
    },
    /// It was refused; the others stand or fall without it.
    Refused {
        /// Why.
        error: DunlinError,
    },
}

impl Document {
    /// The document that the caller read: its id, content and version.
    pub(crate) fn read(&self) -> Result<dunlin::Document, InvalidInput> {
        Ok(dunlin::Document {
            id: self.id.parse()?,
            value: json::value(&self.tagged_json, Forms::Tagged)?,
            version: self.version.parse::<Version>()?,
            conflicts: Vec::new(),
            is_deleted: self.is_deleted,
        })
    }
}

impl From<dunlin::Document> for Document {
    fn from(document: dunlin::Document) -> Self {
        Self {
            id: document.id.to_string(),
            json: document.to_json().to_string(),
            tagged_json: document.to_tagged_json().to_string(),
            version: document.version.to_string(),
            conflicts: document.conflicts.into_iter().map(Conflict::from).collect(),
            is_deleted: document.is_deleted,
        }
    }
}

impl From<dunlin::Text> for Text {
    fn from(text: dunlin::Text) -> Self {
        let dunlin::Text { path, content, version } = text;
        Self { path: path.to_string(), content, version: version.to_string() }
    }
}

impl From<dunlin::Conflict> for Conflict {
    fn from(conflict: dunlin::Conflict) -> Self {
        Self {
            id: conflict.id.to_string(),
            path: conflict.path,
            shown: conflict.shown.into(),
            lost: conflict.lost.into(),
            item: conflict.item,
        }
    }
}

impl From<dunlin::Side> for Side {
    fn from(side: dunlin::Side) -> Self {
        let text = |value: &Value| value.to_tagged_json().to_string();
        Self {
            json: side.value.as_ref().map(text),
            author: side.author.map(Author::from),
            time_ms: side.time_ms,
            at_creation: side.at_creation,
        }
    }
}

impl From<dunlin::Author> for Author {
    fn from(author: dunlin::Author) -> Self {
        let (id, kind) = (author.device.to_string(), author.kind.into());
        Self { device: Device { id, name: author.name, kind }, known: author.known.into() }
    }
}

impl From<dunlin::Evidence> for Evidence {
    fn from(known: dunlin::Evidence) -> Self {
        match known {
            dunlin::Evidence::Own => Self::Own,
            _ => Self::Book,
        }
    }
}

impl Listed {
    /// The document's name.
    pub(crate) fn document(&self) -> Result<DocId, InvalidInput> {
        DocId::parse(&self.collection, &self.id)
    }
}

impl From<dunlin::Listed> for Listed {
    fn from(listed: dunlin::Listed) -> Self {
        Self {
            collection: listed.doc.collection.to_string(),
            id: listed.doc.key.to_string(),
            is_deleted: listed.is_deleted,
            has_conflicts: listed.has_conflicts,
        }
    }
}

impl From<dunlin::Committed> for Committed {
    fn from(committed: dunlin::Committed) -> Self {
        Self {
            id: committed.id.to_string(),
            seq: committed.seq,
            version: committed.version.to_string(),
            paths: committed.paths,
        }
    }
}

impl From<dunlin::Result<dunlin::Committed>> for PutOutcome {
    fn from(outcome: dunlin::Result<dunlin::Committed>) -> Self {
        match outcome {
            Ok(committed) => Self::Done { committed: committed.into() },
            Err(error) => Self::Refused { error: error.into() },
        }
    }
}
