//! The index of a document's texts: when there is one, and how it follows what changes.

use std::{collections::BTreeSet, sync::Arc};

use yrs::{Text, Transact};

use super::{
    Document,
    mirror::{Held, News},
    picture::Splice,
};
use crate::{
    edit::Edit,
    entry::TextRoot,
    scan::{self, Scanned},
    text_index::{TextChange, TextIndex},
};

/// From this edit on that names a position in a text, the document has an index. It costs as much
/// as loading the document; without it, each such edit walks its text.
pub(super) const FIRST_INDEXED_EDIT: u32 = 32;

/// A state of at most this many bytes is indexed when somebody else types, so that what was read
/// before stays a base for edits. In a larger one such a base is too old.
const MAX_BYTES_INDEXED_FOR_OTHERS: usize = 64 << 10;

impl Document {
    /// Counts the edits that name a position in a text, and makes the index if there are many.
    pub(super) fn expect_positions(&mut self, edits: &[Edit]) {
        if self.index.is_some() {
            return;
        }
        let positional = edits.iter().filter(|edit| matches!(edit, Edit::Splice { .. })).count();
        let positional = u32::try_from(positional).unwrap_or(u32::MAX);
        self.positional_edits = self.positional_edits.saturating_add(positional);
        if positional > 0 && self.positional_edits >= FIRST_INDEXED_EDIT {
            self.make_index();
        }
    }

    pub(super) fn make_index(&mut self) {
        let state = self.snapshot();
        self.encoded_len = state.len();
        let scanned = scan::read(&state).ok();
        let index = scanned.and_then(|it| TextIndex::of_state(&it, self.incarnation).ok());
        debug_assert!(index.is_some(), "a state is read and has no holes");
        self.index = index;
    }

    /// Makes the index of a small document before an update changes one of its texts.
    pub(super) fn index_before(&mut self, scanned: &Scanned<'_>, held: &Held) {
        if self.index.is_some() || self.encoded_len > MAX_BYTES_INDEXED_FOR_OTHERS {
            return;
        }
        let mut deletions = scanned.deletions().into_iter();
        let changes_texts = !self.texts_typed_in(scanned, held).is_empty()
            || deletions
                .any(|(writer, clocks)| self.known.texts_in(writer, clocks).next().is_some());
        if changes_texts {
            self.make_index();
        }
    }

    /// The texts to which an update that is held has added something.
    fn texts_typed_in(&self, scanned: &Scanned<'_>, held: &Held) -> BTreeSet<Arc<str>> {
        let fresh = scanned.spans().map(|(writer, clocks)| {
            let held = held.get(&writer).copied().unwrap_or(0);
            (writer, clocks.start.max(held)..clocks.end)
        });
        fresh.flat_map(|(writer, clocks)| self.known.texts_in(writer, clocks).cloned()).collect()
    }

    /// Notes what an update that was applied has changed in texts; returns which.
    pub(super) fn follow_texts(
        &mut self,
        scanned: &Scanned<'_>,
        held: &Held,
        news: &News,
    ) -> BTreeSet<TextRoot> {
        let changes = self.index.as_mut().map(|index| index.apply(scanned));
        if let Some(Ok(changes)) = changes {
            let touched = self.note_changes(&changes);
            touched.iter().for_each(|root| self.check_length(root));
            return touched;
        }
        debug_assert!(changes.is_none(), "the index has seen every update");
        self.index = None;
        let mut names = self.texts_typed_in(scanned, held);
        for (writer, clocks) in &news.deleted {
            names.extend(self.known.texts_in(*writer, clocks.clone()).cloned());
        }
        let touched: BTreeSet<TextRoot> =
            names.iter().filter_map(|name| TextRoot::parse(name)).collect();
        touched.iter().for_each(|root| self.history.text_lost(root.clone()));
        touched
    }

    /// Follows what a local transaction has made; the index made its splices itself.
    pub(super) fn follow_own(&mut self, scanned: &Scanned<'_>) {
        let changes = self.index.as_mut().map(|index| index.apply(scanned));
        debug_assert!(changes.as_ref().is_none_or(|it| it.as_ref().is_ok_and(Vec::is_empty)));
        if matches!(changes, Some(Err(_))) {
            self.index = None;
        }
    }

    /// Notes in the history what the index says has changed.
    pub(super) fn note_changes(&mut self, changes: &[TextChange]) -> BTreeSet<TextRoot> {
        let mut touched = BTreeSet::new();
        for changes in changes.chunk_by(|left, right| Arc::ptr_eq(&left.root, &right.root)) {
            let Some(root) = TextRoot::parse(&changes[0].root) else { continue };
            let splices = changes.iter().map(|change| {
                let TextChange { at, delete, insert, .. } = *change;
                Splice { at, delete, insert }
            });
            self.history.text(root.clone(), splices.collect());
            touched.insert(root);
        }
        touched
    }

    /// In tests: whether yrs has as many characters in a text as the index has.
    fn check_length(&self, root: &TextRoot) {
        if cfg!(debug_assertions)
            && let (Some(index), Some(text)) = (&self.index, self.texts.get(root))
            && let Ok(txn) = self.doc.try_transact()
        {
            debug_assert_eq!(index.len(&root.to_string()), text.len(&txn), "{root}");
        }
    }
}
