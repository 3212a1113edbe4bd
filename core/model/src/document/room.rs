//! How large a document may become: by a local write, and by what others wrote meanwhile.
//!
//! Devices that are apart each fill a document up to the local bound, and their states add up. So
//! the bound for what is merged is about three times as high, and above the local bound a document
//! still takes what makes it no larger, small growth, and deletions. What does not fit even then is
//! nobody's fault.

use yrs::{ReadTxn, Transact};

use super::{ApplyError, Document};
use crate::{
    error::EditError,
    limits::{
        MAX_DOCUMENT_BYTES, MAX_DOCUMENT_TEXTS, MAX_DOCUMENT_WRITERS, MAX_GROWN_BYTES,
        MAX_GROWN_WRITERS, MAX_MERGED_BYTES, MAX_MERGED_WRITERS, MAX_TEXTS, MAX_UPDATE_BYTES,
        MAX_WRITERS, SMALL_GROWTH,
    },
    scan::{self, Measure, NoRoom, Scanned},
};

/// Fewest bytes that a writer's first block takes.
const MIN_NEWCOMER_BYTES: usize = 8;
/// Most bytes that a deletion says of each writer that it had seen.
const DELETION_BYTES_A_WRITER: usize = 16;

/// How large a document is, in all that is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: usize,
    pub(super) writers: usize,
    pub(super) texts: usize,
}

/// What a local write may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// It writes something.
    Add,
    /// It only deletes: the document, fields, items or characters.
    Remove,
}

impl Size {
    fn parts(self) -> [(Measure, usize); 3] {
        [
            (Measure::Bytes, self.bytes),
            (Measure::Writers, self.writers),
            (Measure::Texts, self.texts),
        ]
    }

    /// The first measure in which this is over a bound and over what was there.
    fn over(self, before: Self, bounds: Self) -> Option<NoRoom> {
        let sizes = before.parts().into_iter().zip(self.parts()).zip(bounds.parts());
        sizes.into_iter().find_map(|(((measure, has), (_, needs)), (_, bound))| {
            (needs > bound.max(has)).then_some(NoRoom {
                measure,
                has: has as u64,
                needs: needs as u64,
                bound: bound as u64,
            })
        })
    }

    fn and(self, growth: Self) -> Self {
        Self {
            bytes: self.bytes + growth.bytes,
            writers: self.writers + growth.writers,
            texts: self.texts + growth.texts,
        }
    }

    fn is_small_growth(self, before: Self, growth: usize) -> bool {
        self.bytes <= before.bytes + growth && self.writers <= before.writers + 1
    }
}

/// Whether a local write may leave a document of size `after` where one of size `before` was.
pub(super) fn check_written(before: Size, after: Size, intent: Intent) -> Result<(), NoRoom> {
    let bounds = match intent {
        Intent::Remove => Size { bytes: MAX_UPDATE_BYTES, writers: MAX_WRITERS, texts: MAX_TEXTS },
        Intent::Add if after.is_small_growth(before, SMALL_GROWTH) => {
            Size { bytes: MAX_GROWN_BYTES, writers: MAX_GROWN_WRITERS, texts: MAX_DOCUMENT_TEXTS }
        }
        Intent::Add => Size {
            bytes: MAX_DOCUMENT_BYTES,
            writers: MAX_DOCUMENT_WRITERS,
            texts: MAX_DOCUMENT_TEXTS,
        },
    };
    after.over(before, bounds).map_or(Ok(()), Err)
}

/// Whether a foreign update may leave a document of size `after` where one of size `before` was.
fn check_merged(before: Size, after: Size) -> Result<(), NoRoom> {
    // Others' deletions must come through, and are told from other small writes by nothing else.
    let deletion = SMALL_GROWTH + DELETION_BYTES_A_WRITER * before.writers;
    let bounds = match after.is_small_growth(before, deletion) {
        true => Size { bytes: MAX_UPDATE_BYTES, writers: MAX_WRITERS, texts: MAX_TEXTS },
        false => Size { bytes: MAX_MERGED_BYTES, writers: MAX_MERGED_WRITERS, texts: MAX_TEXTS },
    };
    after.over(before, bounds).map_or(Ok(()), Err)
}

impl Document {
    /// The document's size; of bytes an upper bound.
    pub(super) fn size(&self) -> Size {
        Size {
            bytes: self.encoded_len,
            writers: self.known.writer_count(),
            texts: self.known.text_count(),
        }
    }

    /// Counts the bytes anew, since what was counted up is an upper bound.
    fn measure(&mut self, txn: &impl ReadTxn) {
        if !self.is_measured {
            self.encoded_len = state_of(txn).len();
            self.is_measured = true;
        }
    }

    /// Refuses a foreign update that leaves too large a document. What it would leave is looked at
    /// on a copy, unless the sum of both sizes fits.
    pub(super) fn check_room(&mut self, update: &[u8]) -> Result<(), ApplyError> {
        let before = self.size();
        let most = Size {
            bytes: before.bytes + update.len(),
            writers: before.writers + update.len() / MIN_NEWCOMER_BYTES,
            ..before
        };
        if most.writers <= MAX_MERGED_WRITERS && check_merged(before, most).is_ok() {
            return Ok(());
        }
        let newcomers = self.known.newcomers(&scan::read(update)?);
        let doc = self.doc.clone();
        let txn = doc.try_transact().map_err(|error| ApplyError::Poisoned(error.to_string()))?;
        self.measure(&txn);
        let before = self.size();
        let mut after = Size {
            bytes: before.bytes + update.len(),
            writers: before.writers + newcomers,
            ..before
        };
        if check_merged(before, after).is_ok() {
            return Ok(());
        }
        // What cannot be loaded is refused for a better reason when it is applied.
        let Some(bytes) = self.left_by(&txn, update) else { return Ok(()) };
        after.bytes = bytes;
        Ok(check_merged(before, after)?)
    }

