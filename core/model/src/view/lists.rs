//! What is remembered of lists: the names of items, and the order of the lists that somebody looked
//! at, kept up to date item by item.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    entry::{Beginning, Body, Marker, item_names},
    ids::Dot,
    item::{ItemId, Position},
    path::RegisterPath,
    registers::{Branch, Stored},
};

use super::place::{Fact, Place};

/// Most lists whose items' names are remembered.
const MAX_NAMED: usize = 4096;
/// Changes of a list that are followed one by one while nobody looks at its order. Behind that,
/// whoever looks next sorts it anew: to follow each costs as much as the list is long.
const MAX_FOLLOWED: u32 = 64;

/// The names of the items that one entry's list began with.
#[derive(Debug)]
pub(crate) struct Names {
    ids: Vec<ItemId>,
    index: HashMap<ItemId, u32>,
}

impl Names {
    pub(crate) fn index(&self, id: ItemId) -> Option<usize> {
        self.index.get(&id).map(|index| *index as usize)
    }
}

/// The items of a list in order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    beginning: Beginning,
    /// Whether other lists compete for the place: then each write below may change which is there.
    is_contested: bool,
    ids: Vec<ItemId>,
    positions: HashMap<ItemId, Position>,
}

/// How the order of a list has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListChange {
    /// The item was there and is not.
    Removed(usize, ItemId),
    /// The item is there and was not.
    Inserted(usize),
    /// The list had these items in this order.
    Replaced(Vec<ItemId>),
}

impl Order {
    /// The items.
    pub(crate) fn ids(&self) -> &[ItemId] {
        &self.ids
    }

    /// Whether an item is in the list.
    pub(crate) fn holds(&self, id: ItemId) -> bool {
        self.positions.contains_key(&id)
    }

    /// Where an item stands.
    pub(crate) fn position(&self, id: ItemId) -> Option<&Position> {
        self.positions.get(&id)
    }

    /// The index of an item.
    pub(crate) fn index(&self, id: ItemId) -> Option<usize> {
        let position = self.positions.get(&id)?;
        self.ids.binary_search_by(|other| self.positions[other].cmp(position)).ok()
    }

    fn place(&mut self, id: ItemId, position: Option<Position>) -> Vec<ListChange> {
        let mut changes = Vec::new();
        if self.positions.get(&id) == position.as_ref() {
            return changes;
        }
        if let Some(index) = self.index(id) {
            self.ids.remove(index);
            self.positions.remove(&id);
            changes.push(ListChange::Removed(index, id));
        }
        if let Some(position) = position {
            let index = self.ids.partition_point(|other| self.positions[other] < position);
            self.ids.insert(index, id);
            self.positions.insert(id, position);
            changes.push(ListChange::Inserted(index));
        }
        changes
    }
}

/// An order that is kept up to date.
#[derive(Debug)]
enum Followed {
    /// The order, and how many changes it has had since somebody looked at it.
    Order(Arc<Order>, u32),
    /// It has had more of them; what it was before is in the history.
    Lost,
}

/// What is remembered of a document's lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    names: RefCell<BTreeMap<(RegisterPath, Dot), Arc<Names>>>,
    orders: RefCell<BTreeMap<RegisterPath, Followed>>,
}

impl Lists {
    /// The names of the items of a list that speaks for the place at this path.
    pub(crate) fn names(&self, path: &RegisterPath, fact: &Fact<'_>) -> Option<Arc<Names>> {
        let items = fact.tree.items()?;
        let key = (path.clone(), fact.stored.dot());
        if let Some(names) = self.names.borrow().get(&key) {
            return Some(Arc::clone(names));
        }
        let ids = item_names(path, items, fact.beginning());
        let index = ids.iter().enumerate().map(|(index, id)| (*id, index as u32)).collect();
        let named = Arc::new(Names { ids, index });
        let mut names = self.names.borrow_mut();
        if names.len() >= MAX_NAMED {
            names.clear();
        }
        names.insert(key, Arc::clone(&named));
        Some(named)
    }

    /// The order of a list that begins like this; with what was inserted, where it is there.
    pub(crate) fn order(
        &self,
        place: &Place<'_>,
        beginning: Beginning,
        has_insertions: bool,
    ) -> Arc<Order> {
        if !has_insertions {
            return Arc::new(self.look(place, beginning, false));
        }
        if let Some(Followed::Order(order, changes)) = self.orders.borrow_mut().get_mut(&place.path)
            && order.beginning == beginning
        {
            *changes = 0;
            return Arc::clone(order);
        }
        let order = Arc::new(self.look(place, beginning, true));
        let followed = Followed::Order(Arc::clone(&order), 0);
        self.orders.borrow_mut().insert(place.path.clone(), followed);
        order
    }

    /// Sees to it that the changes of a list are followed from here on, as [`order`](Self::order)
    /// does, for nobody who looks.
    pub(crate) fn follow(&self, place: &Place<'_>, beginning: Beginning) {
        let is_followed = match self.orders.borrow().get(&place.path) {
            Some(Followed::Order(order, _)) => order.beginning == beginning,
            Some(Followed::Lost) => true,
            None => false,
        };
        if !is_followed {
            self.order(place, beginning, true);
        }
    }

    /// A commit ends what one entry of the history can tell.
    pub(crate) fn committed(&self) {
        let mut orders = self.orders.borrow_mut();
        orders.retain(|_, followed| matches!(followed, Followed::Order(..)));
    }

