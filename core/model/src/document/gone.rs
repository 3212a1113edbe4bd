//! Items that a change takes away, as they were shown here until then.
//!
//! An edit that somebody else made of such an item lives on as a conflict, and the state keeps
//! nothing of the item but its id. Whoever had the item can keep a note of what it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use yrs::GetString;

use super::{Conflict, Document, mirror::Held, write::Writing};
use crate::{
    entry::{Body, Entry, EntryKey, Marker, TextRoot, has_lists},
    ids::Dot,
    item::ItemId,
    path::{RegisterPath, Segment},
    scan::{Content, Parent, Scanned},
    value::Value,
    view::{Fact, Kind, Order, Place, Texts, value_of},
};

/// Most items of one change that are told of.
pub const MAX_GONE: usize = 256;
/// Most bytes of an item's name.
const MAX_NAME_BYTES: usize = 48;

/// A list item that a change took away.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GoneItem {
    /// The register of the item, as a printed path.
    pub path: String,
    /// What it was: its `id`, where that is a string or a number, or what it said; the first 48
    /// bytes of it.
    pub name: String,
}

/// Items that are shown before a change that may take them away, by their registers.
pub(super) type Shown = BTreeMap<RegisterPath, String>;

impl Document {
    /// Says of conflicts in items that are gone which items those were, as far as `names` knows
    /// that of an item's printed path: the innermost one that it knows.
    pub fn name_items(&self, conflicts: &mut [Conflict], names: impl Fn(&str) -> Option<String>) {
        for conflict in conflicts {
            let Ok(path) = conflict.path.parse::<RegisterPath>() else { continue };
            let mut items = path.climb().filter(|it| matches!(it.last(), Some(Segment::Item(_))));
            conflict.item = items.find_map(|item| {
                let name = names(item.as_str())?;
                self.shown(item).is_none().then_some(name)
            });
        }
    }

    /// The items that an update of somebody else may take away.
    pub(super) fn shown_before(&self, scanned: &Scanned<'_>, held: &Held) -> Shown {
        let mut shown = Shown::new();
        if self.registers.is_empty() {
            return shown;
        }
        let (items, written) = self.touched(scanned, held);
        let mut lists = BTreeMap::new();
        for path in items {
            if !is_within(&shown, &path)
                && let Some(item) = self.shown_item(&path, &mut lists)
            {
                note(&item, self, &mut shown);
            }
        }
        for path in written {
            if !is_within(&shown, &path) {
                let place = Place::at(&self.registers, &self.lists, &path);
                note_below(&place, self, &mut shown);
            }
        }
        shown
    }

    /// The items that an update deletes, and the registers that it writes.
    fn touched(
        &self,
        scanned: &Scanned<'_>,
        held: &Held,
    ) -> (BTreeSet<RegisterPath>, BTreeSet<RegisterPath>) {
        let (mut items, mut written) = (BTreeSet::new(), BTreeSet::new());
        // By the last operation of each, as far as the update wrote it.
        let mut keys: BTreeMap<Dot, EntryKey> = BTreeMap::new();
        for (dot, block) in scanned.writers().flatten() {
            let held = held.get(&dot.incarnation).copied().unwrap_or(0);
            let end = dot.clock + block.content.len();
            if end <= held {
                continue;
            }
            let origin = if dot.clock < held {
                Some(Dot { clock: held - 1, ..dot })
            } else {
                block.head.origin
            };
            let key = match block.head.parent {
                Parent::Text(_) => continue,
                Parent::Entry(key) if dot.clock >= held => scanned.key(dot, key),
                _ => origin
                    .and_then(|origin| keys.get(&origin).or(self.registers.key_of(origin)))
                    .cloned(),
            };
            let Some(key) = key else { continue };
            if let Content::Entry(payload) = block.content
                && Entry::may_replace(payload)
            {
                match key.marker {
                    Marker::Existence => drop(items.insert(key.path.clone())),
                    Marker::Register => drop(written.insert(key.path.clone())),
                    _ => {}
                }
            }
            keys.insert(Dot { clock: end - 1, ..dot }, key);
        }
        for (writer, clocks) in scanned.deletions() {
            let entries = self.registers.keys_in(writer, clocks);
            let existing = entries.filter(|(_, key)| key.marker == Marker::Existence);
            let live = existing.filter(|(_, key)| self.registers.get(key).is_some());
            items.extend(live.map(|(_, key)| key.path.clone()));
        }
        (items, written)
    }

    /// Of items that were shown, those that are not any more; inner ones first.
    pub(super) fn gone_of(&self, shown: Shown) -> Vec<GoneItem> {
        let mut lists = BTreeMap::new();
        let mut outer: Option<RegisterPath> = None;
        let mut gone: Vec<GoneItem> = Vec::new();
        for (path, name) in shown {
            let is_inside = outer.as_ref().is_some_and(|outer| outer.is_above(&path));
            if is_inside || self.is_erased(&path) || self.shown_item(&path, &mut lists).is_none() {
                gone.push(GoneItem { path: path.to_string(), name });
                outer = outer.filter(|_| is_inside).or(Some(path));
            }
        }
        gone.sort_by_key(|item| std::cmp::Reverse(item.path.matches('/').count()));
        gone.drain(..gone.len().saturating_sub(MAX_GONE));
        gone
    }

