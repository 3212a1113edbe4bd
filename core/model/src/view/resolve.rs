//! From entries to values: what speaks for a path, what covers it, what wins.

use std::collections::BTreeMap;

use super::{Item, Kind, Loser, Named, Node, View};
use crate::{
    entry::{Body, Marker},
    ids::Dot,
    item::{ItemId, Position},
    path::{RegisterPath, Segment},
    registers::{Part, Registers, Stored},
    value::Value,
};

/// Resolves all entries of a document.
pub(super) fn resolve(registers: &Registers) -> View {
    let mut trie = Trie::default();
    for (path, stored) in registers.by_path() {
        let node = path
            .segments()
            .into_iter()
            .fold(&mut trie, |node, step| node.children.entry(step).or_default());
        node.stored = stored;
    }
    let mut resolver = Resolver::default();
    let root = resolver.node(RegisterPath::root(), Some(&trie), Vec::new(), &Covered::default());
    let Resolver { losers, texts, counters } = resolver;
    View { root, losers, texts, counters }
}

/// Entries by the steps of their paths.
#[derive(Default)]
struct Trie<'a> {
    stored: &'a [Stored],
    children: BTreeMap<Segment, Trie<'a>>,
}

/// The dots that entries on the way down from the root cover.
#[derive(Clone, Copy, Default)]
struct Covered<'a> {
    above: Option<&'a Self>,
    here: &'a [Stored],
}

impl Covered<'_> {
    fn contains(&self, dot: Dot) -> bool {
        let here = self.here.iter().any(|stored| {
            stored.key.marker == Marker::Register && stored.entry.covers.contains(&dot)
        });
        here || self.above.is_some_and(|above| above.contains(dot))
    }
}

/// A part of some entry's value that may speak for a path.
#[derive(Clone, Copy)]
struct Fact<'a> {
    stored: &'a Stored,
    part: Part<'a>,
}

#[derive(Default)]
struct Resolver {
    losers: Vec<Loser>,
    texts: Named,
    counters: Named,
}

impl Resolver {
    fn node(
        &mut self,
        path: RegisterPath,
        trie: Option<&Trie<'_>>,
        inherited: Vec<Fact<'_>>,
        above: &Covered<'_>,
    ) -> Node {
        let stored = trie.map_or(&[][..], |trie| trie.stored);
        let covered = Covered { above: Some(above), here: stored };
        let mut facts = inherited;
        facts.retain(|fact| !covered.contains(fact.stored.dot()));
        facts.extend(stored.iter().filter_map(|stored| match &stored.entry.body {
            Body::Value(value) => Some(Fact { stored, part: Part { value, ordinal: 0 } }),
            _ => None,
        }));
        if trie.is_none() {
            // Most of a document's leaves: one fact, nothing written over it.
            if let [fact] = facts[..]
                && let Some(kind) = leaf(fact.part.value)
            {
                return Node { kind, path, stamp: Some(fact.stored.stamp()) };
            }
        }
        let mut candidates = self.leaves(&path, &facts, stored);
        candidates.push(self.object(&path, trie, &facts, &covered));
        candidates.push(self.list(&path, trie, &facts, &covered));
        candidates.retain(|node| node.stamp.is_some());
        self.choose(path, candidates)
    }

