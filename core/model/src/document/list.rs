//! Lists: inserting, moving and deleting items by index.

use std::sync::Arc;

use super::{
    bounds::{Place as Bounds, check_value},
    locate::Shape,
    write::{Epoch, Writing},
};
use crate::{
    entry::{Body, Marker, Tree},
    error::{EditError, InvalidInput},
    item::{ItemId, MAX_ITEM_STEP_BYTES, Position},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath},
    value::Value,
    view::{Kind, Order},
};

impl Writing<'_, '_> {
    pub(super) fn insert_item(
        &mut self,
        path: &Path,
        at: u32,
        value: &Value,
    ) -> Result<(), EditError> {
        let target = self.locate(path)?;
        match target.shape {
            Shape::List => {}
            Shape::Absent if at == 0 => {
                self.write(path, target, &Value::List(Vec::new()))?;
                return self.insert_item(path, at, value);
            }
            shape => return Err(shape.wrong_kind(path, "a list")),
        }
        let depth = path.segments().len() + 1;
        let bytes = target.path.as_str().len() + MAX_ITEM_STEP_BYTES;
        check_value(path, value, Bounds { depth, bytes })?;
        let list = target.path;
        let length = self.with_seen(path, &list, |seen| seen.len())?;
        check_index(path, at, length + 1)?;
        let before = self.with_seen(path, &list, |seen| last_before(seen, at))?;
        let fraction = self.fraction_behind(&list, &before, None)?;
        let id = ItemId { dot: self.next_dot() };
        self.put_item(&list.item(id), fraction, value)?;
        self.change_seen(&list, |seen| seen.insert(at as usize, id));
        Ok(())
    }

    /// Writes a new item.
    fn put_item(
        &mut self,
        item: &RegisterPath,
        fraction: Vec<u8>,
        value: &Value,
    ) -> Result<(), EditError> {
        let tree = Arc::new(Tree::of(value));
        let epoch = Epoch { number: self.enclosing_epoch(item), over: false };
        let body = Body::Item(fraction, Arc::clone(&tree));
        let key = self.own_key(item, Marker::Existence, &body);
        let dot = self.put_entry_at(key, body, epoch, Vec::new())?;
        self.write_outside(item, &tree, value, dot, epoch)
    }

    pub(super) fn move_item(&mut self, path: &Path, from: u32, to: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        let length = self.with_seen(path, &list, |seen| seen.len())?;
        check_index(path, from, length)?;
        check_index(path, to, length)?;
        let id = self.with_seen(path, &list, |seen| seen[from as usize])?;
        if !self.present(&list).is_some_and(|present| present.holds(id)) {
            return Err(EditError::NotFound { path: list.item(id).to_string() });
        }
        if from != to {
            let before = self.with_seen(path, &list, |seen| {
                let end = if to > from { to + 1 } else { to };
                let mut before = last_before(seen, end);
                before.retain(|other| *other != id);
                before
            })?;
            let fraction = self.fraction_behind(&list, &before, Some(id))?;
            self.put_position(&list.item(id), fraction)?;
            self.change_seen(&list, |seen| {
                seen.remove(from as usize);
                seen.insert(to as usize, id);
            });
        }
        Ok(())
    }

    /// Writes where an item stands.
    fn put_position(&mut self, item: &RegisterPath, fraction: Vec<u8>) -> Result<(), EditError> {
        let others: Vec<_> = self
            .document
            .registers
            .here(item)
            .iter()
            .filter(|stored| stored.key.marker == Marker::Position)
            .filter(|stored| self.in_context(stored.dot()))
            .filter(|stored| stored.key.incarnation != self.writer())
            .map(|stored| stored.key.clone())
            .collect();
        others.iter().for_each(|key| self.remove_entry(key));
        self.put_entry(item, Marker::Position, Body::Position(fraction)).map(drop)
    }

