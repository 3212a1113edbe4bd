//! Collaborative texts: splices, anchors, clearing what was removed.

use std::{fmt, str::FromStr};

use yrs::{
    Assoc, GetString, ID, IndexedSequence, StickyIndex, Text, TextRef, Transact, WriteTxn,
    block::ClientID,
};

use super::{
    Document,
    locate::Shape,
    picture::{Picture, Splice},
    write::{Writing, internal},
};
use crate::{
    entry::TextRoot,
    error::{EditError, InvalidInput},
    ids::{Dot, Incarnation},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath},
    text_index::SpliceError,
    view::Texts,
};

/// A place in a text that moves with it when others edit. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    root: TextRoot,
    /// The character that it stands before; none at the text's end.
    dot: Option<Dot>,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dot) = self.dot {
            write!(f, "{dot}")?;
        }
        write!(f, ":{}", self.root)
    }
}

impl FromStr for Anchor {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let parse = || {
            let (dot, root) = text.split_once(':')?;
            let dot = match dot {
                "" => None,
                dot => Some(dot.parse().ok()?),
            };
            Some(Self { root: TextRoot::parse(root)?, dot })
        };
        parse()
            .ok_or_else(|| InvalidInput::new("that is not an anchor", "give one that Dunlin made"))
    }
}

impl Document {
    /// The text at a path, empty where a splice would make it, with the path as it goes on to name
    /// this place: list items by id instead of by index.
    ///
    /// # Errors
    /// `WrongKind` where something else is, `NotFound` or `InvalidInput` for an item that is not
    /// there.
    pub fn text(&self, path: &Path) -> Result<(Path, String), EditError> {
        let target = self.locate(path)?;
        let content = match target.shape {
            Shape::Text(root) => self.content(&root),
            Shape::Absent => String::new(),
            shape => return Err(shape.wrong_kind(path, "a text")),
        };
        let path =
            target.missing.iter().fold(Path::from(&target.path), |path, key| path.child(key));
        Ok((path, content))
    }

    /// A cursor before the character at `index` (UTF-16 code units) of a text, which stays there
    /// when others edit.
    ///
    /// # Errors
    /// `NotFound` or `WrongKind` where no text is, `InvalidInput` for an index out of range.
    pub fn anchor(&self, path: &Path, index: u32) -> Result<Anchor, EditError> {
        let root = self.text_place(path)?;
        let text = self.texts.get(&root);
        let txn = self.doc.try_transact().map_err(internal)?;
        check_range(path, index, 0, text.map_or(0, |text| text.len(&txn)))?;
        // Behind the last character there is none to hold on to: that is the text's end.
        let dot = match &self.index {
            Some(positions) => positions.dot_at(&root.to_string(), index),
            None => text
                .and_then(|text| text.sticky_index(&txn, index, Assoc::After))
                .and_then(|it| dot_of(&it)),
        };
        Ok(Anchor { root, dot })
    }

    /// Where an anchor stands now, in UTF-16 code units.
    ///
    /// # Errors
    /// `NotFound` if the text is gone.
    pub fn resolve(&self, anchor: &Anchor) -> Result<u32, EditError> {
        let gone = || EditError::NotFound { path: anchor.root.path.to_string() };
        if !self.is_there(&anchor.root) {
            return Err(gone());
        }
        let txn = self.doc.try_transact().map_err(internal)?;
        let Some(dot) = anchor.dot else {
            return Ok(self.texts.get(&anchor.root).map_or(0, |text| text.len(&txn)));
        };
        let name = anchor.root.to_string();
        if let Some(positions) = &self.index {
            let found = positions.position(dot).filter(|(root, _)| *root == name);
            return found.map(|(_, index)| index).ok_or_else(gone);
        }
        let clocks = dot.clock..dot.clock.saturating_add(1);
        if self.known.texts_in(dot.incarnation, clocks).all(|root| **root != *name) {
            return Err(gone());
        }
        let id = ID::new(ClientID::new(dot.incarnation.client()), dot.clock);
        let offset = StickyIndex::from_id(id, Assoc::After).get_offset(&txn);
        offset.map(|offset| offset.index).ok_or_else(gone)
    }

    fn text_place(&self, path: &Path) -> Result<TextRoot, EditError> {
        let target = self.locate(path)?;
        match (target.missing.is_empty(), target.shape) {
            (true, Shape::Text(root)) => Ok(root),
            (true, shape) => Err(shape.wrong_kind(path, "a text")),
            (false, _) => Err(EditError::NotFound { path: path.to_string() }),
        }
    }
}

