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
    entry::{parse_text_root, text_root},
    error::{EditError, InvalidInput},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath},
};

/// A place in a text that moves with it when others edit. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    root: String,
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
            parse_text_root(root)?;
            let sticky = BASE64URL_NOPAD.decode(sticky.as_bytes()).ok()?;
            (sticky.len() <= 64).then(|| Self { root: root.to_owned(), sticky })
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
            Shape::Text(epoch) => self.text_content(&(target.path.clone(), epoch)),
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
        Ok(Anchor { root: text_root(&place.0, place.1), sticky: sticky.encode_v1() })
    }

    /// Where an anchor stands now, in UTF-16 code units.
    ///
    /// # Errors
    /// `NotFound` if the text is gone.
    pub fn resolve(&self, anchor: &Anchor) -> Result<u32, EditError> {
        let gone = || EditError::NotFound { path: anchor.root.clone() };
        let place = parse_text_root(&anchor.root).ok_or_else(gone)?;
        let known = self.texts.contains_key(&place) && self.view().texts.contains(&place);
        let sticky = StickyIndex::decode_v1(&anchor.sticky).map_err(|_| gone())?;
        let txn = self.doc.try_transact().map_err(internal)?;
        let offset = known.then(|| sticky.get_offset(&txn)).flatten().ok_or_else(gone)?;
        Ok(offset.index)
    }

    fn text_place(&self, path: &Path) -> Result<(RegisterPath, u32), EditError> {
        let target = self.locate(path)?;
        match (target.missing.is_empty(), target.shape) {
            (true, Shape::Text(epoch)) => Ok((target.path, epoch)),
            (true, shape) => Err(shape.wrong_kind(path, "a text")),
            (false, _) => Err(EditError::NotFound { path: path.to_string() }),
        }
    }
}

impl Writing<'_, '_> {
    /// The root text of a place, made on first use.
    fn root_text(&mut self, place: &(RegisterPath, u32)) -> TextRef {
        if let Some(text) = self.document.texts.get(place) {
            return text.clone();
        }
        let name = text_root(&place.0, place.1);
        let text = self.txn.get_or_insert_text(name.as_str());
        self.document.follow_text(&name, place.clone(), text.clone());
        text
    }

    /// Puts the first content into a text that was just made.
    pub(super) fn open_text(
        &mut self,
        path: &RegisterPath,
        epoch: u32,
        content: &str,
    ) -> Result<(), EditError> {
        if content.is_empty() {
            return Ok(());
        }
        let text = self.root_text(&(path.clone(), epoch));
        self.apply_splice(
            &(path.clone(), epoch),
            &text,
            Splice { at: 0, delete: 0, insert: 0 },
            content,
        )
    }

    /// Deletes and inserts in a text, at indices of the base.
    pub(super) fn splice(
        &mut self,
        user_path: &Path,
        place: &(RegisterPath, u32),
        at: u32,
        delete: u32,
        insert: &str,
    ) -> Result<(), EditError> {
        let text = self.root_text(place);
        let pictured = self.read_picture(place, &text)?;
        let length = match pictured {
            true => self.pictures.get(place).map_or(0, Picture::length),
            false => text.len(self.txn),
        };
        check_range(user_path, at, delete, length)?;
        let units = insert.encode_utf16().count() as u32;
        let splice = Splice { at, delete, insert: units };
        let splices = match self.pictures.get_mut(place) {
            Some(picture) => picture.replace(splice),
            None => vec![splice],
        };
        // All before any, since a transaction that has changed something cannot be taken back.
        let mut shift = 0u32;
        for splice in &splices {
            let at = splice.at.wrapping_add(shift);
            self.check_surrogates(user_path, place, &text, at, splice.delete)?;
            shift = shift.wrapping_add(splice.delete).wrapping_sub(splice.insert);
        }
        self.note_path(&place.0);
        for splice in splices {
            let content = if splice.insert > 0 { insert } else { "" };
            self.apply_splice(place, &text, splice, content)?;
        }
        Ok(())
    }

    /// Makes the caller's picture of a text, if it has read something older than what is there;
    /// whether it has.
    fn read_picture(
        &mut self,
        place: &(RegisterPath, u32),
        text: &TextRef,
    ) -> Result<bool, EditError> {
        let Some(base) = &self.base else { return Ok(false) };
        if !self.pictures.contains_key(place) {
            let unseen = self.document.history.text_since(place, base.seq);
            let unseen =
                unseen.ok_or_else(|| EditError::StaleVersion { path: place.0.to_string() })?;
            let picture = Picture::before(&unseen, text.len(self.txn));
            self.pictures.insert(place.clone(), picture);
        }
        Ok(true)
    }

    fn apply_splice(
        &mut self,
        place: &(RegisterPath, u32),
        text: &TextRef,
        splice: Splice,
        content: &str,
    ) -> Result<(), EditError> {
        if content.len() > MAX_DOCUMENT_BYTES {
            let what = format!("the text at {:?}, in bytes,", place.0.as_str());
            return Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 });
        }
        let units = content.encode_utf16().count() as u32;
        if splice.delete > 0 {
            text.remove_range(self.txn, splice.at, splice.delete);
        }
        if units > 0 {
            text.insert(self.txn, splice.at, content);
            self.note_addition();
            self.advance_clock(units);
        }
        if splice.delete > 0 || units > 0 {
            let splice = Splice { insert: units, ..splice };
            self.document.history.text(place.clone(), vec![splice]);
            self.document.note_wide(place, content);
        }
        Ok(())
    }

    /// Neither end of a range may lie inside a surrogate pair.
    fn check_surrogates(
        &mut self,
        path: &Path,
        place: &(RegisterPath, u32),
        text: &TextRef,
        at: u32,
        delete: u32,
    ) -> Result<(), EditError> {
        if !self.document.may_be_wide(place) {
            return Ok(());
        }
        let content = text.get_string(self.txn);
        self.document.note_content(place, &content);
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
    pub(super) fn clear_texts(&mut self, path: &RegisterPath) -> Result<(), EditError> {
        let places: Vec<_> =
            self.document.texts.keys().filter(|(text, _)| path.holds(text)).cloned().collect();
        for place in places {
            let text = self.root_text(&place);
            self.read_picture(&place, &text)?;
            let splices = match self.pictures.get_mut(&place) {
                Some(picture) => {
                    let delete = picture.length();
                    picture.replace(Splice { at: 0, delete, insert: 0 })
                }
                None => vec![Splice { at: 0, delete: text.len(self.txn), insert: 0 }],
            };
            for splice in splices {
                self.apply_splice(&place, &text, splice, "")?;
            }
        }
        Ok(())
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
