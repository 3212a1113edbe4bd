//! Writing registers: one transaction, its context, and what a write replaces.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use yrs::{ReadTxn, Transact, TransactionMut, Update, updates::decoder::Decode};

use super::{
    Change, Document, FAILED_BEFORE, bounds::too_long, gone::Shown, picture::Picture, room::Intent,
};
use crate::{
    compose::Composer,
    entry::{Beginning, Body, Entry, EntryKey, Marker, Outside, TextRoot, Tree, outside},
    error::EditError,
    founder,
    ids::{Dot, Incarnation},
    item::ItemId,
    limits::{
        MAX_COVERS, MAX_DOCUMENT_BYTES, MAX_ENTRY_BYTES, MAX_EPOCH, MAX_UPDATE_BYTES, MAX_WRITERS,
        MAX_WRITTEN_PATH_BYTES,
    },
    path::{Path, RegisterPath},
    registers::{Branch, Stored},
    scan::{self, Scanned},
    value::Value,
    version::Version,
    view::Place,
};

/// A transaction of local edits, which becomes one update.
pub(super) struct Writing<'a, 't> {
    pub(super) document: &'a mut Document,
    pub(super) txn: &'a mut TransactionMut<'t>,
    /// What the caller had read; none if that is everything present.
    pub(super) base: Option<Version>,
    pub(super) now_ms: i64,
    pub(super) composer: Composer,
    first_clock: u32,
    intent: Intent,
    /// Where something changed, with repetitions.
    paths: Vec<RegisterPath>,
    /// What was under each key that was written, and the last operation there.
    undo: Vec<(EntryKey, Option<Stored>, Option<Dot>)>,
    /// Whether yrs has changed already: by edits at positions that it looked for itself.
    is_applied: bool,
    /// What was typed so far.
    pub(super) typed: BTreeMap<TextRoot, Vec<(Incarnation, Range<u32>)>>,
    /// The texts of which all in context was deleted.
    pub(super) cleared: BTreeSet<TextRoot>,
    /// The text that the last edit spliced, which the next one most likely does too.
    pub(super) spliced: Option<(Path, TextRoot)>,
    /// The texts that were opened.
    opened: Vec<TextRoot>,
    /// Whether the index has made changes that are not applied yet.
    pub(super) changes_index: bool,
    /// The texts as the caller sees them: at the base, with the edits so far.
    pub(super) pictures: BTreeMap<TextRoot, Picture>,
    /// The lists as the caller sees them: at the base, with the edits so far.
    pub(super) seen_lists: BTreeMap<RegisterPath, Vec<ItemId>>,
    /// The items that this may take away.
    pub(super) shown: Shown,
}

impl Document {
    /// Runs local edits in one transaction. If they fail, nothing has changed, unless the document
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
        let first_clock = self.known.clock(self.incarnation);
        if first_clock == 0 && self.known.writer_count() >= MAX_WRITERS {
            let what = "the number of writers".to_owned();
            return Err(EditError::LimitExceeded { what, limit: MAX_WRITERS as u64 });
        }
        let pending = self.history.pending();
        let doc = self.doc.clone();
        let mut txn = doc.try_transact_mut().map_err(internal)?;
        let mut writing = Writing {
            document: self,
            txn: &mut txn,
            base,
            now_ms,
            composer: Composer::default(),
            first_clock,
            intent: Intent::Remove,
            paths: Vec::new(),
            undo: Vec::new(),
            is_applied: false,
            typed: BTreeMap::new(),
            cleared: BTreeSet::new(),
            spliced: None,
            opened: Vec::new(),
            changes_index: false,
            pictures: BTreeMap::new(),
            seen_lists: BTreeMap::new(),
            shown: Shown::new(),
        };
        writing.begin();
        let result = edits(&mut writing);
        if let Err(error) = result {
            writing.take_back(pending);
            return Err(error);
        }
        let composed = writing.compose();
        let scanned = match writing.check(composed.as_deref()) {
            Ok(scanned) => scanned,
            Err(refused) => {
                writing.take_back(pending);
                return Err(refused);
            }
        };
        let finished = writing.finish(composed.as_deref().zip(scanned));
        self.poisoned |= finished.is_err();
        finished
    }

    /// A base must be of this document and not from its future.
    fn check_base(&self, base: &Version) -> Result<(), EditError> {
        let held = self.known.covers_all(&base.state_vector);
        if base.generation == self.known.generation && held && base.seq <= self.seq {
            return Ok(());
        }
        Err(EditError::StaleVersion { path: "the document".into() })
    }
}