impl Writing<'_, '_> {
    /// The root text of a place, made on first use.
    fn root_text(&mut self, root: &TextRoot) -> TextRef {
        if let Some(text) = self.document.texts.get(root) {
            return text.clone();
        }
        let text = self.txn.get_or_insert_text(root.to_string());
        self.document.texts.insert(root.clone(), text.clone());
        self.note_opened(root);
        text
    }

    /// Types into a text in which nothing ever was.
    pub(super) fn begin_text(&mut self, writer: Incarnation, root: TextRoot, content: &str) {
        self.note_addition();
        self.root_text(&root);
        let (name, start) = (root.to_string(), self.composer.clock(writer));
        match &mut self.document.index {
            Some(index) => {
                index.begin(&mut self.composer, writer, &name, content);
                self.changes_index = true;
            }
            None => drop(self.composer.text(writer, &name, None, None, content)),
        }
        let end = self.composer.clock(writer);
        self.note_typed(&root, writer, start..end);
        self.note_path(&root.path);
    }

    /// Deletes and inserts in a text, at indices of the base.
    pub(super) fn splice(
        &mut self,
        user_path: &Path,
        root: &TextRoot,
        at: u32,
        delete: u32,
        insert: &str,
    ) -> Result<(), EditError> {
        if insert.len() > MAX_DOCUMENT_BYTES {
            let what = format!("the text at {:?}, in bytes,", root.path.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 });
        }
        let units = insert.encode_utf16().count() as u32;
        let wanted = Splice { at, delete, insert: units };
        if self.document.index.is_some() {
            return self.splice_by_index(user_path, root, wanted, insert);
        }
        if self.is_untouched(root) {
            self.meant(user_path, root, wanted, 0)?;
            if units > 0 {
                self.begin_text(self.writer(), root.clone(), insert);
                self.document.history.text(root.clone(), vec![wanted]);
            }
            return Ok(());
        }
        self.flush()?;
        let text = self.root_text(root);
        let splices = self.meant(user_path, root, wanted, text.len(self.txn))?;
        for splice in in_place(&splices) {
            self.check_surrogates(user_path, &text, splice)?;
        }
        if splices.iter().all(|it| it.is_empty()) {
            return Ok(());
        }
        self.note_path(&root.path);
        for splice in splices {
            self.apply_splice(root, &text, splice, insert)?;
        }
        Ok(())
    }

    /// The same where positions are known: into the update in the making, and the index.
    fn splice_by_index(
        &mut self,
        user_path: &Path,
        root: &TextRoot,
        wanted: Splice,
        insert: &str,
    ) -> Result<(), EditError> {
        let name = root.to_string();
        let length = self.document.index.as_ref().map_or(0, |index| index.len(&name));
        let splices = self.meant(user_path, root, wanted, length)?;
        for Splice { at, delete, .. } in in_place(&splices) {
            let checked = self.document.index.as_ref().map(|it| it.check(&name, at, delete));
            checked.transpose().map_err(|error| refusal(user_path, at, delete, error))?;
        }
        if splices.iter().all(|it| it.is_empty()) {
            return Ok(());
        }
        self.root_text(root);
        self.note_path(&root.path);
        let start = self.next_dot().clock;
        self.changes_index = true;
        if splices.iter().any(|it| it.insert > 0) {
            self.note_addition();
        }
        let Some(index) = &mut self.document.index else { return Err(internal("no index")) };
        for Splice { at, delete, insert: units } in splices.iter().copied() {
            let content = if units > 0 { insert } else { "" };
            let made = index.splice(&mut self.composer, &name, at, delete, content);
            made.map_err(|error| refusal(user_path, at, delete, error))?;
        }
        self.document.history.text(root.clone(), splices);
        let end = self.next_dot().clock;
        self.note_typed(root, self.writer(), start..end);
        Ok(())
    }

    /// What the caller's splice is in the text as it is, of this length, one after the other.
    fn meant(
        &mut self,
        user_path: &Path,
        root: &TextRoot,
        wanted: Splice,
        length: u32,
    ) -> Result<Vec<Splice>, EditError> {
        let Splice { at, delete, .. } = wanted;
        self.read_picture(root, length)?;
        match self.pictures.get_mut(root) {
            Some(picture) => {
                check_range(user_path, at, delete, picture.length())?;
                Ok(picture.replace(wanted))
            }
            None => {
                check_range(user_path, at, delete, length)?;
                Ok(vec![wanted])
            }
        }
    }

    /// Makes the caller's picture of a text of this length, if it has read something older than
    /// what is there.
    fn read_picture(&mut self, root: &TextRoot, length: u32) -> Result<(), EditError> {
        let Some(base) = &self.base else { return Ok(()) };
        if !self.pictures.contains_key(root) {
            let unseen = self.document.history.text_since(root, base.seq);
            let unseen =
                unseen.ok_or_else(|| EditError::StaleVersion { path: root.path.to_string() })?;
            self.pictures.insert(root.clone(), Picture::before(&unseen, length));
        }
        Ok(())
    }

    /// Has yrs splice, which looks for the position itself.
    fn apply_splice(
        &mut self,
        root: &TextRoot,
        text: &TextRef,
        splice: Splice,
        insert: &str,
    ) -> Result<(), EditError> {
        if splice.is_empty() {
            return Ok(());
        }
        if splice.insert > 0 {
            self.note_addition();
        }
        self.with_yrs(root, |txn| {
            if splice.delete > 0 {
                text.remove_range(txn, splice.at, splice.delete);
            }
            if splice.insert > 0 {
                text.insert(txn, splice.at, insert);
            }
        })?;
        self.document.history.text(root.clone(), vec![splice]);
        Ok(())
    }

    /// Neither end of a range may lie inside a surrogate pair.
    fn check_surrogates(
        &self,
        path: &Path,
        text: &TextRef,
        splice: Splice,
    ) -> Result<(), EditError> {
        let content = text.get_string(self.txn);
        let mut index = 0;
        for character in content.chars() {
            for end in [splice.at, splice.at + splice.delete] {
                if character.len_utf16() == 2 && index + 1 == end {
                    return Err(inside_pair(path, end).into());
                }
            }
            index += character.len_utf16() as u32;
        }
        Ok(())
    }

    /// Whether nothing is in a text.
    fn is_empty(&self, root: &TextRoot) -> bool {
        match &self.document.index {
            Some(index) => index.len(&root.to_string()) == 0,
            None => {
                let held = self.document.texts.get(root).map_or(0, |text| text.len(self.txn));
                held == 0 && !self.typed.contains_key(root)
            }
        }
    }

    /// Deletes the characters in context of all texts here and below.
    pub(super) fn clear_texts(&mut self, path: &RegisterPath) {
        let roots: Vec<TextRoot> =
            self.document.texts_at(path).map(|(root, _)| root.clone()).collect();
        for root in roots {
            if self.is_empty(&root) {
                self.cleared.insert(root);
                continue;
            }
            let mut is_cleared = false;
            for (writer, clocks) in self.operations_in(&root) {
                let first = Dot { incarnation: writer, clock: clocks.start };
                let seen = match &self.base {
                    Some(base) if !self.is_of_this_transaction(first) => {
                        clocks.end.min(base.state_vector.clock(writer))
                    }
                    _ => clocks.end,
                };
                if seen > clocks.start {
                    self.composer.delete(first, seen - clocks.start);
                    is_cleared = true;
                    if let Some(index) = &mut self.document.index {
                        let changes = index.clear(first, seen - clocks.start);
                        self.changes_index = true;
                        self.document.note_changes(&changes);
                    }
                }
            }
            if is_cleared {
                self.note_path(&root.path);
                self.cleared.insert(root.clone());
                self.pictures.remove(&root);
                if self.document.index.is_none() {
                    self.document.history.text_lost(root);
                }
            }
        }
    }
}

