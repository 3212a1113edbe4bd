//! What a list must be after devices that know who is who have met: facts, merged by union.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::people::{Row, Scene};

/// Who wrote, and the writer's count of writes.
type Dot = (u64, u32);
/// A fraction's first four bytes, and the write that put it there. One save on each side never
/// needs finer ones.
type Position = (u32, Dot);

const STEP: i64 = 1 << 16;
const MIDDLE: i64 = 1 << 31;
/// Who wrote the list that all start from.
const FIRST: u64 = 99;

#[derive(Clone)]
enum Fact {
    Inserted {
        value: Json,
        at: u32,
    },
    Deleted {
        item: Dot,
    },
    Moved {
        item: Dot,
        time: usize,
        at: u32,
    },
    /// A field, or the whole where there is none.
    Written {
        item: Dot,
        time: usize,
        field: Option<String>,
        value: Json,
        covers: Vec<Dot>,
    },
}

#[derive(Clone)]
struct Replica {
    writer: u64,
    clock: u32,
    facts: BTreeMap<Dot, Fact>,
}

struct Item {
    id: Dot,
    position: Position,
    value: Json,
}

/// The list that all devices have after they have met.
pub(crate) fn merged(scene: &Scene, writers: &[u64]) -> Json {
    let mut first = Replica { writer: FIRST, clock: 0, facts: BTreeMap::new() };
    let count = scene.start.len() as i64;
    for (index, row) in scene.start.iter().enumerate() {
        let at = (MIDDLE - STEP * (count / 2) + STEP * index as i64) as u32;
        first.write(Fact::Inserted { value: row.value.clone(), at });
    }
    let mut all = first.clone();
    for (index, (plan, writer)) in scene.plans.iter().zip(writers).enumerate() {
        let mut replica = Replica { writer: *writer, clock: 0, facts: first.facts.clone() };
        replica.save(&scene.start, plan, index);
        all.facts.extend(replica.facts);
    }
    all.items().into_iter().map(|item| item.value).collect()
}

impl Replica {
    fn write(&mut self, fact: Fact) -> Dot {
        self.clock += 1;
        let dot = (self.writer, self.clock);
        self.facts.insert(dot, fact);
        dot
    }

    fn items(&self) -> Vec<Item> {
        let mut items = BTreeMap::new();
        let mut covered = BTreeSet::new();
        for (dot, fact) in &self.facts {
            match fact {
                Fact::Inserted { value, at } => {
                    items.insert(*dot, (value.clone(), (*at, *dot), None));
                }
                Fact::Written { covers, .. } => covered.extend(covers.iter().copied()),
                _ => {}
            }
        }
        let mut writes = Vec::new();
        for (dot, fact) in &self.facts {
            match fact {
                Fact::Inserted { .. } => {}
                Fact::Deleted { item } => drop(items.remove(item)),
                Fact::Moved { item, time, at } => {
                    if let Some((_, position, latest)) = items.get_mut(item)
                        && *latest < Some((*time, *dot))
                    {
                        (*position, *latest) = ((*at, *dot), Some((*time, *dot)));
                    }
                }
                Fact::Written { item, time, field, value, .. } if !covered.contains(dot) => {
                    writes.push((*time, *dot, item, field, value));
                }
                Fact::Written { .. } => {}
            }
        }
        writes.sort_by_key(|(time, dot, ..)| (*time, *dot));
        for (_, _, item, field, written) in writes {
            if let Some((value, ..)) = items.get_mut(item) {
                match field {
                    Some(field) => value[field] = written.clone(),
                    None => *value = written.clone(),
                }
            }
        }
        let mut items: Vec<Item> = items
            .into_iter()
            .map(|(id, (value, position, _))| Item { id, position, value })
            .collect();
        items.sort_by_key(|item| item.position);
        items
    }

    /// Saves what somebody made of the list, who knows which row is which.
    fn save(&mut self, start: &[Row], plan: &[Row], time: usize) {
        let old = self.items();
        let index = |row: &Row| start.iter().position(|old| old.who == row.who);
        let matched: Vec<Option<usize>> = plan.iter().map(index).collect();
        for (index, item) in old.iter().enumerate() {
            if !matched.contains(&Some(index)) {
                self.write(Fact::Deleted { item: item.id });
            }
        }
        let positions = self.relocate(&old, &matched, time);
        self.insert(plan, &matched, positions, &old);
        for (row, index) in plan.iter().zip(matched) {
            let Some(item) = index.map(|index| &old[index]) else { continue };
            match (&item.value, &row.value) {
                (Json::Object(before), Json::Object(after)) => {
                    for (key, value) in after {
                        if before.get(key) != Some(value) {
                            self.set(item.id, Some(key.clone()), value, time);
                        }
                    }
                }
                (before, after) if before != after => self.set(item.id, None, after, time),
                _ => {}
            }
        }
    }

