//! Writing registers: one transaction, its context, and what a write replaces.

use std::collections::{BTreeMap, BTreeSet};

use yrs::{Any, Map, Transact, TransactionMut};

use super::{
    Change, Document, FAILED_BEFORE,
    bounds::too_long,
    history::{self, ListOrders},
    picture::Picture,
    room::{Intent, Size},
};
use crate::{
    entry::{Body, Entry, EntryKey, Marker},
    error::EditError,
    ids::Dot,
    item::ItemId,
    limits::{
        MAX_COVERS, MAX_DOCUMENT_BYTES, MAX_ENTRY_BYTES, MAX_EPOCH, MAX_WRITERS,
        MAX_WRITTEN_PATH_BYTES,
    },
    path::RegisterPath,
    registers::{Part, Stored},
    scan,
    value::Value,
    version::Version,
};

/// A transaction of local edits.
pub(super) struct Writing<'a, 't> {
    pub(super) document: &'a mut Document,
    pub(super) txn: &'a mut TransactionMut<'t>,
    /// What the caller had read; none if that is everything present.
    pub(super) base: Option<Version>,
    pub(super) now_ms: i64,
    first_clock: u32,
    clock: u32,
    intent: Intent,
    paths: BTreeSet<String>,
    lists_before: Option<ListOrders>,
    /// The texts as the caller sees them: at the base, with the edits so far.
    pub(super) pictures: BTreeMap<(RegisterPath, u32), Picture>,
    /// The lists as the caller sees them: at the base, with the edits so far.
    pub(super) seen_lists: BTreeMap<RegisterPath, Vec<ItemId>>,
}

impl Document {
    /// Runs local edits in one transaction. If they fail after changing something, the document
    /// is poisoned, since yrs cannot roll back.
    pub(super) fn transact(
        &mut self,
        base: Option<&Version>,
        now_ms: i64,
        edits: impl FnOnce(&mut Writing<'_, '_>) -> Result<(), EditError>,
    ) -> Result<Change, EditError> {
        if self.poisoned {
            return Err(internal(FAILED_BEFORE));
        }
        if let Some(base) = base {
            self.check_base(base)?;
        }
        // A deletion alone does not advance a state vector: only the sequence number tells.
        let base = base.filter(|base| base.seq != self.seq).cloned();
        let clock = self.known.clock(self.incarnation);
        if clock == 0 && self.known.writer_count() >= MAX_WRITERS {
            let what = "the number of writers".to_owned();
            return Err(EditError::LimitExceeded { what, limit: MAX_WRITERS as u64 });
        }
        if self.encoded_len > MAX_DOCUMENT_BYTES {
            self.measure();
        }
        let before = self.size();
        let doc = self.doc.clone();
        let mut txn = doc.try_transact_mut().map_err(internal)?;
        let mut writing = Writing {
            document: self,
            txn: &mut txn,
            base,
            now_ms,
            first_clock: clock,
            clock,
            intent: Intent::Remove,
            paths: BTreeSet::new(),
            lists_before: None,
            pictures: BTreeMap::new(),
            seen_lists: BTreeMap::new(),
        };
        let result = edits(&mut writing);
        let (paths, lists_before) = (writing.paths, writing.lists_before);
        let (clock, intent) = (writing.clock, writing.intent);
        if let Err(error) = result {
            self.poisoned |= txn.has_changes();
            return Err(error);
        }
        if !txn.has_changes() {
            return Ok(Change::default());
        }
        txn.commit();
        let update = txn.encode_update_v1();
        drop(txn);
        let finished = self.finish(&update, clock, before, intent);
        self.poisoned |= finished.is_err();
        finished?;
        if let Some(before) = lists_before {
            let after = history::list_orders(self.view());
            self.history.lists(before, &after);
        }
        Ok(Change { update, paths: paths.into_iter().collect() })
    }

    fn finish(
        &mut self,
        update: &[u8],
        clock: u32,
        before: Size,
        intent: Intent,
    ) -> Result<(), EditError> {
        let scanned = scan::read(update).map_err(internal)?;
        self.known.absorb(&scanned).map_err(internal)?;
        if self.known.clock(self.incarnation) != clock {
            return Err(internal("yrs counted other operations than were made"));
        }
        self.encoded_len += update.len();
        self.is_measured = false;
        self.check_written(before, intent)
    }

    /// A base must be of this document and not from its future.
    fn check_base(&self, base: &Version) -> Result<(), EditError> {
        let held = self.known.state_vector().covers_all(&base.state_vector);
        if base.generation == self.generation && held && base.seq <= self.seq {
            return Ok(());
        }
        Err(EditError::StaleVersion { path: "the document".into() })
    }
}