    /// Refuses a local write that would leave too large a document, in the same way.
    pub(super) fn check_room_to_write(
        &mut self,
        txn: &impl ReadTxn,
        update: &[u8],
        scanned: &Scanned<'_>,
        intent: Intent,
    ) -> Result<(), EditError> {
        let before = self.size();
        let growth = Size {
            bytes: update.len(),
            writers: self.known.newcomers(scanned),
            texts: self.known.new_texts(scanned),
        };
        if check_written(before, before.and(growth), intent).is_ok() {
            return Ok(());
        }
        self.measure(txn);
        let before = self.size();
        let mut after = before.and(growth);
        if check_written(before, after, intent).is_ok() {
            return Ok(());
        }
        if let Some(bytes) = self.left_by(txn, update) {
            after.bytes = bytes;
        }
        check_written(before, after, intent).map_err(refused)
    }

    /// Refuses a local write that has left too large a document.
    pub(super) fn check_written(
        &mut self,
        txn: &impl ReadTxn,
        before: Size,
        intent: Intent,
    ) -> Result<(), EditError> {
        if check_written(before, self.size(), intent).is_ok() {
            return Ok(());
        }
        self.measure(txn);
        check_written(before, self.size(), intent).map_err(refused)
    }

    /// How many bytes of state an update would leave.
    fn left_by(&self, txn: &impl ReadTxn, update: &[u8]) -> Option<usize> {
        let parts = [update.to_vec()];
        let (state, generation) = (state_of(txn), self.generation());
        let copy = Self::load(generation, Some(&state), &parts, self.incarnation, 0).ok()?;
        Some(copy.snapshot().len())
    }
}

fn state_of(txn: &impl ReadTxn) -> Vec<u8> {
    txn.encode_diff_v1(&yrs::StateVector::default())
}

fn refused(no_room: NoRoom) -> EditError {
    let what = match no_room.measure {
        Measure::Bytes => "the document's size in bytes".to_owned(),
        measure => format!("the number of {} in the document", measure.as_str()),
    };
    EditError::LimitExceeded { what, limit: no_room.bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Size = Size { bytes: 0, writers: 0, texts: 0 };

    fn bytes(bytes: usize) -> Size {
        Size { bytes, writers: 3, texts: 3 }
    }

    #[test]
    fn a_local_write_stays_below_its_bound_or_leaves_no_more_than_was_there() {
        let add = |before, after| check_written(before, after, Intent::Add).is_ok();
        assert!(add(EMPTY, bytes(MAX_DOCUMENT_BYTES)));
        assert!(!add(EMPTY, bytes(MAX_DOCUMENT_BYTES + 1)));
        assert!(add(bytes(3 << 20), bytes(3 << 20)));
        assert!(!add(bytes(3 << 20), bytes((3 << 20) + SMALL_GROWTH + 1)));
        let writers = |writers| Size { writers, ..bytes(9) };
        assert!(!add(EMPTY, writers(MAX_DOCUMENT_WRITERS + 1)));
        assert!(add(writers(MAX_WRITERS), writers(MAX_WRITERS)));
        let texts = |texts| Size { texts, ..bytes(9) };
        assert!(!add(EMPTY, texts(MAX_DOCUMENT_TEXTS + 1)));
        assert!(add(texts(MAX_TEXTS), texts(MAX_TEXTS)));
    }

    #[test]
    fn a_tick_fits_until_a_quarter_of_a_mebibyte_below_the_bound_for_merging() {
        let tick = |before| check_written(bytes(before), bytes(before + 100), Intent::Add);
        assert_eq!(tick(MAX_GROWN_BYTES - 100), Ok(()));
        let refused = tick(MAX_GROWN_BYTES).unwrap_err();
        assert_eq!((refused.measure, refused.bound), (Measure::Bytes, MAX_GROWN_BYTES as u64));
        let by_a_new_writer = |before| {
            let after = Size { writers: before + 1, ..bytes(9) };
            check_written(Size { writers: before, ..bytes(9) }, after, Intent::Add).is_ok()
        };
        assert!(by_a_new_writer(MAX_GROWN_WRITERS - 1));
        assert!(!by_a_new_writer(MAX_GROWN_WRITERS));
    }

    #[test]
    fn a_deletion_fits_where_nothing_else_does_and_comes_through() {
        let full = bytes(MAX_MERGED_BYTES);
        let after = bytes(MAX_MERGED_BYTES + 900);
        assert!(check_written(full, after, Intent::Add).is_err());
        assert!(check_written(full, after, Intent::Remove).is_ok());
        assert!(check_merged(full, after).is_ok());
        let crowded = Size { writers: MAX_MERGED_WRITERS, ..full };
        let one_more = Size { writers: MAX_MERGED_WRITERS + 1, ..crowded };
        assert!(check_written(crowded, one_more, Intent::Remove).is_ok());
        assert!(check_merged(crowded, one_more).is_ok());
    }

    #[test]
    fn a_merge_stays_below_its_bound_or_leaves_no_more_than_was_there() {
        assert!(check_merged(EMPTY, bytes(MAX_MERGED_BYTES)).is_ok());
        assert!(check_merged(bytes(1 << 20), bytes(MAX_MERGED_BYTES + 1)).is_err());
        assert!(check_merged(bytes(MAX_UPDATE_BYTES), bytes(MAX_UPDATE_BYTES - 1)).is_ok());
    }
}
