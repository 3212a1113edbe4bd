//! Edits as callers write them: finding what a path names, and dispatching.

use super::{
    Change, Document,
    bounds::{Place as Bounds, check_value},
    inside,
    locate::{Shape, Target},
    write::{Epoch, Writing},
};
use crate::{
    edit::Edit,
    element::{Element, MAX_ELEMENTS},
    entry::{Body, Marker, Tree},
    error::{EditError, InvalidInput},
    ids::Dot,
    limits::MAX_COUNTER,
    path::{Path, RegisterPath, Segment},
    value::Value,
    version::Version,
    view::{self, Kind, Place},
};

impl Document {
    /// Makes edits, all or none. A document of which nothing is held begins with them.
    ///
    /// `base` is what the caller had read: the context of its writes, and the version at which
    /// indices of texts and lists count. Without it, that is everything present. Indices count
    /// with the earlier edits of the same call.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed, unless the document [is poisoned](Self::is_poisoned).
    pub fn edit(
        &mut self,
        edits: &[Edit],
        base: Option<&Version>,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        self.expect_positions(edits);
        let begins = !self.exists() && !edits.is_empty();
        self.transact(base, now_ms, |writing| {
            if begins {
                writing.found(&Value::Object(Default::default()))?;
            }
            edits.iter().try_for_each(|edit| writing.edit(edit))
        })
    }
}