pub(super) fn internal(error: impl std::fmt::Display) -> EditError {
    EditError::Internal { what: error.to_string() }
}

impl Writing<'_, '_> {
    /// Whether the caller had seen this write when it decided on its edits.
    pub(super) fn in_context(&self, dot: Dot) -> bool {
        let own = dot.incarnation == self.document.incarnation && dot.clock >= self.first_clock;
        own || self.base.as_ref().is_none_or(|base| base.state_vector.covers(dot))
    }

    /// The dot that the next entry will have.
    pub(super) fn next_dot(&self) -> Dot {
        Dot { incarnation: self.document.incarnation, clock: self.clock }
    }

    pub(super) fn note_path(&mut self, path: &RegisterPath) {
        self.paths.insert(path.to_string());
    }

    /// Notes that the transaction does more than delete.
    pub(super) fn note_addition(&mut self) {
        self.intent = Intent::Add;
    }

    pub(super) fn advance_clock(&mut self, operations: u32) {
        self.clock += operations;
    }

    /// Forgets the resolved view, after remembering the lists' order.
    fn invalidate(&mut self) {
        if self.lists_before.is_none() {
            self.lists_before = Some(history::list_orders(self.document.view()));
        }
        self.document.view.take();
    }

    /// Writes an entry under this writer's own key: the one that the caller has seen, or a new one.
    pub(super) fn put_entry(
        &mut self,
        path: &RegisterPath,
        marker: Marker,
        body: Body,
        epoch: u32,
        covers: Vec<Dot>,
    ) -> Result<Dot, EditError> {
        let key = self.own_key(path, marker, &body);
        self.put_entry_at(key, body, epoch, covers)
    }

    fn own_key(&self, path: &RegisterPath, marker: Marker, body: &Body) -> EntryKey {
        let mut key = EntryKey {
            path: path.clone(),
            marker,
            incarnation: self.document.incarnation,
            number: 0,
        };
        // A deletion keeps the entries that it hides.
        let replaces = !matches!(body, Body::Deleted(_));
        while let Some(stored) = self.document.registers.get(&key) {
            if replaces && self.in_context(stored.dot()) {
                break;
            }
            key.number += 1;
        }
        key
    }