    pub(super) fn delete_item_at(&mut self, path: &Path, at: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        let length = self.with_seen(path, &list, |seen| seen.len())?;
        check_index(path, at, length)?;
        let id = self.with_seen(path, &list, |seen| seen[at as usize])?;
        let item = list.item(id);
        self.forget_seen(&item);
        if self.present(&list).is_some_and(|present| present.holds(id)) {
            self.delete_item(&item)?;
        }
        Ok(())
    }

    fn list_path(&mut self, path: &Path) -> Result<RegisterPath, EditError> {
        let target = self.locate(path)?;
        match target.shape {
            Shape::List => Ok(target.path),
            shape => Err(shape.wrong_kind(path, "a list")),
        }
    }

    /// The items that are there now, in order.
    fn present(&self, list: &RegisterPath) -> Option<Arc<Order>> {
        let place = self.place(list);
        match place.kind() {
            Kind::List { beginning, has_insertions } => {
                Some(place.lists().order(&place, beginning, has_insertions))
            }
            _ => None,
        }
    }

    /// Looks at the list as the caller sees it.
    fn with_seen<T>(
        &mut self,
        path: &Path,
        list: &RegisterPath,
        look: impl FnOnce(&[ItemId]) -> T,
    ) -> Result<T, EditError> {
        if let Some(seen) = self.seen_lists.get(list) {
            return Ok(look(seen));
        }
        let present = self.present(list);
        let present = present.as_ref().map_or(&[][..], |order| order.ids());
        let Some(base) = &self.base else { return Ok(look(present)) };
        let seen = self.document.history.list_at(list, base.seq, present);
        let seen = seen.ok_or_else(|| EditError::StaleVersion { path: path.to_string() })?;
        Ok(look(self.seen_lists.entry(list.clone()).or_insert(seen)))
    }

    /// Keeps the caller's picture of a list true to its own edits.
    fn change_seen(&mut self, list: &RegisterPath, change: impl FnOnce(&mut Vec<ItemId>)) {
        if let Some(seen) = self.seen_lists.get_mut(list) {
            change(seen);
        }
    }

    /// Takes an item that the caller deletes out of its picture.
    pub(super) fn forget_seen(&mut self, item: &RegisterPath) {
        let Some(list) = item.parent() else { return };
        if let Some(seen) = self.seen_lists.get_mut(&list) {
            seen.retain(|other| list.item(*other) != *item);
        }
    }

    /// A fraction right behind the first of these that is still there.
    fn fraction_behind(
        &self,
        list: &RegisterPath,
        before: &[ItemId],
        moving: Option<ItemId>,
    ) -> Result<Vec<u8>, EditError> {
        let Some(present) = self.present(list) else {
            return Ok(Position::fraction_between(None, None));
        };
        let left = before.iter().find_map(|id| present.index(*id));
        let mut right = left.map_or(0, |left| left + 1);
        if present.ids().get(right).copied() == moving && moving.is_some() {
            right += 1;
        }
        let at = |index: usize| present.ids().get(index).and_then(|id| present.position(*id));
        let fraction = Position::fraction_between(left.and_then(at), at(right));
        if fraction.len() <= 512 {
            return Ok(fraction);
        }
        let what = format!("the number of insertions at one spot of {list}");
        Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 })
    }
}

/// What the caller sees before an index, the nearest first.
fn last_before(seen: &[ItemId], at: u32) -> Vec<ItemId> {
    /// All but the nearest are needed only where others deleted what was before.
    const MOST: usize = 64;
    let before = &seen[..(at as usize).min(seen.len())];
    before.iter().rev().take(MOST).copied().collect()
}

fn check_index(path: &Path, index: u32, bound: usize) -> Result<(), EditError> {
    if (index as usize) < bound {
        return Ok(());
    }
    Err(InvalidInput::new(
        format!("index {index} is out of range in the list {path}"),
        format!("give an index below {bound}"),
    )
    .into())
}
