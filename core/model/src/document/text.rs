//! Collaborative texts: splices, anchors, clearing what was removed.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use yrs::{
    Assoc, GetString, IndexedSequence, StickyIndex, Text, TextRef, Transact, WriteTxn,
    updates::{decoder::Decode, encoder::Encode},
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
    view::Texts,
};

/// A place in a text that moves with it when others edit. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    root: TextRoot,
    sticky: Vec<u8>,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sticky = BASE64URL_NOPAD.encode(&self.sticky);
        write!(f, "{sticky}:{}", self.root)
    }
}

impl FromStr for Anchor {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let parse = || {
            let (sticky, root) = text.split_once(':')?;
            let root = TextRoot::parse(root)?;
            let sticky = BASE64URL_NOPAD.decode(sticky.as_bytes()).ok()?;
            (sticky.len() <= 64).then_some(Self { root, sticky })
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
        let place = self.text_place(path)?;
        let Some(text) = self.texts.get(&place) else {
            return Err(EditError::NotFound { path: path.to_string() });
        };
        let txn = self.doc.try_transact().map_err(internal)?;
        check_range(path, index, 0, text.len(&txn))?;
        // Behind the last character there is none to hold on to: that is the text's end.
        let sticky = text
            .sticky_index(&txn, index, Assoc::After)
            .unwrap_or_else(|| StickyIndex::from_type(&txn, text, Assoc::After));
        Ok(Anchor { root: place, sticky: sticky.encode_v1() })
    }

    /// Where an anchor stands now, in UTF-16 code units.
    ///
    /// # Errors
    /// `NotFound` if the text is gone.
    pub fn resolve(&self, anchor: &Anchor) -> Result<u32, EditError> {
        let gone = || EditError::NotFound { path: anchor.root.path.to_string() };
        let known = self.texts.contains_key(&anchor.root) && self.is_there(&anchor.root);
        let sticky = StickyIndex::decode_v1(&anchor.sticky).map_err(|_| gone())?;
        let txn = self.doc.try_transact().map_err(internal)?;
        let offset = known.then(|| sticky.get_offset(&txn)).flatten().ok_or_else(gone)?;
        Ok(offset.index)
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
        self.document.follow_text(root.clone(), text.clone());
        text
    }

    /// Types into a text in which nothing ever was.
    pub(super) fn begin_text(&mut self, writer: Incarnation, root: TextRoot, content: &str) {
        self.note_addition();
        self.root_text(&root);
        let Dot { clock, .. } = self.composer.text(writer, &root.to_string(), None, None, content);
        let end = self.composer.clock(writer);
        self.note_typed(&root, writer, clock..end);
        self.document.note_wide(&root, content);
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
        if self.operations_in(root).is_empty() {
            check_range(user_path, at, delete, 0)?;
            if !insert.is_empty() {
                let units = insert.encode_utf16().count() as u32;
                self.begin_text(self.writer(), root.clone(), insert);
                let splice = Splice { at: 0, delete: 0, insert: units };
                self.document.history.text(root.clone(), vec![splice]);
            }
            return Ok(());
        }
        self.flush()?;
        let text = self.root_text(root);
        let pictured = self.read_picture(root, &text)?;
        let length = match pictured {
            true => self.pictures.get(root).map_or(0, Picture::length),
            false => text.len(self.txn),
        };
        check_range(user_path, at, delete, length)?;
        let units = insert.encode_utf16().count() as u32;
        let splice = Splice { at, delete, insert: units };
        let splices = match self.pictures.get_mut(root) {
            Some(picture) => picture.replace(splice),
            None => vec![splice],
        };
        // All before any, since a transaction that has changed something cannot be taken back.
        let mut shift = 0u32;
        for splice in &splices {
            let at = splice.at.wrapping_add(shift);
            self.check_surrogates(user_path, root, &text, at, splice.delete)?;
            shift = shift.wrapping_add(splice.delete).wrapping_sub(splice.insert);
        }
        self.note_path(&root.path);
        for splice in splices {
            let content = if splice.insert > 0 { insert } else { "" };
            self.apply_splice(root, &text, splice, content)?;
        }
        Ok(())
    }

    /// Makes the caller's picture of a text, if it has read something older than what is there;
    /// whether it has.
    fn read_picture(&mut self, root: &TextRoot, text: &TextRef) -> Result<bool, EditError> {
        let Some(base) = &self.base else { return Ok(false) };
        if !self.pictures.contains_key(root) {
            let unseen = self.document.history.text_since(root, base.seq);
            let unseen =
                unseen.ok_or_else(|| EditError::StaleVersion { path: root.path.to_string() })?;
            let picture = Picture::before(&unseen, text.len(self.txn));
            self.pictures.insert(root.clone(), picture);
        }
        Ok(true)
    }

    fn apply_splice(
        &mut self,
        root: &TextRoot,
        text: &TextRef,
        splice: Splice,
        content: &str,
    ) -> Result<(), EditError> {
        let units = content.encode_utf16().count() as u32;
        if splice.delete == 0 && units == 0 {
            return Ok(());
        }
        if units > 0 {
            self.note_addition();
        }
        self.with_yrs(root, |txn| {
            if splice.delete > 0 {
                text.remove_range(txn, splice.at, splice.delete);
            }
            if units > 0 {
                text.insert(txn, splice.at, content);
            }
        })?;
        let splice = Splice { insert: units, ..splice };
        self.document.history.text(root.clone(), vec![splice]);
        self.document.note_wide(root, content);
        Ok(())
    }

    /// Neither end of a range may lie inside a surrogate pair.
    fn check_surrogates(
        &mut self,
        path: &Path,
        root: &TextRoot,
        text: &TextRef,
        at: u32,
        delete: u32,
    ) -> Result<(), EditError> {
        if !self.document.may_be_wide(root) {
            return Ok(());
        }
        let content = text.get_string(self.txn);
        self.document.note_content(root, &content);
        let mut index = 0;
        for character in content.chars() {
            for end in [at, at + delete] {
                if character.len_utf16() == 2 && index + 1 == end {
                    return Err(InvalidInput::new(
                        format!("index {end} of {path} is inside a surrogate pair"),
                        "count UTF-16 code units and stay outside of characters such as emoji",
                    )
                    .into());
                }
            }
            index += character.len_utf16() as u32;
        }
        Ok(())
    }

    /// Deletes the characters in context of all texts here and below.
    pub(super) fn clear_texts(&mut self, path: &RegisterPath) {
        let roots: Vec<TextRoot> =
            self.document.texts_at(path).map(|(root, _)| root.clone()).collect();
        for root in roots {
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
                }
            }
            if is_cleared {
                self.note_path(&root.path);
                self.document.history.text_lost(root);
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