    /// Whether the entries of an item alone say that it is gone, without a look at its list.
    fn is_erased(&self, item: &RegisterPath) -> bool {
        let here = self.registers.here(item);
        let is_inserted = here.iter().any(|it| matches!(it.entry.body, Body::Item(..)));
        let is_deleted = here
            .iter()
            .any(|it| it.key.marker == Marker::Existence && it.entry.body == Body::Absent);
        let began_list = matches!(item.last(), Some(Segment::Item(id)) if id.began_list());
        !is_inserted && (is_deleted || !began_list)
    }

    /// The place at a path, if what is there is part of what readers see.
    pub(super) fn shown(&self, path: &RegisterPath) -> Option<Place<'_>> {
        path.segments().into_iter().try_fold(self.place(), |place, step| {
            match (place.kind(), step) {
                (Kind::Object, Segment::Key(_)) => Some(place.child(step)),
                (Kind::List { .. }, Segment::Item(id)) => ShownList::of(place)?.item(*id),
                _ => None,
            }
        })
    }

    /// An item that readers see; lists that were looked at are kept.
    fn shown_item<'a>(
        &'a self,
        path: &RegisterPath,
        lists: &mut BTreeMap<RegisterPath, Option<ShownList<'a>>>,
    ) -> Option<Place<'a>> {
        let (list, Some(Segment::Item(id))) = (path.parent()?, path.last()) else { return None };
        let list = lists.entry(list.clone());
        list.or_insert_with_key(|list| ShownList::of(self.shown(list)?)).as_ref()?.item(*id)
    }
}

/// A list that readers see.
struct ShownList<'a> {
    place: Place<'a>,
    facts: Vec<Fact<'a>>,
    order: Arc<Order>,
}

impl<'a> ShownList<'a> {
    fn of(place: Place<'a>) -> Option<Self> {
        let Kind::List { beginning, has_insertions } = place.kind() else { return None };
        let order = place.lists().order(&place, beginning, has_insertions);
        Some(Self { facts: place.facts_of(beginning), place, order })
    }

    fn item(&self, id: ItemId) -> Option<Place<'a>> {
        let is_there = self.order.holds(id);
        is_there.then(|| self.place.child_of(&Segment::Item(id), &self.facts))
    }

    fn items(&self) -> impl Iterator<Item = Place<'a>> {
        self.order.ids().iter().filter_map(|id| self.item(*id))
    }
}

impl Writing<'_, '_> {
    /// Notes what an item is, and the items in it, which are about to go.
    pub(super) fn note_item(&mut self, path: &RegisterPath) {
        let mut shown = std::mem::take(&mut self.shown);
        note(&self.place(path), self, &mut shown);
        self.shown = shown;
    }

    /// Notes what the items below a place are, which is about to be written.
    pub(super) fn items_below(&self, place: &Place<'_>) -> Shown {
        let mut shown = Shown::new();
        note_below(place, self, &mut shown);
        shown
    }
}

impl Texts for Writing<'_, '_> {
    fn content(&self, root: &TextRoot) -> String {
        self.document.texts.get(root).map_or_else(String::new, |text| text.get_string(self.txn))
    }
}

fn is_within(shown: &Shown, path: &RegisterPath) -> bool {
    path.climb().any(|path| shown.contains_key(path))
}

fn note(item: &Place<'_>, texts: &dyn Texts, shown: &mut Shown) {
    shown.insert(item.path.clone(), name(&value_of(item, &item.kind(), texts)));
    note_below(item, texts, shown);
}

fn note_below(place: &Place<'_>, texts: &dyn Texts, shown: &mut Shown) {
    let is_branched = place.branch.is_some_and(|branch| !branch.children.is_empty());
    if !is_branched && !place.facts.iter().any(|fact| has_lists(fact.tree)) {
        return;
    }
    if place.kind() == Kind::Object {
        let said = place.facts.iter().filter_map(|fact| fact.tree.fields());
        let said = said.flat_map(|fields| fields.keys().cloned().map(Segment::Key));
        let written = place.written_fields().map(|(key, _)| Segment::Key(key.clone()));
        for step in said.chain(written).collect::<BTreeSet<_>>() {
            note_below(&place.child(&step), texts, shown);
        }
    } else if let Some(list) = ShownList::of(place.clone()) {
        list.items().for_each(|item| note(&item, texts, shown));
    }
}

/// What an item is called: its key, or the beginning of what it says.
fn name(value: &Value) -> String {
    let key = match value {
        Value::Object(fields) => fields
            .get("id")
            .filter(|id| matches!(id, Value::String(_) | Value::Int(_) | Value::Float(_))),
        _ => None,
    };
    let mut name = match key.unwrap_or(value) {
        Value::String(text) | Value::Text(text) => text.clone(),
        said => said.to_json().to_string(),
    };
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
    name
}