    fn look(&self, place: &Place<'_>, beginning: Beginning, has_insertions: bool) -> Order {
        let mut positions = HashMap::new();
        for fact in self.longest_first(place, beginning) {
            if let Some(names) = self.names(&place.path, &fact) {
                let count = names.ids.len();
                for (index, id) in names.ids.iter().enumerate() {
                    positions.entry(*id).or_insert_with(|| in_whole(index, count, *id));
                }
            }
        }
        for (id, branch) in place.written_items() {
            let first = positions.remove(&id);
            if let Some(position) = position_of(branch, id, first, has_insertions) {
                positions.insert(id, position);
            }
        }
        let mut ids: Vec<ItemId> = positions.keys().copied().collect();
        ids.sort_by(|left, right| positions[left].cmp(&positions[right]));
        let lists = place.facts.iter().filter(|fact| fact.tree.items().is_some());
        let is_contested = lists.clone().any(|fact| fact.beginning() != beginning);
        Order { beginning, is_contested, ids, positions }
    }

    /// Of several that begin one list the longest one says where an item stands.
    fn longest_first<'a>(&self, place: &Place<'a>, beginning: Beginning) -> Vec<Fact<'a>> {
        let mut facts = place.facts_of(beginning);
        facts.sort_by_key(|fact| {
            let length = fact.tree.items().map_or(0, <[_]>::len);
            std::cmp::Reverse((length, fact.stored.stamp()))
        });
        facts
    }

    /// Forgets every order.
    pub(crate) fn clear(&self) {
        self.orders.borrow_mut().clear();
    }

    /// Brings the order of a list up to date after a change of one item's existence or position.
    pub(crate) fn update(&self, place: &Place<'_>, id: ItemId) -> Vec<ListChange> {
        let (mut order, followed_changes) = {
            let mut orders = self.orders.borrow_mut();
            let Some(followed) = orders.get_mut(&place.path) else { return Vec::new() };
            match std::mem::replace(followed, Followed::Lost) {
                Followed::Order(order, changes) if changes < MAX_FOLLOWED => (order, changes + 1),
                Followed::Order(order, _) => return vec![ListChange::Replaced(into_ids(order))],
                Followed::Lost => return Vec::new(),
            }
        };
        let first = self.longest_first(place, order.beginning).iter().find_map(|fact| {
            let names = self.names(&place.path, fact)?;
            Some(in_whole(names.index(id)?, names.ids.len(), id))
        });
        let branch =
            place.branch.and_then(|branch| branch.children.get(&crate::path::Segment::Item(id)));
        let position = match branch {
            Some(branch) => position_of(branch, id, first, true),
            None => first,
        };
        let changes = Arc::make_mut(&mut order).place(id, position);
        if let Some(followed) = self.orders.borrow_mut().get_mut(&place.path) {
            *followed = Followed::Order(order, followed_changes);
        }
        changes
    }

    /// Forgets the order of every list here and below, and above where another list might be there
    /// now; returns what was forgotten.
    pub(crate) fn forget(&self, path: &RegisterPath) -> Vec<(RegisterPath, Vec<ItemId>)> {
        let mut orders = self.orders.borrow_mut();
        if orders.is_empty() {
            return Vec::new();
        }
        let (start, end) = path.below();
        let mut gone: Vec<RegisterPath> =
            orders.range(start..end).map(|(path, _)| path.clone()).collect();
        gone.extend(orders.contains_key(path).then(|| path.clone()));
        let is_contested = |list: &&RegisterPath| matches!(orders.get(*list), Some(Followed::Order(order, _)) if order.is_contested);
        gone.extend(path.climb().skip(1).filter(is_contested).cloned());
        let take = |path: RegisterPath| match orders.remove(&path)? {
            Followed::Order(order, _) => Some((path, into_ids(order))),
            Followed::Lost => None,
        };
        gone.into_iter().filter_map(take).collect()
    }
}

fn into_ids(order: Arc<Order>) -> Vec<ItemId> {
    Arc::try_unwrap(order).map_or_else(|kept| kept.ids.clone(), |own| own.ids)
}

fn in_whole(index: usize, count: usize, id: ItemId) -> Position {
    Position::new(&Position::fraction_in_whole(index, count), id.dot)
}

/// Where an item stands, if it is there; `first` is where the list began with it.
fn position_of(
    branch: &Branch,
    id: ItemId,
    first: Option<Position>,
    has_insertions: bool,
) -> Option<Position> {
    let stored = branch.stored.iter();
    let inserted = stored.clone().find_map(|stored| match &stored.entry.body {
        Body::Item(fraction, _) if has_insertions => Some(Position::new(fraction, id.dot)),
        _ => None,
    });
    let is_deleted = stored
        .clone()
        .any(|stored| stored.key.marker == Marker::Existence && stored.entry.body == Body::Absent);
    let there = inserted.or(first.filter(|_| !is_deleted))?;
    let moves = stored.filter_map(|stored| match &stored.entry.body {
        Body::Position(fraction) => Some((stored, fraction)),
        _ => None,
    });
    let moved = moves.max_by_key(|(stored, _): &(&Stored, _)| stored.stamp());
    Some(moved.map_or(there, |(stored, fraction)| Position::new(fraction, stored.dot())))
}
