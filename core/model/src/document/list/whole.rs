//! Lists that are handed over whole: the writes that arranging one takes.

use super::{
    arrange::{Placed, Placing, arrange},
    check_index, check_item, placed,
};
use crate::{
    difference::Slot,
    document::write::Writing,
    error::EditError,
    ids::Dot,
    item::{Gap, ItemId},
    path::{Path, RegisterPath},
};

impl Writing<'_, '_> {
    /// Gives a list the items that the slots say, in their order. Items that the caller had not
    /// seen stay where they are; those that are gone since stay gone.
    pub(in crate::document) fn arrange(
        &mut self,
        path: &Path,
        slots: &[Slot],
    ) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        self.see_list(path, &list)?;
        let length = self.seen_length(&list);
        for slot in slots {
            match slot {
                Slot::Keep(old) => check_index(path, *old as u32, length)?,
                Slot::Insert(value) => check_item(path, &list, value)?,
            }
        }
        let old = self.placed(&list);
        let mut arranging = Arranging {
            seen: slots.iter().map(|slot| self.seen_in(&list, slot)).collect(),
            writing: self,
            list: &list,
            old: &old,
            slots,
        };
        arrange(&old, slots, &mut arranging)?;
        let order = arranging.seen.into_iter().flatten().collect();
        self.change_seen(&list, |seen| *seen = order);
        Ok(())
    }

    /// The item that the caller sees in a slot; none if it is to be inserted.
    fn seen_in(&self, list: &RegisterPath, slot: &Slot) -> Option<ItemId> {
        match slot {
            Slot::Keep(index) => self.seen_at(list, *index),
            Slot::Insert(_) => None,
        }
    }

    /// The items that the caller sees, in its order, with their places now.
    fn placed(&self, list: &RegisterPath) -> Vec<Option<Placed>> {
        let Some(present) = self.present(list) else { return Vec::new() };
        let seen = self.seen_lists.get(list).map_or(present.ids(), Vec::as_slice);
        seen.iter().map(|id| placed(&present, *id)).collect()
    }
}

/// Writes what arranging one list takes.
struct Arranging<'a, 'w, 't, 'd> {
    writing: &'a mut Writing<'w, 't>,
    list: &'d RegisterPath,
    old: &'d [Option<Placed>],
    slots: &'d [Slot],
    /// The items by slot, as far as they are known.
    seen: Vec<Option<ItemId>>,
}

impl Placing for Arranging<'_, '_, '_, '_> {
    type Error = EditError;

    fn delete(&mut self, old: usize) -> Result<(), EditError> {
        match &self.old[old] {
            Some(item) => self.writing.delete_item(&self.list.item(item.id)),
            None => Ok(()),
        }
    }

    fn relocate(&mut self, old: usize, fraction: Vec<u8>) -> Result<Dot, EditError> {
        match &self.old[old] {
            Some(item) => self.writing.put_position(self.list, item.id, fraction),
            None => Ok(self.writing.next_dot()),
        }
    }

    fn insert(&mut self, slot: usize, gap: &Gap<'_>) -> Result<Dot, EditError> {
        let dot = self.writing.next_dot();
        if let Slot::Insert(value) = &self.slots[slot] {
            self.writing.put_item(self.list, &gap.fraction(dot), value)?;
            self.seen[slot] = Some(ItemId { dot });
        }
        Ok(dot)
    }
}
