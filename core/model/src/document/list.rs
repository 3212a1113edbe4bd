//! Lists: inserting, moving and deleting items, one by one or as a whole array says.

mod arrange;
mod whole;

use std::sync::Arc;

use super::{
    bounds::{Place, check_value},
    locate::Shape,
    write::{Epoch, Writing},
};
use crate::{
    entry::{Body, Marker, Tree},
    error::{EditError, InvalidInput},
    ids::Dot,
    item::{Gap, ItemId, MAX_ITEM_STEP_BYTES, Position},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath},
    value::Value,
    view::{Kind, Order},
};
use arrange::Placed;

/// Longest fraction of a position, in bytes.
const MAX_FRACTION_BYTES: usize = 512;

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
                // Events add up, beginnings are one: it begins with nothing.
                self.write(path, target, &Value::List(Vec::new()))?;
                return self.insert_item(path, at, value);
            }
            shape => return Err(shape.wrong_kind(path, "a list")),
        }
        let list = target.path;
        check_item(path, &list, value)?;
        self.see_list(path, &list)?;
        check_index(path, at, self.seen_length(&list) + 1)?;
        let neighbours = self.neighbours(&list, at as usize, None);
        let fraction = neighbours.gap().fraction(self.next_dot());
        let dot = self.put_item(&list, &fraction, value)?;
        self.change_seen(&list, |seen| seen.insert(at as usize, ItemId { dot }));
        Ok(())
    }

    pub(super) fn move_item(&mut self, path: &Path, from: u32, to: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        self.see_list(path, &list)?;
        check_index(path, from, self.seen_length(&list))?;
        check_index(path, to, self.seen_length(&list))?;
        let Some(id) = self.seen_at(&list, from as usize) else { return Ok(()) };
        if self.index_of(&list, id).is_none() {
            return Err(EditError::NotFound { path: list.item(id).to_string() });
        }
        if from != to {
            // Behind the item that is one place before where it goes, counted without itself.
            let behind = if from < to { to + 1 } else { to };
            let neighbours = self.neighbours(&list, behind as usize, Some(id));
            let fraction = neighbours.gap().fraction_alone();
            self.put_position(&list, id, fraction)?;
            self.change_seen(&list, |seen| {
                seen.remove(from as usize);
                seen.insert(to as usize, id);
            });
        }
        Ok(())
    }

    pub(super) fn delete_item_at(&mut self, path: &Path, at: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        self.see_list(path, &list)?;
        check_index(path, at, self.seen_length(&list))?;
        let Some(id) = self.seen_at(&list, at as usize) else { return Ok(()) };
        let is_there = self.index_of(&list, id).is_some();
        self.change_seen(&list, |seen| {
            seen.remove(at as usize);
        });
        if is_there { self.delete_item(&list.item(id)) } else { Ok(()) }
    }

    fn list_path(&mut self, path: &Path) -> Result<RegisterPath, EditError> {
        let target = self.locate(path)?;
        match target.shape {
            Shape::List => Ok(target.path),
            shape => Err(shape.wrong_kind(path, "a list")),
        }
    }

    fn put_item(
        &mut self,
        list: &RegisterPath,
        fraction: &[u8],
        value: &Value,
    ) -> Result<Dot, EditError> {
        let item = list.item(ItemId { dot: self.next_dot() });
        self.put_item_at(list, &item, fraction, value)
    }

    fn put_item_at(
        &mut self,
        list: &RegisterPath,
        item: &RegisterPath,
        fraction: &[u8],
        value: &Value,
    ) -> Result<Dot, EditError> {
        check_fraction(list, fraction)?;
        let tree = Arc::new(Tree::of(value));
        let epoch = Epoch { number: self.enclosing_epoch(item), over: false };
        let body = Body::Item(fraction.to_vec(), Arc::clone(&tree));
        let key = self.own_key(item, Marker::Existence, &body);
        let dot = self.put_entry_at(key, body, epoch, Vec::new())?;
        self.write_outside(item, &tree, value, dot, epoch)?;
        Ok(dot)
    }

    /// Inserts an item that is gone at the end of its list, under the name that it had.
    pub(super) fn insert_again(
        &mut self,
        item: &RegisterPath,
        value: &Value,
    ) -> Result<(), EditError> {
        let Some(list) = item.parent() else { return Ok(()) };
        self.clear_item(item);
        let end = ids(&self.present(list)).len();
        let fraction = self.neighbours(list, end, None).gap().fraction(self.next_dot());
        self.put_item_at(list, item, &fraction, value).map(drop)
    }

    fn put_position(
        &mut self,
        list: &RegisterPath,
        id: ItemId,
        fraction: Vec<u8>,
    ) -> Result<Dot, EditError> {
        check_fraction(list, &fraction)?;
        let item = list.item(id);
        let marker = Marker::Position;
        let here = self.document.registers.here(&item).iter();
        let keys: Vec<_> = here
            .filter(|stored| stored.key.marker == marker && self.in_context(stored.dot()))
            .filter(|stored| stored.key.incarnation != self.writer())
            .map(|stored| stored.key.clone())
            .collect();
        keys.iter().for_each(|key| self.remove_entry(key));
        self.put_entry(&item, marker, Body::Position(fraction))
    }

    /// Sees to it that indices of the list can be counted as the caller counts them.
    fn see_list(&mut self, path: &Path, list: &RegisterPath) -> Result<(), EditError> {
        let Some(base) = &self.base else { return Ok(()) };
        if self.seen_lists.contains_key(list) {
            return Ok(());
        }
        let present = self.present(list);
        let seen = self
            .document
            .history
            .list_at(list, base.seq, ids(&present))
            .ok_or_else(|| EditError::StaleVersion { path: path.to_string() })?;
        self.seen_lists.insert(list.clone(), seen);
        Ok(())
    }

    /// The length of the list as the caller sees it.
    fn seen_length(&self, list: &RegisterPath) -> usize {
        self.seen_lists.get(list).map_or_else(|| ids(&self.present(list)).len(), Vec::len)
    }

    /// The item that the caller sees at an index.
    fn seen_at(&self, list: &RegisterPath, index: usize) -> Option<ItemId> {
        match self.seen_lists.get(list) {
            Some(seen) => seen.get(index).copied(),
            None => ids(&self.present(list)).get(index).copied(),
        }
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
        if let Some(seen) = self.seen_lists.get_mut(list) {
            seen.retain(|other| list.item(*other) != *item);
        }
    }

    /// What stands around the place right behind the last item before `index` that is still there.
    fn neighbours(&self, list: &RegisterPath, index: usize, moving: Option<ItemId>) -> Neighbours {
        let Some(present) = self.present(list) else {
            return Neighbours { left: None, right: None };
        };
        let items = present.ids();
        let left = match self.seen_lists.get(list) {
            None => (0..index).rev().find(|before| items.get(*before).copied() != moving),
            Some(seen) => {
                let before = seen[..index].iter().rev().filter(|id| Some(**id) != moving);
                before.into_iter().find_map(|id| present.index(*id))
            }
        };
        let mut right = items.get(left.map_or(0, |left| left + 1)..).unwrap_or_default().iter();
        Neighbours {
            left: left.and_then(|left| placed(&present, *items.get(left)?)),
            right: right
                .find(|id| Some(**id) != moving)
                .and_then(|id| present.position(*id).cloned()),
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

    /// The index, among the items that are there now, of one.
    fn index_of(&self, list: &RegisterPath, id: ItemId) -> Option<usize> {
        self.present(list)?.index(id)
    }
}

fn ids(order: &Option<Arc<Order>>) -> &[ItemId] {
    order.as_ref().map_or(&[], |order| order.ids())
}

fn placed(order: &Order, id: ItemId) -> Option<Placed> {
    Some(Placed { id, position: order.position(id)?.clone() })
}

/// What stands around a place where something is put.
struct Neighbours {
    left: Option<Placed>,
    right: Option<Position>,
}

impl Neighbours {
    fn gap(&self) -> Gap<'_> {
        Gap {
            left: self.left.as_ref().map(|left| &left.position),
            right: self.right.as_ref(),
            continues: self.left.as_ref().is_some_and(|left| left.position.is_first_of(left.id)),
        }
    }
}

fn check_item(path: &Path, list: &RegisterPath, value: &Value) -> Result<(), EditError> {
    let depth = path.segments().len() + 1;
    let bytes = list.as_str().len() + MAX_ITEM_STEP_BYTES;
    check_value(path, value, Place { depth, bytes })
}

fn check_fraction(list: &RegisterPath, fraction: &[u8]) -> Result<(), EditError> {
    if fraction.len() <= MAX_FRACTION_BYTES {
        return Ok(());
    }
    let what = format!("the number of insertions at one spot of {list}");
    Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 })
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
