//! State vectors: how much of each writer a replica has.

use std::collections::BTreeMap;

use crate::ids::{Dot, Incarnation};

/// For each writer, the number of its operations that a replica holds; sorted, so equal vectors
/// have equal bytes.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct StateVector(BTreeMap<Incarnation, u32>);

impl StateVector {
    /// Most entries a decoded vector may have.
    pub const MAX_ENTRIES: usize = crate::limits::MAX_WRITERS;

    /// The number of this writer's operations held; zero for an unknown writer.
    pub fn clock(&self, incarnation: Incarnation) -> u32 {
        self.0.get(&incarnation).copied().unwrap_or(0)
    }

    /// Raises one entry; zero and lower clocks change nothing.
    pub fn raise(&mut self, incarnation: Incarnation, clock: u32) {
        if clock > 0 {
            let entry = self.0.entry(incarnation).or_insert(0);
            *entry = clock.max(*entry);
        }
    }

    /// Whether the write is among what this vector holds.
    pub fn covers(&self, dot: Dot) -> bool {
        dot.clock < self.clock(dot.incarnation)
    }

    /// Whether everything in `other` is held here too.
    pub fn covers_all(&self, other: &Self) -> bool {
        other.iter().all(|(incarnation, clock)| self.clock(incarnation) >= clock)
    }

    /// The entries, sorted by writer.
    pub fn iter(&self) -> impl Iterator<Item = (Incarnation, u32)> + '_ {
        self.0.iter().map(|(incarnation, clock)| (*incarnation, *clock))
    }

    /// The number of writers.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes: for each writer, sorted, seven bytes of client id (big-endian) and the clock as
    /// LEB128.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() * 9);
        for (incarnation, mut clock) in self.iter() {
            out.extend_from_slice(&incarnation.client().to_be_bytes()[1..]);
            while clock >= 0x80 {
                out.push(clock as u8 | 0x80);
                clock >>= 7;
            }
            out.push(clock as u8);
        }
        out
    }

    /// Reads what [`encode`](Self::encode) wrote; none for anything else (unsorted, zero clocks,
    /// too many entries, cut short).
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut entries = BTreeMap::new();
        while !bytes.is_empty() {
            let (client, rest) = bytes.split_first_chunk::<7>()?;
            let mut wide = [0; 8];
            wide[1..].copy_from_slice(client);
            let incarnation = Incarnation::from_client(u64::from_be_bytes(wide))?;
            let mut clock = 0u64;
            let mut used = 0;
            for (index, byte) in rest.iter().take(5).enumerate() {
                clock |= u64::from(byte & 0x7f) << (7 * index);
                if byte & 0x80 == 0 {
                    used = index + 1;
                    break;
                }
            }
            let clock = u32::try_from(clock).ok().filter(|clock| *clock > 0 && used > 0)?;
            let sorted = entries.last_key_value().is_none_or(|(last, _)| *last < incarnation);
            if !sorted || entries.len() == Self::MAX_ENTRIES {
                return None;
            }
            entries.insert(incarnation, clock);
            bytes = &rest[used..];
        }
        Some(Self(entries))
    }
}

impl FromIterator<(Incarnation, u32)> for StateVector {
    fn from_iter<I: IntoIterator<Item = (Incarnation, u32)>>(entries: I) -> Self {
        let mut vector = Self::default();
        for (incarnation, clock) in entries {
            vector.raise(incarnation, clock);
        }
        vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_reads_what_encode_wrote_and_nothing_else() {
        let vector: StateVector = [(7, 300), (9, 1), (Incarnation::BOUND - 1, u32::MAX)]
            .into_iter()
            .filter_map(|(client, clock)| Some((Incarnation::from_client(client)?, clock)))
            .collect();
        let bytes = vector.encode();
        assert_eq!(StateVector::decode(&bytes), Some(vector));
        for cut in 1..bytes.len() {
            let whole_entries = StateVector::decode(&bytes[..cut]);
            assert!(whole_entries.is_none_or(|cut| cut.len() < 3));
        }
        let twice = [bytes.clone(), bytes].concat();
        assert_eq!(StateVector::decode(&twice), None);
    }
}
