//! Local splices.

use super::{
    SpliceError, TextChange, TextIndex,
    run::{Id, Run},
    writers::Writers,
};
use crate::{
    compose::Composer,
    ids::{Dot, Incarnation},
};

impl TextIndex {
    /// Whether a splice can be made, without making it.
    ///
    /// # Errors
    /// [`SpliceError`] says why not.
    pub fn check(&self, root: &str, at: u32, delete: u32) -> Result<(), SpliceError> {
        let length = self.len(root);
        let end = at.checked_add(delete).filter(|end| *end <= length);
        let end = end.ok_or(SpliceError::OutOfRange { length })?;
        match [at, end].into_iter().find(|index| self.cuts_pair(root, *index)) {
            Some(index) => Err(SpliceError::InsideSurrogatePair { index }),
            None => Ok(()),
        }
    }

    /// Deletes code units at a position of a root text, then inserts there, in the index and in
    /// the transaction. A text that is not there is made.
    ///
    /// Everything that the transaction puts into texts comes this way, so that no clock is missed.
    /// When the transaction is applied, its update is given to [`apply`](Self::apply), which then
    /// knows of its entries too.
    ///
    /// # Errors
    /// [`SpliceError`]; nothing has changed then.
    pub fn splice(
        &mut self,
        transaction: &mut Composer,
        root: &str,
        at: u32,
        delete: u32,
        insert: &str,
    ) -> Result<(), SpliceError> {
        self.check(root, at, delete)?;
        if delete == 0 && insert.is_empty() {
            return Ok(());
        }
        let text = self.text(root);
        self.remove(transaction, text, at, delete);
        if !insert.is_empty() {
            self.compose(transaction, Writers::LOCAL, text, at, insert);
        }
        Ok(())
    }

    /// Puts the first content into a root text that is not there, as a writer of the transaction.
    pub fn begin(
        &mut self,
        transaction: &mut Composer,
        writer: Incarnation,
        root: &str,
        content: &str,
    ) {
        if !content.is_empty() {
            let (text, writer) = (self.text(root), self.writers.number(writer));
            self.compose(transaction, writer, text, 0, content);
        }
    }

    /// Deletes operations of the texts by name, which the transaction deletes too.
    pub fn clear(&mut self, from: Dot, len: u32) -> Vec<TextChange> {
        let mut changes = Vec::new();
        if let Some(id) = self.writers.id(from) {
            self.delete(id, from.clock + len, &mut Some(&mut changes));
        }
        changes
    }

    fn remove(&mut self, transaction: &mut Composer, text: usize, at: u32, delete: u32) {
        let mut left = delete;
        while left > 0 {
            // Within the text, which the caller has checked.
            let Some((place, offset)) = self.unit(text, at) else { return };
            let place = self.split(place, offset);
            self.split(place, left);
            let run = *self.run(place);
            transaction.delete(self.writers.dot(run.id), run.len);
            left -= run.len;
            self.bury(place);
            self.balance(place.chunk);
        }
    }

    fn compose(
        &mut self,
        transaction: &mut Composer,
        writer: u32,
        text: usize,
        at: u32,
        insert: &str,
    ) {
        // Directly left of the next visible unit, hence behind what is deleted there, as yrs does.
        let next = self.unit(text, at).map(|(place, offset)| self.split(place, offset));
        let after = match next {
            Some(next) => self.previous(next),
            None => self.last(text),
        };
        let origin = after.map(|place| self.run(place).last());
        let right_origin = next.map(|place| self.run(place).id);
        let dot = transaction.text(
            self.writers.incarnation(writer),
            &self.texts[text].root,
            origin.map(|id| self.writers.dot(id)),
            right_origin.map(|id| self.writers.dot(id)),
            insert,
        );
        let id = Id { writer, clock: dot.clock };
        let len = self.note_surrogates(id, insert, id.clock);
        self.writers.set_clock(writer, dot.clock + len);
        let run = Run { id, len, is_live: true, origin, right_origin };
        let chunk = self.insert(text, after, run);
        self.balance(chunk);
    }

    /// Notes the characters of two units in what was typed from an operation on, as far as they
    /// lie behind a clock; returns the units.
    pub(super) fn note_surrogates(&mut self, id: Id, content: &str, known: u32) -> u32 {
        let mut len = 0;
        for character in content.chars() {
            len += character.len_utf16() as u32;
            let low = id.plus(len - 1);
            if character.len_utf16() == 2 && low.clock > known {
                self.low_surrogates.insert(low);
            }
        }
        len
    }

    fn cuts_pair(&self, root: &str, at: u32) -> bool {
        if self.low_surrogates.is_empty() {
            return false;
        }
        let unit = self.numbers.get(root).and_then(|text| self.unit(*text, at));
        unit.is_some_and(|(place, offset)| {
            self.low_surrogates.contains(&self.run(place).id.plus(offset))
        })
    }
}
