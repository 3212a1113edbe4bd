//! Things that rows name by a small number, all of them held in memory.

use std::{collections::HashMap, hash::Hash};

/// Keys numbered 1, 2, 3 … in the order in which they came; none is ever removed, except by
/// undoing the last additions.
pub(super) struct Interned<K> {
    keys: Vec<K>,
    numbers: HashMap<K, i64>,
}

impl<K: Clone + Eq + Hash> Interned<K> {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), numbers: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn number(&self, key: &K) -> Option<i64> {
        self.numbers.get(key).copied()
    }

    pub(super) fn key(&self, number: i64) -> Option<&K> {
        self.keys.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Adds a new key and returns its number.
    pub(super) fn push(&mut self, key: K) -> i64 {
        self.keys.push(key.clone());
        let number = self.keys.len() as i64;
        self.numbers.insert(key, number);
        number
    }

    pub(super) fn truncate(&mut self, len: usize) {
        for key in self.keys.drain(len..) {
            self.numbers.remove(&key);
        }
    }
}