    fn set(&mut self, item: Dot, field: Option<String>, value: &Json, time: usize) {
        let same = |fact: &Fact| match fact {
            Fact::Written { item: other, field: other_field, .. } => {
                *other == item && *other_field == field
            }
            _ => false,
        };
        let covers = self.facts.iter().filter(|(_, fact)| same(fact)).map(|(dot, _)| *dot);
        let covers = covers.collect();
        self.write(Fact::Written { item, time, field, value: value.clone(), covers });
    }

    /// What is moved, evenly between the neighbours that stay.
    fn relocate(
        &mut self,
        old: &[Item],
        matched: &[Option<usize>],
        time: usize,
    ) -> Vec<Option<(Position, bool)>> {
        let kept: Vec<usize> = matched.iter().flatten().copied().collect();
        let fixed = longest_run(&kept);
        let is_fixed = |at: usize| matched[at].is_some_and(|index| fixed.contains(&index));
        // With each position, whether it is the item's first.
        let mut positions: Vec<Option<(Position, bool)>> = (0..matched.len())
            .map(|at| {
                let item = matched[at].filter(|_| is_fixed(at)).map(|index| &old[index]);
                item.map(|item| (item.position, item.position.1 == item.id))
            })
            .collect();
        let mut start = 0;
        while start < matched.len() {
            let end = (start..matched.len()).find(|at| is_fixed(*at)).unwrap_or(matched.len());
            let left = start.checked_sub(1).and_then(|at| positions[at]).map(|(it, _)| it);
            let right = positions.get(end).copied().flatten().map(|(it, _)| it);
            let moved: Vec<usize> = (start..end).filter(|at| matched[*at].is_some()).collect();
            let heads = spread(left, right, moved.len() as i64);
            for (at, head) in moved.into_iter().zip(heads) {
                let item = old[matched[at].unwrap()].id;
                let dot = self.write(Fact::Moved { item, time, at: head });
                positions[at] = Some(((head, dot), false));
            }
            start = end + 1;
        }
        positions
    }

    /// What is new: behind an own row that stands where it was inserted, at its fraction.
    fn insert(
        &mut self,
        plan: &[Row],
        matched: &[Option<usize>],
        mut positions: Vec<Option<(Position, bool)>>,
        old: &[Item],
    ) {
        assert_eq!(old.len(), self.items().len() + self.deleted());
        for at in 0..plan.len() {
            if matched[at].is_some() {
                continue;
            }
            let left = at.checked_sub(1).and_then(|before| positions[before]);
            let right = positions[at + 1..].iter().flatten().next().map(|(it, _)| *it);
            let next = (self.writer, self.clock + 1);
            let own = left.filter(|((head, dot), is_first)| {
                *is_first && dot.0 == self.writer && right.is_none_or(|right| (*head, next) < right)
            });
            let head = match own {
                Some(((head, _), _)) => head,
                None => spread(left.map(|(it, _)| it), right, 1)[0],
            };
            let value = plan[at].value.clone();
            let dot = self.write(Fact::Inserted { value, at: head });
            positions[at] = Some(((head, dot), true));
        }
    }

    fn deleted(&self) -> usize {
        self.facts.values().filter(|fact| matches!(fact, Fact::Deleted { .. })).count()
    }
}

fn spread(left: Option<Position>, right: Option<Position>, count: i64) -> Vec<u32> {
    let room = STEP * (count + 1);
    let (low, high) = match (left.map(|it| i64::from(it.0)), right.map(|it| i64::from(it.0))) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + room),
        (None, Some(high)) => (high - room, high),
        (None, None) => (MIDDLE - room / 2, MIDDLE - room / 2 + room),
    };
    assert!(high - low > count + 1, "the model has no finer fractions");
    (1..=count).map(|part| (low + (high - low) * part / (count + 1)) as u32).collect()
}

/// The values of a longest increasing run, found by patience.
pub(crate) fn longest_run(sequence: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    for (index, value) in sequence.iter().enumerate() {
        let at = ends.partition_point(|end| sequence[*end] < *value);
        before.push(at.checked_sub(1).map(|shorter| ends[shorter]));
        ends.truncate(ends.len().max(at));
        match ends.get_mut(at) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut run = Vec::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        run.push(sequence[index]);
        next = before[index];
    }
    run.reverse();
    run
}