fn check_range(path: &Path, at: u32, delete: u32, length: u32) -> Result<(), EditError> {
    match at.checked_add(delete) {
        Some(end) if end <= length => Ok(()),
        _ => Err(out_of_range(path, at, delete, length).into()),
    }
}

fn out_of_range(path: &Path, at: u32, delete: u32, length: u32) -> InvalidInput {
    InvalidInput::new(
        format!("{at} + {delete} is out of range: {path} has {length} UTF-16 code units"),
        "read the text again, and count UTF-16 code units",
    )
}

fn inside_pair(path: &Path, index: u32) -> InvalidInput {
    InvalidInput::new(
        format!("index {index} of {path} is inside a surrogate pair"),
        "count UTF-16 code units and stay outside of characters such as emoji",
    )
}

fn refusal(path: &Path, at: u32, delete: u32, error: SpliceError) -> EditError {
    match error {
        SpliceError::OutOfRange { length } => out_of_range(path, at, delete, length).into(),
        SpliceError::InsideSurrogatePair { index } => inside_pair(path, index).into(),
    }
}

/// Splices to be made one after the other, at their places in the text before all of them.
fn in_place(splices: &[Splice]) -> impl Iterator<Item = Splice> + '_ {
    splices.iter().scan(0u32, |shift, splice| {
        let at = splice.at.wrapping_add(*shift);
        *shift = shift.wrapping_add(splice.delete).wrapping_sub(splice.insert);
        Some(Splice { at, ..*splice })
    })
}

fn dot_of(place: &StickyIndex) -> Option<Dot> {
    let id = place.id()?;
    Some(Dot { incarnation: Incarnation::from_client(id.client.get())?, clock: id.clock })
}
