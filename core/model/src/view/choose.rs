//! What is at a place: of all that speaks for it one is there, and the others lost.

use std::cmp::Reverse;

use crate::{
    entry::{Beginning, Body, Marker, TextRoot, Tree},
    path::Segment,
    registers::{Stamp, Stored},
    value::Value,
};

use super::place::{Fact, Place};

/// What is at a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    Absent,
    /// Null, a boolean, a number, a string or bytes.
    Scalar(&'a Value),
    /// The content of a list or object that is one register.
    Whole(&'a Value),
    Text(TextRoot),
    Counter {
        epoch: u32,
        sum: i64,
    },
    Set,
    /// The items of this beginning, and all that were inserted where this list is there.
    List {
        beginning: Beginning,
        has_insertions: bool,
    },
    Object,
}

/// Something that speaks for a place, and what wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) kind: Kind<'a>,
    /// The write that decides; of objects, lists and sets it is looked for only where they compete.
    stamp: Option<Stamp>,
}

/// What is at a place, and what lost there.
#[derive(Clone, Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) kind: Kind<'a>,
    /// The write that decides; of objects, lists and sets only where they compete.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) losers: Vec<(Kind<'a>, Option<Stamp>)>,
}

impl<'a> Place<'a> {
    /// What is here.
    pub(crate) fn kind(&self) -> Kind<'a> {
        self.choose().kind
    }

    /// What is here, and what lost.
    pub(crate) fn choose(&self) -> Choice<'a> {
        let mut losers = Vec::new();
        let mut candidates = self.leaves(&mut losers);
        candidates
            .extend(self.is_object().then_some(Candidate { kind: Kind::Object, stamp: None }));
        let set = self.is_set().then_some(Candidate { kind: Kind::Set, stamp: None });
        let mut lists = self.lists_here();
        if candidates.len() + lists.len() + usize::from(set.is_some()) == 1 {
            let only = candidates.pop().or(set).or(lists.pop());
            let (kind, stamp) = only.map_or((Kind::Absent, None), |only| (only.kind, only.stamp));
            return Choice { kind, stamp, losers };
        }
        // A set is there before any list; of lists that were set over something one is there.
        let mut lists = self.ranked(lists);
        let set = self.ranked(set.into_iter().collect()).pop();
        let best_list = lists.pop();
        losers.extend(lists.into_iter().map(|list| (list.kind, list.stamp)));
        match (set, best_list) {
            (Some(set), Some(list)) => {
                let is_chosen = |it: &Candidate<'_>| it.stamp.is_some_and(|stamp| stamp.is_chosen);
                let (first, second) =
                    if is_chosen(&list) && !is_chosen(&set) { (list, set) } else { (set, list) };
                losers.push((second.kind, second.stamp));
                candidates.push(first);
            }
            (set, list) => candidates.extend(set.or(list)),
        }
        let mut candidates = self.ranked(candidates);
        let Some(winner) = candidates.pop() else {
            return Choice { kind: Kind::Absent, stamp: None, losers };
        };
        losers.extend(candidates.into_iter().map(|it| (it.kind, it.stamp)));
        Choice { kind: winner.kind, stamp: winner.stamp, losers }
    }

    /// The candidates, the one that is there last: a value beats a removal, then what somebody
    /// chose, then the later write.
    fn ranked(&self, mut candidates: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
        if candidates.len() > 1
            || candidates.iter().any(|it| matches!(it.kind, Kind::List { .. } | Kind::Set))
        {
            for candidate in &mut candidates {
                candidate.stamp = candidate.stamp.or_else(|| self.stamp_of(&candidate.kind));
            }
        }
        candidates.sort_by_key(|it| (it.kind != Kind::Absent, it.stamp));
        candidates
    }

    /// Scalars, values, texts, counters and removals that speak for this place.
    fn leaves(&self, losers: &mut Vec<(Kind<'a>, Option<Stamp>)>) -> Vec<Candidate<'a>> {
        let mut found: Vec<Candidate<'a>> = Vec::new();
        let mut counters: Vec<(u32, i64, Stamp)> = Vec::new();
        for Fact { stored, tree } in &self.facts {
            let stamp = stored.stamp();
            let kind = match tree {
                Tree::Scalar(value) => Kind::Scalar(value),
                Tree::Whole(content) => Kind::Whole(content),
                Tree::Text(content) => Kind::Text(TextRoot {
                    path: self.path.clone(),
                    epoch: stored.entry.epoch,
                    begun: content.map(|_| stored.dot()),
                }),
                Tree::Counter(first) => {
                    counters.push((stored.entry.epoch, *first, stamp));
                    continue;
                }
                Tree::Set(_) | Tree::List(_) | Tree::Object(_) | Tree::Apart(_) => continue,
            };
            match found.iter_mut().find(|other| other.kind == kind) {
                Some(other) => other.stamp = other.stamp.max(Some(stamp)),
                None => found.push(Candidate { kind, stamp: Some(stamp) }),
            }
        }
        found.extend(self.counters(counters, losers));
        let removed = self.stored().iter().filter(|stored| {
            stored.entry.body == Body::Absent && stored.key.marker == Marker::Register
        });
        if let Some(stamp) = removed.map(Stored::stamp).max() {
            found.push(Candidate { kind: Kind::Absent, stamp: Some(stamp) });
        }
        found
    }

    /// One counter an epoch: its first value is a register, and all that was added counts.
    fn counters(
        &self,
        mut firsts: Vec<(u32, i64, Stamp)>,
        losers: &mut Vec<(Kind<'a>, Option<Stamp>)>,
    ) -> Vec<Candidate<'a>> {
        // Nothing gives way to anything; then as everywhere.
        firsts.sort_by_key(|(epoch, first, stamp)| (*epoch, Reverse(*first != 0), Reverse(*stamp)));
        let mut counters = Vec::new();
        for of_epoch in firsts.chunk_by(|left, right| left.0 == right.0) {
            let (epoch, first, _) = of_epoch[0];
            let mut sum = first;
            for stored in self.stored() {
                if let Body::Subtotal { plus, minus } = stored.entry.body
                    && stored.key.marker == Marker::Subtotal(epoch)
                {
                    sum = sum.saturating_add(plus - minus);
                }
            }
            let mut listed = vec![0, first];
            for (_, other, stamp) in of_epoch {
                if !listed.contains(other) {
                    listed.push(*other);
                    losers.push((Kind::Counter { epoch, sum: *other }, Some(*stamp)));
                }
            }
            let stamp = of_epoch.iter().map(|(_, _, stamp)| *stamp).max();
            counters.push(Candidate { kind: Kind::Counter { epoch, sum }, stamp });
        }
        counters
    }

    /// Whether an object is here: said by somebody, or implied by a field that somebody wrote.
    fn is_object(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact.tree, Tree::Object(_)))
            || self
                .written_fields()
                .any(|(key, _)| self.child(&Segment::Key(key.clone())).kind() != Kind::Absent)
    }

    /// Whether a set is here: said by somebody, or implied by an element that somebody added.
    fn is_set(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact.tree, Tree::Set(_)))
            || self.written_elements().any(|(_, branch)| {
                branch.stored.iter().any(|stored| stored.entry.body == Body::Member)
            })
    }

    /// The lists here: begun by somebody, or implied by an item that somebody inserted. What was
    /// inserted joins the one that is there.
    fn lists_here(&self) -> Vec<Candidate<'a>> {
        let mut beginnings: Vec<Beginning> = self
            .facts
            .iter()
            .filter(|fact| matches!(fact.tree, Tree::List(_)))
            .map(Fact::beginning)
            .collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        let list = |beginning, has_insertions| Candidate {
            kind: Kind::List { beginning, has_insertions },
            stamp: None,
        };
        match beginnings[..] {
            [] if self.has_insertions() => vec![list(Beginning::Fresh(0), true)],
            [] => Vec::new(),
            [only] => vec![list(only, true)],
            _ => {
                let apart = beginnings.into_iter().map(|beginning| list(beginning, false));
                let mut lists = self.ranked(apart.collect());
                if let Some(best) = lists.last_mut()
                    && let Kind::List { has_insertions, .. } = &mut best.kind
                {
                    *has_insertions = true;
                    best.stamp = self.stamp_of(&best.kind);
                }
                lists
            }
        }
    }

    pub(crate) fn has_insertions(&self) -> bool {
        self.written_items().any(|(_, branch)| {
            branch.stored.iter().any(|stored| matches!(stored.entry.body, Body::Item(..)))
        })
    }

    /// The latest write in what is here.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let kind = self.kind();
        let mut latest = self.stamp_of(&kind);
        if matches!(kind, Kind::Scalar(_) | Kind::Whole(_) | Kind::Text(_) | Kind::Counter { .. }) {
            let facts = self.facts.iter().filter(|fact| !matches!(fact.tree, Tree::Apart(_)));
            latest = latest.max(facts.map(|fact| fact.stored.stamp()).max());
        }
        latest
    }

    /// The latest write in an object, a list or a set that is here.
    pub(crate) fn stamp_of(&self, kind: &Kind<'a>) -> Option<Stamp> {
        let said = |is_it: &dyn Fn(&Fact<'a>) -> bool| {
            self.facts.iter().filter(|fact| is_it(fact)).map(|fact| fact.stored.stamp()).max()
        };
        match kind {
            Kind::Object => {
                let below = self.written_fields().filter_map(|(key, _)| {
                    let child = self.child(&Segment::Key(key.clone()));
                    (child.kind() != Kind::Absent).then(|| child.stamp()).flatten()
                });
                said(&|fact| matches!(fact.tree, Tree::Object(_))).max(below.max())
            }
            Kind::Set => {
                let added = self.written_elements().flat_map(|(_, branch)| &branch.stored);
                let added = added.filter(|stored| stored.entry.body == Body::Member);
                said(&|fact| matches!(fact.tree, Tree::Set(_))).max(added.map(Stored::stamp).max())
            }
            Kind::List { beginning, has_insertions } => {
                let order = self.lists().order(self, *beginning, *has_insertions);
                let facts = self.facts_of(*beginning);
                let held = self.written_items().filter(|(id, _)| order.holds(*id));
                let written = held.map(|(id, branch)| {
                    let inserted = branch
                        .stored
                        .iter()
                        .filter(|stored| matches!(stored.entry.body, Body::Item(..)));
                    let child = self.child_of(&Segment::Item(id), &facts);
                    inserted.map(Stored::stamp).max().max(child.stamp())
                });
                facts.iter().map(|fact| fact.stored.stamp()).max().max(written.max().flatten())
            }
            _ => None,
        }
    }

    /// The facts that begin one of the lists here.
    pub(crate) fn facts_of(&self, beginning: Beginning) -> Vec<Fact<'a>> {
        let of_it =
            |fact: &&Fact<'a>| matches!(fact.tree, Tree::List(_)) && fact.beginning() == beginning;
        self.facts.iter().filter(of_it).copied().collect()
    }
}
