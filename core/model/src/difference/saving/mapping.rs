//! Which stored item each item that a model read stands for, and where its changes go.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::{
    Slot, contents, increasing_run,
    matching::{DEFAULT_KEY, Key, MAX_PAIRS, matches},
    print::print,
};
use crate::value::Value;

/// A list as it is stored, as a model read it, and as the model wants it.
pub(super) struct Mapping {
    /// For each item that was read the stored ones that it stands for: one, or several that are
    /// alike and that the model folds; none where nobody can tell.
    places: Vec<Option<Vec<usize>>>,
    /// Of each item that was read: what it says.
    said: Vec<[u8; 16]>,
    /// Of each stored item.
    stored: Vec<[u8; 16]>,
    /// For each wanted item the one that was read.
    matched: Vec<Option<usize>>,
    /// Whether the model read them in the order in which they are stored, and order counts.
    is_ordered: bool,
}

impl Mapping {
    pub(super) fn new(
        stored: &[Value],
        read: &[Value],
        new: &[Value],
        key: Option<&str>,
        is_set: bool,
    ) -> Self {
        let matched = matches(read, new, key);
        let said: Vec<_> = read.iter().map(print).collect();
        let prints: Vec<_> = stored.iter().map(print).collect();
        let is_as_stored = read.len() == stored.len()
            && stored.iter().zip(read).all(|(stored, read)| may_be_read_as(stored, read));
        let places = match is_as_stored {
            true => (0..stored.len()).map(|at| Some(vec![at])).collect(),
            false => places(&candidates(stored, read, key.unwrap_or(DEFAULT_KEY)), &prints),
        };
        let firsts: Vec<usize> = places.iter().flatten().map(|place| place[0]).collect();
        let is_ordered = !is_set && firsts.is_sorted();
        Self { places, said, stored: prints, matched, is_ordered }
    }

    /// Whether the model read all items, each as it is stored and where it is stored.
    pub(super) fn is_plain(&self) -> bool {
        self.is_ordered && self.said == self.stored
    }

    /// For each wanted item the one that was read, if any.
    pub(super) fn matched(&self) -> &[Option<usize>] {
        &self.matched
    }

    /// The stored items that an item which was read and is changed stands for.
    pub(super) fn place_of(&self, read: usize) -> Result<Vec<usize>, &'static str> {
        let place = self.places[read].clone();
        let place = place.ok_or("nobody can tell which stored item the changed one is")?;
        // Alike to the model, but not stored alike: who was meant?
        let twins = (0..self.said.len()).filter(|other| self.said[*other] == self.said[read]);
        let twins: Vec<usize> = twins.collect();
        if twins.len() > 1 {
            let places: Option<Vec<&Vec<usize>>> =
                twins.iter().map(|twin| self.places[*twin].as_ref()).collect();
            let places = places.ok_or("two items look alike to the model")?;
            let stored: HashSet<_> =
                places.into_iter().flatten().map(|place| self.stored[*place]).collect();
            if stored.len() > 1 {
                return Err("two items look alike to the model");
            }
        }
        Ok(place)
    }

    /// The list afterwards. What the model did not read stays where it is.
    pub(super) fn slots(&self, new: &[Value]) -> Result<Vec<Slot>, &'static str> {
        let used: Vec<usize> = self.matched.iter().flatten().copied().collect();
        let is_used: HashSet<usize> = used.iter().copied().collect();
        let mut gone = HashSet::new();
        for read in (0..self.said.len()).filter(|read| !is_used.contains(read)) {
            gone.extend(self.place_of(read)?);
        }
        let staying: HashSet<usize> = match self.is_ordered {
            true => increasing_run(&used).into_iter().map(|at| used[at]).collect(),
            false => is_used,
        };
        let mut order = Arranged::new(self.stored.len());
        let mut left = None;
        for (wanted, read) in self.matched.iter().enumerate() {
            let Some(read) = *read else {
                match self.is_ordered {
                    true => order.insert_behind(left, Item::New(wanted)),
                    false => order.items.push(Item::New(wanted)),
                }
                continue;
            };
            if !staying.contains(&read) {
                let at = self.place_of(read)?[0];
                order.take(at);
                order.insert_behind(left, Item::Stored(at));
            }
            if let Some(place) = &self.places[read] {
                left = place.last().copied();
            }
        }
        let slots = order.items.into_iter().filter_map(|item| match item {
            Item::Stored(at) if gone.contains(&at) => None,
            Item::Stored(at) => Some(Slot::Keep(at)),
            Item::New(wanted) => Some(Slot::Insert(new[wanted].clone())),
        });
        Ok(slots.collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Stored(usize),
    New(usize),
}

