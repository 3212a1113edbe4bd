//! Lists: inserting, moving and deleting items by index.

mod arrange;
mod whole;

use std::sync::Arc;

use super::{
    bounds::{Place, check_value},
    locate::Shape,
    write::Writing,
};
use crate::{
    entry::{Body, Marker},
    error::{EditError, InvalidInput},
    ids::Dot,
    item::{Gap, ItemId, MAX_ITEM_STEP_BYTES, Position},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath, Segment},
    registers::Part,
    value::Value,
    view::{self, Kind, Node},
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
                return self.write(path, target, Value::List(vec![value.clone()]));
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
        self.change_seen(&list, |seen| seen.insert(at as usize, ItemId { dot, ordinal: 0 }));
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
        if is_there { self.delete_item(&list.item(id), id) } else { Ok(()) }
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
        check_fraction(list, fraction)?;
        let item = list.item(ItemId { dot: self.next_dot(), ordinal: 0 });
        let epoch = self.enclosing_epoch(&item);
        let body = Body::Item(fraction.to_vec(), Arc::new(value.clone()));
        let dot = self.put_entry(&item, Marker::Existence, body, epoch, Vec::new())?;
        self.fill_texts(&item, Part { value, ordinal: 0 }, dot, epoch)?;
        Ok(dot)
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
            .filter(|stored| stored.key.incarnation != self.document.incarnation())
            .map(|stored| stored.key.clone())
            .collect();
        keys.iter().for_each(|key| self.remove_entry(key));
        self.put_entry(&item, marker, Body::Position(fraction), 0, Vec::new())
    }

    /// Sees to it that indices of the list can be counted as the caller counts them.
    fn see_list(&mut self, path: &Path, list: &RegisterPath) -> Result<(), EditError> {
        let Some(base) = &self.base else { return Ok(()) };
        if self.seen_lists.contains_key(list) {
            return Ok(());
        }
        let order = self
            .document
            .history
            .list_at(list, base.seq)
            .ok_or_else(|| EditError::StaleVersion { path: path.to_string() })?;
        let seen = order.unwrap_or_else(|| self.items(list).iter().map(|item| item.id).collect());
        self.seen_lists.insert(list.clone(), seen);
        Ok(())
    }

    /// The length of the list as the caller sees it.
    fn seen_length(&self, list: &RegisterPath) -> usize {
        self.seen_lists.get(list).map_or_else(|| self.items(list).len(), Vec::len)
    }

    /// The item that the caller sees at an index.
    fn seen_at(&self, list: &RegisterPath, index: usize) -> Option<ItemId> {
        match self.seen_lists.get(list) {
            Some(seen) => seen.get(index).copied(),
            None => self.items(list).get(index).map(|item| item.id),
        }
    }

    /// Keeps the caller's picture of a list true to its own edits.
    fn change_seen(&mut self, list: &RegisterPath, change: impl FnOnce(&mut Vec<ItemId>)) {
        if let Some(seen) = self.seen_lists.get_mut(list) {
            change(seen);
        }
    }

    /// Takes an item that the caller deletes out of its picture.
    pub(super) fn forget_seen(&mut self, item: &RegisterPath, id: ItemId) {
        let list = self.seen_lists.iter_mut().find(|(list, _)| list.item(id) == *item);
        if let Some((_, seen)) = list {
            seen.retain(|other| *other != id);
        }
    }

    /// What stands around the place right behind the last item before `index` that is still there.
    fn neighbours(&self, list: &RegisterPath, index: usize, moving: Option<ItemId>) -> Neighbours {
        let items = self.items(list);
        let left = match self.seen_lists.get(list) {
            None => (0..index).rev().find(|before| Some(items[*before].id) != moving),
            Some(seen) => {
                let before = seen[..index].iter().rev().filter(|id| Some(**id) != moving);
                before.into_iter().find_map(|id| self.index_of(list, *id))
            }
        };
        let mut right = items.get(left.map_or(0, |left| left + 1)..).unwrap_or_default().iter();
        let placed = |item: &view::Item| Placed { id: item.id, position: item.position.clone() };
        Neighbours {
            left: left.map(|left| placed(&items[left])),
            right: right.find(|item| Some(item.id) != moving).map(|item| item.position.clone()),
        }
    }

    /// The items that are there now, in order.
    fn items(&self, list: &RegisterPath) -> &[view::Item] {
        let node = list
            .segments()
            .iter()
            .try_fold(&self.document.view().root, |node, step| descend(node, step));
        match node.map(|node| &node.kind) {
            Some(Kind::List(items)) => items,
            _ => &[],
        }
    }

    /// The index, among the items that are there now, of one.
    fn index_of(&self, list: &RegisterPath, id: ItemId) -> Option<usize> {
        self.items(list).iter().position(|item| item.id == id)
    }
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

fn descend<'a>(node: &'a Node, step: &Segment) -> Option<&'a Node> {
    match (&node.kind, step) {
        (Kind::Object(fields), Segment::Key(key)) => fields.get(key),
        (Kind::List(items), Segment::Item(id)) => {
            items.iter().find(|item| item.id == *id).map(|item| &item.node)
        }
        _ => None,
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