    pub(super) fn put_entry_at(
        &mut self,
        key: EntryKey,
        body: Body,
        epoch: u32,
        covers: Vec<Dot>,
    ) -> Result<Dot, EditError> {
        if key.path.as_str().len() > MAX_WRITTEN_PATH_BYTES {
            return Err(too_long(key.path.as_str()));
        }
        let entry = Entry { body, clock: self.clock, time_ms: self.now_ms, epoch, covers };
        let payload = entry.encode();
        if payload.len() > MAX_ENTRY_BYTES {
            let what = format!("the value at {:?}, in bytes,", key.path.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_ENTRY_BYTES as u64 });
        }
        if !matches!(entry.body, Body::Absent | Body::Deleted(_)) {
            self.intent = Intent::Add;
        }
        self.invalidate();
        self.note_path(&key.path);
        let entries = self.document.entries.clone();
        entries.insert(self.txn, key.to_string(), Any::Buffer(payload.as_slice().into()));
        self.clock += 1;
        let stored = Stored { key, entry: entry.without_text_content() };
        let dot = stored.dot();
        self.document.registers.insert(stored);
        Ok(dot)
    }

    pub(super) fn remove_entry(&mut self, key: &EntryKey) {
        self.invalidate();
        self.note_path(&key.path);
        let entries = self.document.entries.clone();
        entries.remove(self.txn, &key.to_string());
        self.document.registers.remove(key);
    }

    /// Entries in context that a write at this register replaces: what was written here and below.
    /// Whether a list item exists, and where, is not part of its value.
    fn replaced(&self, path: &RegisterPath) -> Vec<EntryKey> {
        let registers = &self.document.registers;
        let here = registers
            .here(path)
            .iter()
            .filter(|stored| matches!(stored.key.marker, Marker::Register | Marker::Subtotal(_)));
        here.chain(registers.below(path))
            .filter(|stored| self.in_context(stored.dot()))
            .map(|stored| stored.key.clone())
            .collect()
    }

    /// Values written above (or with the insertion of the item here) that speak for this path.
    pub(super) fn covers(&self, path: &RegisterPath) -> Result<Vec<Dot>, EditError> {
        let reaching = self.document.registers.reaching(path).into_iter().map(Stored::dot);
        let mut covers: Vec<Dot> = reaching.filter(|dot| self.in_context(*dot)).collect();
        covers.sort_unstable();
        covers.dedup();
        if covers.len() > MAX_COVERS {
            let what = format!("the number of concurrent writes above {:?}", path.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_COVERS as u64 });
        }
        Ok(covers)
    }

    /// The epoch of what a write at this path names: above that of everything it replaces, so
    /// that no character or increment of something older leaks in.
    ///
    /// # Errors
    /// `LimitExceeded` above the highest epoch that peers take.
    fn epoch(&self, path: &RegisterPath, body: &Body) -> Result<u32, EditError> {
        let registers = &self.document.registers;
        let written = registers.here(path).iter().chain(registers.below(path)).map(|stored| {
            match stored.key.marker {
                Marker::Subtotal(epoch) => epoch,
                _ => stored.entry.epoch,
            }
        });
        let reaching = registers.reaching(path).into_iter().map(|stored| stored.entry.epoch);
        let texts = self.document.texts.keys().filter(|(text, _)| path.holds(text));
        let replaced = written.chain(reaching).chain(texts.map(|(_, epoch)| *epoch)).max();
        let above = self.enclosing_epoch(path);
        let names_roots = match body {
            Body::Value(value) => {
                matches!(
                    **value,
                    Value::Text(_) | Value::Counter(_) | Value::List(_) | Value::Object(_)
                )
            }
            _ => false,
        };
        let epoch = match replaced {
            Some(epoch) if names_roots => epoch.checked_add(1),
            Some(epoch) => Some(epoch),
            None => Some(0),
        };
        epoch.map(|epoch| epoch.max(above)).filter(|epoch| *epoch <= MAX_EPOCH).ok_or_else(|| {
            let what = format!("how often {:?} was made anew", path.as_str());
            EditError::LimitExceeded { what, limit: MAX_EPOCH.into() }
        })
    }

    /// The latest epoch of the values that enclose this path.
    pub(super) fn enclosing_epoch(&self, path: &RegisterPath) -> u32 {
        let mut above = RegisterPath::root();
        let mut epoch = 0;
        for step in path.segments() {
            let here = self.document.registers.here(&above).iter();
            epoch = here.map(|stored| stored.entry.epoch).max().unwrap_or(0).max(epoch);
            above = above.child(&step);
        }
        epoch
    }

    /// Writes a register: replaces what the caller had seen here and below, covers what it had
    /// seen above, and leaves alone what it had not.
    pub(super) fn write_register(
        &mut self,
        path: &RegisterPath,
        body: Body,
    ) -> Result<(), EditError> {
        let epoch = self.epoch(path, &body)?;
        let covers = self.covers(path)?;
        let own = self.own_key(path, Marker::Register, &body);
        // First, since it is what a base too old makes fail, and nothing can be taken back.
        self.clear_texts(path)?;
        for key in self.replaced(path) {
            if key != own {
                self.remove_entry(&key);
            }
        }
        let value = match &body {
            Body::Value(value) => Some(value.clone()),
            _ => None,
        };
        let dot = self.put_entry_at(own, body, epoch, covers)?;
        match value {
            Some(value) => self.fill_texts(path, Part { value: &value, ordinal: 0 }, dot, epoch),
            None => Ok(()),
        }
    }

    /// Removes a list item: its existence, its position, its value and all below.
    pub(super) fn delete_item(&mut self, path: &RegisterPath, id: ItemId) -> Result<(), EditError> {
        let here = self.document.registers.here(path).iter();
        let mut keys: Vec<EntryKey> = here
            .filter(|stored| self.in_context(stored.dot()))
            .map(|stored| stored.key.clone())
            .collect();
        keys.extend(self.replaced(path));
        keys.sort_unstable();
        keys.dedup();
        self.clear_texts(path)?;
        for key in keys {
            self.remove_entry(&key);
        }
        if id.ordinal > 0 {
            // It came with a value that holds other things too: cover its place there.
            self.put_entry(path, Marker::Existence, Body::Absent, 0, vec![id.dot])?;
        }
        Ok(())
    }

    /// Puts the first content of the texts in a value that was just written.
    pub(super) fn fill_texts(
        &mut self,
        path: &RegisterPath,
        part: Part<'_>,
        dot: Dot,
        epoch: u32,
    ) -> Result<(), EditError> {
        match part.value {
            Value::Text(content) => self.open_text(path, epoch, content),
            Value::Object(_) => part
                .fields()
                .try_for_each(|(key, field)| self.fill_texts(&path.key(key), field, dot, epoch)),
            Value::List(_) => part.items().try_for_each(|item| {
                let id = ItemId { dot, ordinal: item.ordinal };
                self.fill_texts(&path.item(id), item, dot, epoch)
            }),
            _ => Ok(()),
        }
    }
}