/// A list in the making.
struct Arranged {
    items: Vec<Item>,
    /// The last that was put behind each stored item, or at the front.
    behind: HashMap<Option<usize>, Item>,
}

impl Arranged {
    fn new(length: usize) -> Self {
        Self { items: (0..length).map(Item::Stored).collect(), behind: HashMap::new() }
    }

    fn take(&mut self, stored: usize) {
        self.items.retain(|item| *item != Item::Stored(stored));
    }

    /// Behind a stored item and what was put there before; at the front behind none.
    fn insert_behind(&mut self, anchor: Option<usize>, item: Item) {
        let last = self.behind.get(&anchor).copied().or(anchor.map(Item::Stored));
        let at = last.and_then(|last| self.items.iter().position(|other| *other == last));
        self.items.insert(at.map_or(0, |at| at + 1), item);
        self.behind.insert(anchor, item);
    }
}

/// For each item that was read the stored ones that a model may have read so. A key that only one
/// of each has decides; in lists with too many pairs, only items with such a key have a place.
fn candidates(stored: &[Value], read: &[Value], key: &str) -> Vec<Vec<usize>> {
    let mut by_key: HashMap<Key<'_>, Vec<usize>> = HashMap::new();
    for (at, item) in stored.iter().enumerate() {
        if let Some(key) = Key::of(item, key) {
            by_key.entry(key).or_default().push(at);
        }
    }
    let mut times: HashMap<Key<'_>, usize> = HashMap::new();
    for key in read.iter().filter_map(|item| Key::of(item, key)) {
        *times.entry(key).or_default() += 1;
    }
    let of = |item: &Value| {
        if let Some(key) = Key::of(item, key)
            && times.get(&key) == Some(&1)
            && let Some([only]) = by_key.get(&key).map(Vec::as_slice)
        {
            return vec![*only];
        }
        match stored.len().saturating_mul(read.len()) > MAX_PAIRS {
            true => Vec::new(),
            false => (0..stored.len()).filter(|at| may_be_read_as(&stored[*at], item)).collect(),
        }
    };
    read.iter().map(of).collect()
}

/// Whether a model that takes objects apart field by field may have read this so: it leaves fields
/// out and fills in others.
fn may_be_read_as(stored: &Value, read: &Value) -> bool {
    match (contents(stored), contents(read)) {
        (Value::Object(stored), Value::Object(read)) => {
            let mut shared =
                read.iter().filter_map(|(key, read)| Some((stored.get(key)?, read))).peekable();
            shared.peek().is_some() && shared.all(|(stored, read)| may_be_read_as(stored, read))
        }
        (Value::List(stored), Value::List(read)) if stored.len() == read.len() => {
            stored.iter().zip(read).all(|(stored, read)| may_be_read_as(stored, read))
        }
        (stored, read) => stored == read || print(stored) == print(read),
    }
}

/// The places of what was read, as far as only one reading is possible.
fn places(candidates: &[Vec<usize>], stored: &[[u8; 16]]) -> Vec<Option<Vec<usize>>> {
    let mut groups: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
    for (read, places) in candidates.iter().enumerate() {
        groups.entry(places).or_default().push(read);
    }
    let mut claims: HashMap<usize, usize> = HashMap::new();
    for place in groups.keys().copied().flatten() {
        *claims.entry(*place).or_default() += 1;
    }
    let mut found = vec![None; candidates.len()];
    for (places, readers) in &groups {
        // Somebody else may claim it.
        if places.is_empty() || places.iter().any(|place| claims[place] > 1) {
            continue;
        }
        // Not stored alike: who is who?
        let alike: HashSet<_> = places.iter().map(|place| stored[*place]).collect();
        if alike.len() > 1 {
            continue;
        }
        if readers.len() == places.len() {
            for (read, place) in readers.iter().zip(*places) {
                found[*read] = Some(vec![*place]);
            }
        } else if let [read] = readers[..] {
            // A set that dropped doubles.
            found[read] = Some(places.to_vec());
        }
    }
    // Between the same neighbours in a list as long as the stored one: what the model shows for it.
    let fits = |found: &Option<Vec<usize>>, at: usize| {
        found.as_ref().is_none_or(|place| place[..] == [at])
    };
    let is_whole = candidates.len() == stored.len();
    if is_whole && found.iter().enumerate().all(|(at, place)| fits(place, at)) {
        for at in 0..found.len() {
            let is_there = |at: usize| found[at].as_deref() == Some(&[at]);
            let is_behind = at.checked_sub(1).is_none_or(is_there);
            let is_before = at + 1 == found.len() || is_there(at + 1);
            if found[at].is_none() && is_behind && is_before {
                found[at] = Some(vec![at]);
            }
        }
    }
    found
}
