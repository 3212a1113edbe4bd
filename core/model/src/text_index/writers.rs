//! Writers by small numbers, and how much of each the index knows.

use std::collections::BTreeMap;

use super::run::Id;
use crate::ids::{Dot, Incarnation};

#[derive(Debug)]
pub(super) struct Writers {
    numbers: BTreeMap<Incarnation, u32>,
    /// By number; the first is the local one.
    writers: Vec<Writer>,
}

#[derive(Debug)]
struct Writer {
    incarnation: Incarnation,
    /// From here on nothing is known.
    clock: u32,
}

impl Writers {
    pub(super) const LOCAL: u32 = 0;

    pub(super) fn new(local: Incarnation) -> Self {
        let mut writers = Self { numbers: BTreeMap::new(), writers: Vec::new() };
        writers.number(local);
        writers
    }

    /// The number of a writer, a new one if it has none.
    pub(super) fn number(&mut self, incarnation: Incarnation) -> u32 {
        *self.numbers.entry(incarnation).or_insert_with(|| {
            self.writers.push(Writer { incarnation, clock: 0 });
            self.writers.len() as u32 - 1
        })
    }

    pub(super) fn incarnation(&self, number: u32) -> Incarnation {
        self.writers[number as usize].incarnation
    }

    pub(super) fn clock(&self, number: u32) -> u32 {
        self.writers[number as usize].clock
    }

    pub(super) fn set_clock(&mut self, number: u32, clock: u32) {
        self.writers[number as usize].clock = clock;
    }

    pub(super) fn dot(&self, id: Id) -> Dot {
        Dot { incarnation: self.incarnation(id.writer), clock: id.clock }
    }

    /// The short name of an operation of a writer that has a number.
    pub(super) fn id(&self, dot: Dot) -> Option<Id> {
        let writer = *self.numbers.get(&dot.incarnation)?;
        Some(Id { writer, clock: dot.clock })
    }

    /// Whether an operation is known, in a text or elsewhere.
    pub(super) fn hold(&self, dot: Dot) -> bool {
        self.id(dot).is_some_and(|id| id.clock < self.clock(id.writer))
    }
}
