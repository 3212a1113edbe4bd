//! Lists: inserting, moving and deleting items by index.

use std::sync::Arc;

use super::{
    bounds::{Place, check_value},
    locate::Shape,
    write::Writing,
};
use crate::{
    entry::{Body, Marker},
    error::{EditError, InvalidInput},
    item::{ItemId, MAX_ITEM_STEP_BYTES, Position},
    limits::MAX_DOCUMENT_BYTES,
    path::{Path, RegisterPath, Segment},
    registers::Part,
    value::Value,
    view::{Kind, Node},
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
                return self.write(path, target, Value::List(vec![value.clone()]));
            }
            shape => return Err(shape.wrong_kind(path, "a list")),
        }
        let depth = path.segments().len() + 1;
        let bytes = target.path.as_str().len() + MAX_ITEM_STEP_BYTES;
        check_value(path, value, Place { depth, bytes })?;
        let list = target.path;
        let seen = self.seen_list(path, &list)?;
        check_index(path, at, seen.len() + 1)?;
        let fraction = self.fraction_at(&list, &seen[..at as usize], None)?;
        let id = ItemId { dot: self.next_dot(), ordinal: 0 };
        let item = list.item(id);
        let epoch = self.enclosing_epoch(&item);
        let body = Body::Item(fraction, Arc::new(value.clone()));
        let dot = self.put_entry(&item, Marker::Existence, body, epoch, Vec::new())?;
        self.fill_texts(&item, Part { value, ordinal: 0 }, dot, epoch)?;
        self.change_seen(&list, |seen| seen.insert(at as usize, id));
        Ok(())
    }

    pub(super) fn move_item(&mut self, path: &Path, from: u32, to: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        let mut seen = self.seen_list(path, &list)?;
        check_index(path, from, seen.len())?;
        check_index(path, to, seen.len())?;
        let id = seen.remove(from as usize);
        if !self.present(&list).iter().any(|(present, _)| *present == id) {
            return Err(EditError::NotFound { path: list.item(id).to_string() });
        }
        if from != to {
            let fraction = self.fraction_at(&list, &seen[..to as usize], Some(id))?;
            let item = list.item(id);
            let marker = Marker::Position;
            let keys: Vec<_> = self
                .document
                .registers
                .here(&item)
                .iter()
                .filter(|stored| stored.key.marker == marker && self.in_context(stored.dot()))
                .filter(|stored| stored.key.incarnation != self.document.incarnation())
                .map(|stored| stored.key.clone())
                .collect();
            keys.iter().for_each(|key| self.remove_entry(key));
            self.put_entry(&item, marker, Body::Position(fraction), 0, Vec::new())?;
            seen.insert(to as usize, id);
            self.change_seen(&list, |order| *order = seen);
        }
        Ok(())
    }

    pub(super) fn delete_item_at(&mut self, path: &Path, at: u32) -> Result<(), EditError> {
        let list = self.list_path(path)?;
        let seen = self.seen_list(path, &list)?;
        check_index(path, at, seen.len())?;
        let id = seen[at as usize];
        self.forget_seen(&list.item(id), id);
        if self.present(&list).iter().any(|(present, _)| *present == id) {
            self.delete_item(&list.item(id), id)?;
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
    fn present(&self, list: &RegisterPath) -> Vec<(ItemId, Position)> {
        let node = list
            .segments()
            .iter()
            .try_fold(&self.document.view().root, |node, step| descend(node, step));
        match node.map(|node| &node.kind) {
            Some(Kind::List(items)) => {
                items.iter().map(|item| (item.id, item.position.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The list as the caller sees it.
    fn seen_list(&mut self, path: &Path, list: &RegisterPath) -> Result<Vec<ItemId>, EditError> {
        if let Some(seen) = self.seen_lists.get(list) {
            return Ok(seen.clone());
        }
        let at_base = match &self.base {
            Some(base) => self
                .document
                .history
                .list_at(list, base.seq)
                .ok_or_else(|| EditError::StaleVersion { path: path.to_string() })?,
            None => None,
        };
        let seen = match at_base {
            Some(order) => order,
            None => self.present(list).into_iter().map(|(id, _)| id).collect(),
        };
        if self.base.is_some() {
            self.seen_lists.insert(list.clone(), seen.clone());
        }
        Ok(seen)
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

    /// A fraction right behind the last of the items before it that is still there.
    fn fraction_at(
        &self,
        list: &RegisterPath,
        before: &[ItemId],
        moving: Option<ItemId>,
    ) -> Result<Vec<u8>, EditError> {
        let mut present = self.present(list);
        present.retain(|(id, _)| Some(*id) != moving);
        let left =
            before.iter().rev().find_map(|wanted| present.iter().position(|(id, _)| id == wanted));
        let right = left.map_or(0, |left| left + 1);
        let fraction = Position::fraction_between(
            left.map(|left| &present[left].1),
            present.get(right).map(|(_, position)| position),
        );
        if fraction.len() <= 512 {
            return Ok(fraction);
        }
        let what = format!("the number of insertions at one spot of {list}");
        Err(EditError::LimitExceeded { what, limit: MAX_DOCUMENT_BYTES as u64 })
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