pub(super) fn internal(error: impl std::fmt::Display) -> EditError {
    EditError::Internal { what: error.to_string() }
}

impl Writing<'_, '_> {
    /// The writer of this transaction.
    pub(super) fn writer(&self) -> Incarnation {
        self.document.incarnation
    }

    /// What is composed next has the transaction's next clock.
    fn begin(&mut self) {
        let clock = ReadTxn::store(&*self.txn).get_local_state();
        self.composer.begin(self.writer(), clock);
    }

    /// Has yrs apply what is composed so far.
    pub(super) fn flush(&mut self) -> Result<(), EditError> {
        if self.composer.is_empty() {
            return Ok(());
        }
        let update = std::mem::take(&mut self.composer).finish();
        self.apply(&update)?;
        self.begin();
        Ok(())
    }

    fn apply(&mut self, update: &[u8]) -> Result<(), EditError> {
        self.is_applied = true;
        let applied = catch_unwind(AssertUnwindSafe(|| {
            let update = Update::decode_v1(update).map_err(|error| error.to_string())?;
            self.txn.apply_update(update).map_err(|error| error.to_string())
        }));
        match applied {
            Ok(outcome) => outcome.map_err(internal),
            Err(_) => Err(internal("a panic")),
        }
    }

    /// Has yrs itself edit a text; what is composed next follows it.
    pub(super) fn with_yrs(
        &mut self,
        root: &TextRoot,
        edit: impl FnOnce(&mut TransactionMut<'_>),
    ) -> Result<(), EditError> {
        self.flush()?;
        self.is_applied = true;
        let start = self.next_dot().clock;
        edit(self.txn);
        self.composer = Composer::default();
        self.begin();
        let end = self.next_dot().clock;
        self.note_typed(root, self.writer(), start..end);
        Ok(())
    }

    /// Notes what was typed in this transaction.
    pub(super) fn note_typed(&mut self, root: &TextRoot, writer: Incarnation, clocks: Range<u32>) {
        if !clocks.is_empty() {
            self.typed.entry(root.clone()).or_default().push((writer, clocks));
        }
    }

    /// Notes that a text was opened.
    pub(super) fn note_opened(&mut self, root: &TextRoot) {
        self.opened.push(root.clone());
    }

    /// Whether nothing was ever typed in a text.
    pub(super) fn is_untouched(&self, root: &TextRoot) -> bool {
        !self.document.known.has_text(&root.to_string()) && !self.typed.contains_key(root)
    }

    /// Everything that was ever typed in a text.
    pub(super) fn operations_in(&self, root: &TextRoot) -> Vec<(Incarnation, Range<u32>)> {
        let mut found = self.document.known.operations_in(&root.to_string());
        found.extend(self.typed.get(root).into_iter().flatten().cloned());
        found
    }

    /// The whole transaction as one update, if yrs has changed nothing yet.
    fn compose(&mut self) -> Option<Vec<u8>> {
        let is_composed = !self.is_applied && !self.composer.is_empty();
        is_composed.then(|| std::mem::take(&mut self.composer).finish())
    }

    /// Reads what was composed, and refuses it where there is no room for what it leaves.
    fn check<'u>(&mut self, composed: Option<&'u [u8]>) -> Result<Option<Scanned<'u>>, EditError> {
        let Some(update) = composed else { return Ok(None) };
        if update.len() > MAX_UPDATE_BYTES {
            let what = "what this writes, in bytes,".to_owned();
            return Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 });
        }
        let scanned = scan::read(update).map_err(internal)?;
        self.document.check_room_to_write(&*self.txn, update, &scanned, self.intent)?;
        Ok(Some(scanned))
    }

    fn finish(mut self, composed: Option<(&[u8], Scanned<'_>)>) -> Result<Change, EditError> {
        let by_yrs;
        let is_judged = composed.is_some();
        let (update, scanned) = match composed {
            Some((update, scanned)) => {
                self.apply(update)?;
                self.txn.commit();
                (update, scanned)
            }
            None if self.is_applied => {
                self.flush()?;
                self.txn.commit();
                if !self.txn.has_changes() {
                    return Ok(Change::default());
                }
                by_yrs = self.txn.encode_update_v1();
                (by_yrs.as_slice(), scan::read(&by_yrs).map_err(internal)?)
            }
            None => return Ok(Change::default()),
        };
        let before = self.document.size();
        self.document.known.absorb(&scanned).map_err(internal)?;
        if self.txn.has_missing_updates() {
            return Err(internal("something is left pending"));
        }
        debug_assert_eq!(
            super::replica::state_vector_of(&*self.txn),
            self.document.known.state_vector()
        );
        self.document.follow_own(&scanned);
        self.document.encoded_len += update.len();
        self.document.is_measured = false;
        if !is_judged {
            self.document.check_written(&*self.txn, before, self.intent)?;
        }
        let gone = self.document.gone_of(self.shown);
        self.paths.sort_unstable();
        self.paths.dedup();
        let paths = self.paths.iter().map(RegisterPath::to_string).collect();
        Ok(Change { update: update.to_vec(), paths, gone })
    }

    /// Makes all undone, where yrs has not changed yet.
    fn take_back(self, pending: usize) {
        if self.is_applied {
            self.document.poisoned = true;
            return;
        }
        if self.changes_index {
            self.document.index = None;
        }
        for root in self.opened {
            self.document.texts.remove(&root);
        }
        for (key, stored, last) in self.undo.into_iter().rev() {
            self.document.registers.restore(key, stored, last);
        }
        self.document.lists.clear();
        self.document.history.take_back(pending);
    }

    /// Whether the caller had seen this write when it decided on its edits.
    pub(super) fn in_context(&self, dot: Dot) -> bool {
        self.is_of_this_transaction(dot)
            || self.base.as_ref().is_none_or(|base| base.state_vector.covers(dot))
    }

    /// Whether this transaction wrote it.
    pub(super) fn is_of_this_transaction(&self, dot: Dot) -> bool {
        dot.incarnation == self.writer() && dot.clock >= self.first_clock
    }

    /// The dot that the next entry will have.
    pub(super) fn next_dot(&self) -> Dot {
        let writer = self.writer();
        Dot { incarnation: writer, clock: self.composer.clock(writer) }
    }

    /// Notes that the transaction does more than delete.
    pub(super) fn note_addition(&mut self) {
        self.intent = Intent::Add;
    }

    pub(super) fn note_path(&mut self, path: &RegisterPath) {
        if self.paths.last() != Some(path) {
            self.paths.push(path.clone());
        }
    }

    /// The place at a register, as it is in the middle of this transaction.
    pub(super) fn place(&self, path: &RegisterPath) -> Place<'_> {
        Place::at(&self.document.registers, &self.document.lists, path)
    }

    /// Begins a document of which nothing is held: its content is nobody's write.
    pub(super) fn found(&mut self, content: &Value) -> Result<(), EditError> {
        let root = RegisterPath::root();
        for founding in founder::found(content, self.document.known.generation) {
            let founder::Founding { writer, value, entry } = founding;
            let Body::Value(tree) = entry.body.clone() else { continue };
            self.composer.begin(writer, 0);
            let key = |path: &RegisterPath| EntryKey {
                path: path.clone(),
                marker: Marker::Register,
                incarnation: writer,
                number: 0,
            };
            self.write_entry(key(&root), entry)?;
            let mut texts = Vec::new();
            for (path, content) in outside(&root, &tree, &value, Beginning::Fresh(0)) {
                match content {
                    Outside::Scalar(scalar) => {
                        let body = Body::Value(Arc::new(Tree::Scalar(scalar.clone())));
                        let clock = self.composer.clock(writer);
                        let entry = Entry {
                            body,
                            clock,
                            time_ms: 0,
                            epoch: 0,
                            over: false,
                            covers: Vec::new(),
                        };
                        self.write_entry(key(&path), entry)?;
                    }
                    Outside::Text(text) => texts.push((path, text)),
                }
            }
            let begun = Some(Dot { incarnation: writer, clock: 0 });
            for (path, text) in texts {
                self.begin_text(writer, TextRoot { path, epoch: 0, begun }, text);
            }
        }
        Ok(())
    }

    /// Writes an entry under this writer's own key: the one that the caller has seen, or a new one.
    pub(super) fn put_entry(
        &mut self,
        path: &RegisterPath,
        marker: Marker,
        body: Body,
    ) -> Result<Dot, EditError> {
        let key = self.own_key(path, marker, &body);
        self.put_entry_at(key, body, Epoch::default(), Vec::new())
    }

    pub(super) fn own_key(&self, path: &RegisterPath, marker: Marker, body: &Body) -> EntryKey {
        self.own_key_among(self.document.registers.here(path), path, marker, body)
    }

    fn own_key_among(
        &self,
        here: &[Stored],
        path: &RegisterPath,
        marker: Marker,
        body: &Body,
    ) -> EntryKey {
        let mut key =
            EntryKey { path: path.clone(), marker, incarnation: self.writer(), number: 0 };
        // A deletion keeps the entries that it hides.
        let replaces = !matches!(body, Body::Deleted(_));
        while let Some(stored) = here.iter().find(|stored| stored.key == key) {
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
        epoch: Epoch,
        covers: Vec<Dot>,
    ) -> Result<Dot, EditError> {
        let clock = self.next_dot().clock;
        let Epoch { number: epoch, over } = epoch;
        let entry = Entry { body, clock, time_ms: self.now_ms, epoch, over, covers };
        self.write_entry(key, entry)
    }

    fn write_entry(&mut self, key: EntryKey, entry: Entry) -> Result<Dot, EditError> {
        if key.path.as_str().len() > MAX_WRITTEN_PATH_BYTES {
            return Err(too_long(key.path.as_str()));
        }
        let payload = entry.encode();
        if payload.len() > MAX_ENTRY_BYTES {
            let what = format!("the value at {:?}, in bytes,", key.path.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_ENTRY_BYTES as u64 });
        }
        if !matches!(entry.body, Body::Absent | Body::Deleted(_)) {
            self.note_addition();
        }
        self.note_path(&key.path);
        let previous = self.document.registers.previous(&key);
        let dot = self.composer.entry(key.incarnation, &key.to_string(), payload, previous);
        let before = self.document.set_entry(&key, Some(entry));
        self.undo.push((key.clone(), before, previous.map(|previous| previous.dot)));
        self.document.registers.follow(key, dot);
        Ok(dot)
    }

    pub(super) fn remove_entry(&mut self, key: &EntryKey) {
        self.note_path(&key.path);
        if let Some(before) = self.document.set_entry(key, None) {
            let dot = before.dot();
            self.composer.delete(dot, 1);
            self.undo.push((key.clone(), Some(before), Some(dot)));
        }
    }

    /// Entries in context that a write at this register replaces: what was written here and below.
    /// Whether a list item exists, and where, is not part of its value.
    fn replaced(&self, path: &RegisterPath, there: &[&Stored]) -> Vec<EntryKey> {
        let is_value = |stored: &&&Stored| {
            matches!(stored.key.marker, Marker::Register | Marker::Subtotal(_))
                || stored.key.path != *path
        };
        there
            .iter()
            .filter(is_value)
            .filter(|stored| self.in_context(stored.dot()))
            .map(|stored| stored.key.clone())
            .collect()
    }

    /// Values written above (or with the insertion of the item here) that speak for this path.
    pub(super) fn covers(&self, path: &RegisterPath) -> Result<Vec<Dot>, EditError> {
        self.covers_of(path, &reaching(&self.place(path)))
    }

    fn covers_of(
        &self,
        path: &RegisterPath,
        reaching: &[(Dot, u32)],
    ) -> Result<Vec<Dot>, EditError> {
        let dots = reaching.iter().map(|(dot, _)| *dot);
        let mut covers: Vec<Dot> = dots.filter(|dot| self.in_context(*dot)).collect();
        covers.sort_unstable();
        covers.dedup();
        if covers.len() > MAX_COVERS {
            let what = format!("the number of concurrent writes above {:?}", path.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_COVERS as u64 });
        }
        Ok(covers)
    }

    /// The epoch of what a write at this path begins: above that of everything it replaces, so
    /// that no character or increment of something older leaks in.
    ///
    /// # Errors
    /// `LimitExceeded` above the highest epoch that peers take.
    fn epoch(
        &self,
        path: &RegisterPath,
        body: &Body,
        there: &[&Stored],
        reaching: &[(Dot, u32)],
    ) -> Result<Epoch, EditError> {
        let written = there.iter().map(|stored| match stored.key.marker {
            Marker::Subtotal(epoch) => epoch,
            _ => stored.entry.epoch,
        });
        let reaching = reaching.iter().map(|(_, epoch)| *epoch);
        let texts = self.document.texts_at(path).map(|(root, _)| root.epoch);
        let replaced = written.chain(reaching).chain(texts).max();
        let above = self.enclosing_epoch(path);
        let begins = match body {
            Body::Value(tree) => !matches!(**tree, Tree::Scalar(_) | Tree::Whole(_)),
            _ => false,
        };
        let number = match replaced {
            Some(epoch) if begins => epoch.checked_add(1),
            Some(epoch) => Some(epoch),
            None => Some(0),
        };
        let over = begins && replaced.is_some();
        let number = number.map(|epoch| epoch.max(above)).filter(|epoch| *epoch <= MAX_EPOCH);
        number.map(|number| Epoch { number, over }).ok_or_else(|| {
            let what = format!("how often {:?} was made anew", path.as_str());
            EditError::LimitExceeded { what, limit: MAX_EPOCH.into() }
        })
    }

    /// The latest epoch of the values that enclose this path.
    pub(super) fn enclosing_epoch(&self, path: &RegisterPath) -> u32 {
        let steps = path.segments();
        let Some((_, above)) = steps.split_last() else { return 0 };
        let epoch_at =
            |branch: &Branch| branch.stored.iter().map(|stored| stored.entry.epoch).max();
        let mut branch = self.document.registers.root();
        let mut epoch = epoch_at(branch);
        for step in above {
            let Some(below) = branch.children.get(*step) else { break };
            branch = below;
            epoch = epoch.max(epoch_at(branch));
        }
        epoch.unwrap_or(0)
    }

    /// Writes a value to a register: replaces what the caller had seen here and below, covers what
    /// it had seen above, and leaves alone what it had not.
    pub(super) fn write_value(
        &mut self,
        path: &RegisterPath,
        value: &Value,
    ) -> Result<(), EditError> {
        let tree = Arc::new(Tree::of(value));
        let (dot, epoch) = self.write_register(path, Body::Value(Arc::clone(&tree)))?;
        self.write_outside(path, &tree, value, dot, epoch)
    }

    /// Writes that nothing is at a register.
    pub(super) fn write_absent(&mut self, path: &RegisterPath) -> Result<(), EditError> {
        self.write_register(path, Body::Absent).map(drop)
    }

    fn write_register(
        &mut self,
        path: &RegisterPath,
        body: Body,
    ) -> Result<(Dot, Epoch), EditError> {
        let place = self.place(path);
        let there = place.branch.map_or_else(Vec::new, Branch::all);
        let reaching = reaching(&place);
        let epoch = self.epoch(path, &body, &there, &reaching)?;
        let covers = self.covers_of(path, &reaching)?;
        let own = self.own_key_among(place.stored(), path, Marker::Register, &body);
        let replaced = self.replaced(path, &there);
        let shown = self.items_below(&place);
        drop(place);
        self.shown.extend(shown);
        self.clear_texts(path);
        for key in replaced {
            if key != own {
                self.remove_entry(&key);
            }
        }
        Ok((self.put_entry_at(own, body, epoch, covers)?, epoch))
    }

    /// Writes what of a value stands outside of the tree that was just written.
    pub(super) fn write_outside(
        &mut self,
        path: &RegisterPath,
        tree: &Tree,
        value: &Value,
        dot: Dot,
        epoch: Epoch,
    ) -> Result<(), EditError> {
        let beginning = match epoch.over {
            true => Beginning::Over(dot),
            false => Beginning::Fresh(epoch.number),
        };
        for (path, content) in outside(path, tree, value, beginning) {
            match content {
                Outside::Scalar(scalar) => {
                    let body = Body::Value(Arc::new(Tree::Scalar(scalar.clone())));
                    let key = self.own_key(&path, Marker::Register, &body);
                    self.put_entry_at(key, body, epoch, Vec::new())?;
                }
                Outside::Text(text) => {
                    let root = TextRoot { path, epoch: epoch.number, begun: Some(dot) };
                    self.begin_text(self.writer(), root, text);
                }
            }
        }
        Ok(())
    }

    /// Removes a list item that is there: its existence, its position, its value and all below.
    pub(super) fn delete_item(&mut self, path: &RegisterPath) -> Result<(), EditError> {
        self.note_item(path);
        self.erase_item(path)
    }

    /// Removes what there is of a list item, also where it is gone already.
    pub(super) fn erase_item(&mut self, path: &RegisterPath) -> Result<(), EditError> {
        let here = self.document.registers.here(path);
        let is_inserted = here.iter().any(|stored| matches!(stored.entry.body, Body::Item(..)));
        let mut keys: Vec<EntryKey> = here
            .iter()
            .filter(|stored| self.in_context(stored.dot()))
            .map(|stored| stored.key.clone())
            .collect();
        keys.extend(self.replaced(path, &self.document.registers.here_and_below(path)));
        keys.sort_unstable();
        keys.dedup();
        self.clear_texts(path);
        for key in keys {
            self.remove_entry(&key);
        }
        if !is_inserted {
            // A list began with it: that it is gone holds for whoever begins with it.
            self.put_entry(path, Marker::Existence, Body::Absent)?;
        }
        Ok(())
    }
}

/// The dot and epoch of each value written above that speaks for a place.
fn reaching(place: &Place<'_>) -> Vec<(Dot, u32)> {
    let inherited = place.inherited.iter();
    inherited.map(|fact| (fact.stored.dot(), fact.stored.entry.epoch)).collect()
}

/// The epoch of a write, and whether it was written over something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch {
    pub(super) number: u32,
    pub(super) over: bool,
}
