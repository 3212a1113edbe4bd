//! The documents an engine has in memory: a bounded, least-recently-used set.

use std::collections::{BTreeMap, HashMap};

use dunlin_model::{DocId, Document};
use dunlin_store::{DocRow, LogSize};

/// A document in memory with its place in the store.
pub(crate) struct Open {
    pub(crate) document: Document,
    /// None until its first commit.
    pub(crate) row: Option<DocRow>,
    /// The last commit that touched it.
    pub(crate) seq: i64,
    /// What has come since its snapshot.
    pub(crate) log: LogSize,
    /// Bytes of JSON at most, as far as that is known.
    pub(crate) json: Option<usize>,
    /// Whether the journal tells of it.
    pub(crate) is_journaled: bool,
    used: u64,
    weight: usize,
}

impl Open {
    pub(crate) fn new(document: Document, row: Option<DocRow>, seq: i64, log: LogSize) -> Self {
        Self { document, row, seq, log, json: None, is_journaled: false, used: 0, weight: 0 }
    }
}

/// Bytes of encoded state that all open documents together may take; what they take in memory is
/// a small multiple of it.
const MAX_WEIGHT: usize = 32 << 20;

/// Open documents by name; the one that was not used for longest makes room.
pub(crate) struct OpenDocuments {
    capacity: usize,
    weight: usize,
    clock: u64,
    by_name: HashMap<DocId, Open>,
    by_use: BTreeMap<u64, DocId>,
}

impl OpenDocuments {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            weight: 0,
            clock: 0,
            by_name: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    /// The document, marked as just used.
    pub(crate) fn touch(&mut self, doc: &DocId) -> Option<&mut Open> {
        let open = self.by_name.get_mut(doc)?;
        let name = self.by_use.remove(&open.used)?;
        self.clock += 1;
        open.used = self.clock;
        self.by_use.insert(self.clock, name);
        let weight = open.document.encoded_len();
        self.weight = self.weight - open.weight + weight;
        open.weight = weight;
        Some(open)
    }

    /// The document as it is, without marking it as used.
    pub(crate) fn peek(&self, doc: &DocId) -> Option<&Open> {
        self.by_name.get(doc)
    }

    /// Notes how long the JSON of a document is, if that is open.
    pub(crate) fn note_json(&mut self, doc: &DocId, bytes: usize) {
        if let Some(open) = self.by_name.get_mut(doc) {
            open.json = Some(bytes);
        }
    }

    /// Up to `most` documents with at least so many updates in their logs, the latest used first.
    pub(crate) fn with_log_over(&self, updates: u32, most: usize) -> Vec<DocId> {
        let latest_first = self.by_use.values().rev();
        let long = latest_first
            .filter(|doc| self.by_name.get(doc).is_some_and(|open| open.log.updates >= updates));
        long.take(most).cloned().collect()
    }

    /// Takes a document in and lets the least recently used one go.
    pub(crate) fn insert(&mut self, doc: DocId, mut open: Open) -> &mut Open {
        self.remove(&doc);
        open.weight = open.document.encoded_len();
        while self.by_name.len() >= self.capacity || self.weight + open.weight > MAX_WEIGHT {
            let Some(oldest) = self.by_use.first_key_value().map(|(_, oldest)| oldest.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
        self.weight += open.weight;
        self.clock += 1;
        open.used = self.clock;
        self.by_use.insert(self.clock, doc.clone());
        self.by_name.entry(doc).insert_entry(open).into_mut()
    }

    /// Lets one document go.
    pub(crate) fn remove(&mut self, doc: &DocId) {
        if let Some(open) = self.by_name.remove(doc) {
            self.by_use.remove(&open.used);
            self.weight -= open.weight;
        }
    }

    /// Lets all documents go.
    pub(crate) fn clear(&mut self) {
        self.by_name.clear();
        self.by_use.clear();
        self.weight = 0;
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_name.len()
    }
}

#[cfg(test)]
mod tests {
    use dunlin_model::Incarnation;

    use super::*;

    fn open() -> Open {
        Open::new(Document::new(Incarnation::from_random([7; 8])), None, 0, LogSize::default())
    }

    fn name(key: &str) -> DocId {
        DocId::parse("tasks", key).unwrap()
    }

    #[test]
    fn the_least_recently_used_document_makes_room() {
        let mut documents = OpenDocuments::new(2);
        documents.insert(name("a"), open());
        documents.insert(name("b"), open());
        documents.touch(&name("a")).unwrap();
        documents.insert(name("c"), open());
        assert!(documents.peek(&name("a")).is_some());
        assert!(documents.peek(&name("b")).is_none());
        assert_eq!(documents.len(), 2);
    }

    #[test]
    fn inserting_a_document_again_replaces_it_without_pushing_another_out() {
        let mut documents = OpenDocuments::new(2);
        documents.insert(name("a"), open());
        documents.insert(name("b"), open());
        documents.insert(name("b"), open());
        assert!(documents.peek(&name("a")).is_some());
        documents.remove(&name("a"));
        assert_eq!((documents.len(), documents.by_use.len()), (1, 1));
        documents.clear();
        assert_eq!((documents.len(), documents.by_use.len()), (0, 0));
    }
}