impl Writing<'_, '_> {
    pub(super) fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        if !matches!(edit, Edit::Splice { .. }) {
            self.spliced = None;
        }
        match edit {
            Edit::Set { path, value } => self.set(path, value),
            Edit::Remove { path } => self.remove(path),
            Edit::Increment { path, by } => self.increment(path, *by),
            Edit::Splice { path, at, delete, insert } => {
                if let Some((spliced, root)) = &self.spliced
                    && spliced == path
                {
                    let root = root.clone();
                    return self.splice(path, &root, *at, *delete, insert);
                }
                let target = self.locate(path)?;
                match target.shape {
                    Shape::Text(root) => {
                        self.splice(path, &root, *at, *delete, insert)?;
                        self.spliced = Some((path.clone(), root));
                        Ok(())
                    }
                    Shape::Absent if *at == 0 && *delete == 0 => {
                        self.write(path, target, &Value::Text(String::new()))?;
                        if insert.is_empty() { Ok(()) } else { self.edit(edit) }
                    }
                    shape => Err(shape.wrong_kind(path, "a text")),
                }
            }
            Edit::Insert { path, at, value } => self.insert_item(path, *at, value),
            Edit::Move { path, from, to } => self.move_item(path, *from, *to),
            Edit::DeleteItem { path, at } => self.delete_item_at(path, *at),
            Edit::Add { path, element } => self.add(path, element),
            Edit::Discard { path, element } => self.discard(path, element),
        }
    }

    fn set(&mut self, path: &Path, value: &Value) -> Result<(), EditError> {
        let target = self.locate(path)?;
        if target.inside.is_empty() {
            return self.write(path, target, value);
        }
        self.rewrite(path, &target, |content| inside::set(content, path, &target.inside, value))
    }

    /// Rewrites a value that is one register, with a change inside it.
    fn rewrite(
        &mut self,
        path: &Path,
        target: &Target,
        change: impl FnOnce(&mut Value) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let mut content = match self.place(&target.path).kind() {
            Kind::Whole(content) => content.clone(),
            _ => return Err(EditError::NotFound { path: path.to_string() }),
        };
        change(&mut content)?;
        let value = Value::Whole(Box::new(content));
        let depth = path.segments().len() - target.inside.len();
        check_value(path, &value, Bounds { depth, bytes: target.path.as_str().len() })?;
        self.write_value(&target.path, &value)
    }

    /// Writes a value to a target, making the objects that are missing above it.
    pub(super) fn write(
        &mut self,
        path: &Path,
        target: Target,
        value: &Value,
    ) -> Result<(), EditError> {
        let missing = target.missing.iter().map(|key| RegisterPath::key_bytes(key));
        let bytes = target.path.as_str().len() + missing.sum::<usize>();
        check_value(path, value, Bounds { depth: path.segments().len(), bytes })?;
        if path.is_root() && !matches!(value, Value::Object(_)) {
            return Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", value.kind()),
                "wrap it, for instance {\"value\": …}",
            )
            .into());
        }
        if target.missing.is_empty() {
            return self.write_value(&target.path, value);
        }
        let value = target.missing.iter().rev().fold(value.clone(), |value, key| {
            Value::Object([(key.clone(), value)].into_iter().collect())
        });
        self.write_value(&target.path, &value)
    }

    fn remove(&mut self, path: &Path) -> Result<(), EditError> {
        if path.is_root() {
            return Err(InvalidInput::new(
                "the whole document cannot be removed by an edit",
                "delete the document",
            )
            .into());
        }
        let target = match self.locate(path) {
            Err(EditError::NotFound { .. }) => return self.settle(&named(path)).map(drop),
            // What lost below something of another kind has a path that leads through that.
            Err(error @ (EditError::WrongKind { .. } | EditError::Invalid(_))) => {
                return if self.settle(&named(path))? { Ok(()) } else { Err(error) };
            }
            target => target?,
        };
        if !target.inside.is_empty() {
            let is_there = match self.place(&target.path).kind() {
                Kind::Whole(content) => inside::holds(content, &target.inside),
                _ => false,
            };
            return match is_there {
                true => self.rewrite(path, &target, |content| {
                    inside::remove(content, path, &target.inside)
                }),
                false => self.settle(&named(path)).map(drop),
            };
        }
        if target.is_item {
            self.forget_seen(&target.path);
            return self.delete_item(&target.path);
        }
        if target.shape == Shape::Absent {
            let register = target.missing.iter().fold(target.path, |path, key| path.key(key));
            return self.settle(&register).map(drop);
        }
        self.write_absent(&target.path)
    }

    /// Removes what lost at a register where nothing is, and below it; whether anything had.
    fn settle(&mut self, register: &RegisterPath) -> Result<bool, EditError> {
        let has_lost = !view::lost_below(&self.place(register)).is_empty();
        // yrs may have those still that this transaction has emptied.
        let is_late =
            self.document.late_texts(register, self.txn).any(|root| !self.cleared.contains(root));
        let is_contested = has_lost || self.is_edit_of_deleted(register) || is_late;
        if !is_contested {
            return Ok(false);
        }
        self.erase(register)?;
        Ok(true)
    }

    /// Whether somebody wrote at or below this place in an item that somebody else deleted.
    fn is_edit_of_deleted(&self, register: &RegisterPath) -> bool {
        let in_item = register.segments().iter().any(|step| matches!(step, Segment::Item(_)));
        in_item
            && self.document.registers.branch(register).is_some_and(|branch| {
                let is_told = |marker| !matches!(marker, Marker::Existence | Marker::Position);
                !branch.children.is_empty()
                    || branch.stored.iter().any(|stored| is_told(stored.key.marker))
            })
    }

    fn increment(&mut self, path: &Path, by: i64) -> Result<(), EditError> {
        let target = self.locate(path)?;
        let epoch = match target.shape {
            Shape::Counter(epoch) => epoch,
            Shape::Absent => {
                // Events add up, beginnings are one: it begins with nothing.
                self.write(path, target, &Value::Counter(0))?;
                return if by == 0 { Ok(()) } else { self.increment(path, by) };
            }
            shape => return Err(shape.wrong_kind(path, "a counter")),
        };
        let marker = Marker::Subtotal(epoch);
        let here = self.document.registers.here(&target.path).iter();
        let mut own = here.filter(|stored| {
            stored.key.marker == marker && stored.key.incarnation == self.writer()
        });
        // One key a writer: increments need no context, they all count.
        let (key, plus, minus) = own
            .find_map(|stored| match stored.entry.body {
                Body::Subtotal { plus, minus } => Some((Some(stored.key.clone()), plus, minus)),
                _ => None,
            })
            .unwrap_or((None, 0, 0));
        let plus = plus.saturating_add(by.max(0));
        let minus = minus.saturating_add(by.min(0).saturating_neg());
        if plus > MAX_COUNTER || minus > MAX_COUNTER {
            let what = format!("the counter at {path}");
            return Err(EditError::LimitExceeded { what, limit: MAX_COUNTER as u64 });
        }
        let body = Body::Subtotal { plus, minus };
        let key = match key {
            Some(key) => key,
            None => self.own_key(&target.path, marker, &body),
        };
        self.put_entry_at(key, body, Epoch::default(), Vec::new()).map(drop)
    }

    fn add(&mut self, path: &Path, element: &Element) -> Result<(), EditError> {
        let target = self.locate(path)?;
        match target.shape {
            Shape::Set => {}
            Shape::Absent => {
                self.write(path, target, &Value::Set(Default::default()))?;
                return self.add(path, element);
            }
            shape => return Err(shape.wrong_kind(path, "a set")),
        }
        if is_full(&self.place(&target.path), element) {
            let what = format!("the number of elements of {path}");
            return Err(EditError::LimitExceeded { what, limit: MAX_ELEMENTS as u64 });
        }
        let place = target.path.element(&element.name());
        self.put_entry(&place, Marker::Register, Body::Member).map(drop)
    }

    fn discard(&mut self, path: &Path, element: &Element) -> Result<(), EditError> {
        let target = self.locate(path)?;
        match target.shape {
            Shape::Set => {}
            Shape::Absent => return Ok(()),
            shape => return Err(shape.wrong_kind(path, "a set")),
        }
        let path = target.path.element(&element.name());
        let place = self.place(&path);
        let added = place.stored().iter().filter(|stored| stored.entry.body == Body::Member);
        let added: Vec<_> = added
            .filter(|stored| self.in_context(stored.dot()))
            .map(|stored| stored.key.clone())
            .collect();
        let mut begun: Vec<Dot> = place.facts.iter().map(|fact| fact.stored.dot()).collect();
        begun.retain(|dot| self.in_context(*dot));
        drop(place);
        added.iter().for_each(|key| self.remove_entry(key));
        if begun.is_empty() {
            return Ok(());
        }
        let covers = self.covers(&path)?;
        let key = self.own_key(&path, Marker::Register, &Body::Absent);
        self.put_entry_at(key, Body::Absent, Epoch::default(), covers).map(drop)
    }
}

/// Whether a set has no room for one more element.
fn is_full(set: &Place<'_>, element: &Element) -> bool {
    let begun = set.facts.iter().map(|fact| match fact.tree {
        Tree::Set(elements) => elements.len(),
        _ => 0,
    });
    // Counting costs nothing; only where that is too many, all are looked at.
    let most = begun.sum::<usize>() + set.branch.map_or(0, |branch| branch.children.len());
    most >= MAX_ELEMENTS && {
        let elements = set.elements();
        elements.len() >= MAX_ELEMENTS && !elements.contains(element)
    }
}

/// The register that a path names by itself, without an index.
fn named(path: &Path) -> RegisterPath {
    path.segments().iter().fold(RegisterPath::root(), |register, segment| {
        match segment.strip_prefix('@').and_then(|id| id.parse().ok()) {
            Some(id) => register.item(id),
            None => register.key(segment),
        }
    })
}