    /// Scalars, texts, counters and removals that speak for this path.
    fn leaves(&mut self, path: &RegisterPath, facts: &[Fact<'_>], stored: &[Stored]) -> Vec<Node> {
        let mut found: Vec<Node> = Vec::new();
        for fact in facts {
            let stamp = Some(fact.stored.stamp());
            let epoch = fact.stored.entry.epoch;
            let kind = match fact.part.value {
                Value::Object(_) | Value::List(_) => continue,
                Value::Text(_) => Kind::Text(epoch),
                Value::Counter(first) => Kind::Counter(epoch, *first),
                scalar => Kind::Scalar(scalar.clone()),
            };
            if let Some(node) = found.iter_mut().find(|node| node.kind.merges_with(&kind)) {
                node.stamp = node.stamp.max(stamp);
                if let (Kind::Counter(_, sum), Kind::Counter(_, first)) = (&mut node.kind, &kind) {
                    *sum = sum.saturating_add(*first);
                }
                continue;
            }
            found.push(Node { kind, path: path.clone(), stamp });
        }
        for node in &mut found {
            match &mut node.kind {
                Kind::Text(epoch) => {
                    self.texts.insert((path.clone(), *epoch));
                }
                Kind::Counter(epoch, sum) => {
                    self.counters.insert((path.clone(), *epoch));
                    for stored in stored {
                        if let Body::Subtotal { plus, minus } = stored.entry.body
                            && stored.key.marker == Marker::Subtotal(*epoch)
                        {
                            *sum = sum.saturating_add(plus - minus);
                        }
                    }
                }
                _ => {}
            }
        }
        let removed = stored.iter().filter(|stored| {
            stored.entry.body == Body::Absent && stored.key.marker == Marker::Register
        });
        if let Some(stamp) = removed.map(Stored::stamp).max() {
            found.push(Node { kind: Kind::Absent, path: path.clone(), stamp: Some(stamp) });
        }
        found
    }

    /// The object here: said by somebody, or implied by a field that somebody wrote.
    fn object(
        &mut self,
        path: &RegisterPath,
        trie: Option<&Trie<'_>>,
        facts: &[Fact<'_>],
        covered: &Covered<'_>,
    ) -> Node {
        let mut fields: BTreeMap<&str, Vec<Fact<'_>>> = BTreeMap::new();
        let mut stamp = None;
        for fact in facts.iter().filter(|fact| matches!(fact.part.value, Value::Object(_))) {
            stamp = stamp.max(Some(fact.stored.stamp()));
            for (key, part) in fact.part.fields() {
                fields.entry(key).or_default().push(Fact { stored: fact.stored, part });
            }
        }
        let mut children: BTreeMap<&str, &Trie<'_>> = BTreeMap::new();
        for (step, child) in trie.iter().flat_map(|trie| &trie.children) {
            if let Segment::Key(key) = step {
                fields.entry(key).or_default();
                children.insert(key, child);
            }
        }
        let mut object = BTreeMap::new();
        for (key, facts) in fields {
            let node = self.node(path.key(key), children.get(key).copied(), facts, covered);
            if !node.is_absent() {
                stamp = stamp.max(node.stamp);
                object.insert(key.to_owned(), node);
            }
        }
        Node { kind: Kind::Object(object), path: path.clone(), stamp }
    }

    /// The list here: said by somebody, or implied by an item that somebody inserted.
    fn list(
        &mut self,
        path: &RegisterPath,
        trie: Option<&Trie<'_>>,
        facts: &[Fact<'_>],
        covered: &Covered<'_>,
    ) -> Node {
        let empty = Trie::default();
        let mut items: BTreeMap<ItemId, (Option<Position>, Vec<Fact<'_>>)> = BTreeMap::new();
        let mut stamp = None;
        let tries: BTreeMap<ItemId, &Trie<'_>> = trie
            .iter()
            .flat_map(|trie| &trie.children)
            .filter_map(|(step, child)| match step {
                Segment::Item(id) => Some((*id, child)),
                Segment::Key(_) => None,
            })
            .collect();
        for fact in facts {
            let Value::List(whole) = fact.part.value else { continue };
            stamp = stamp.max(Some(fact.stored.stamp()));
            for (index, part) in fact.part.items().enumerate() {
                let id = ItemId { dot: fact.stored.dot(), ordinal: part.ordinal };
                let deleted = tries.get(&id).is_some_and(|trie| {
                    trie.stored.iter().any(|stored| {
                        stored.key.marker == Marker::Existence
                            && stored.entry.covers.contains(&id.dot)
                    })
                });
                if !deleted {
                    let fraction = Position::fraction_in_whole(index, whole.len());
                    let position = Position::new(&fraction, id.dot, id.ordinal);
                    items.insert(id, (Some(position), vec![Fact { stored: fact.stored, part }]));
                }
            }
        }
        for (id, child) in &tries {
            let (position, facts) = items.entry(*id).or_default();
            for stored in child.stored {
                if let Body::Item(fraction, value) = &stored.entry.body {
                    *position = Some(Position::new(fraction, id.dot, id.ordinal));
                    facts.push(Fact { stored, part: Part { value, ordinal: 0 } });
                }
            }
        }
        let mut list = Vec::new();
        for (id, (first, facts)) in items {
            let child = tries.get(&id).copied();
            let said = facts.iter().map(|fact| fact.stored.stamp()).max();
            let node = self.node(path.item(id), child, facts, covered);
            let Some(first) = first else {
                // Edits of an item that somebody else deleted.
                if !node.is_absent() {
                    self.losers.push(Loser { stamp: node.stamp, node });
                }
                continue;
            };
            stamp = stamp.max(said).max(node.stamp);
            let moved = child.unwrap_or(&empty).stored.iter().filter_map(|stored| {
                let Body::Position(fraction) = &stored.entry.body else { return None };
                Some((stored.stamp(), Position::new(fraction, stored.dot(), 0)))
            });
            let position = moved.max().map_or(first, |(_, position)| position);
            list.push(Item { id, position, node });
        }
        list.sort_by(|left, right| left.position.cmp(&right.position));
        Node { kind: Kind::List(list), path: path.clone(), stamp }
    }

    /// One candidate is the value; of several a value beats a removal, then the later write wins.
    fn choose(&mut self, path: RegisterPath, mut candidates: Vec<Node>) -> Node {
        candidates.sort_by_key(|node| (!node.is_absent(), node.stamp));
        let Some(winner) = candidates.pop() else {
            return Node { kind: Kind::Absent, path, stamp: None };
        };
        self.losers.extend(candidates.into_iter().map(|node| Loser { stamp: node.stamp, node }));
        winner
    }
}

/// The node of a plain scalar; texts, counters and containers need a closer look.
fn leaf(value: &Value) -> Option<Kind> {
    match value {
        Value::Text(_) | Value::Counter(_) | Value::List(_) | Value::Object(_) => None,
        scalar => Some(Kind::Scalar(scalar.clone())),
    }
}
