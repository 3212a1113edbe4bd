//! State vectors: how much of each writer a replica has.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::ids::{Dot, Incarnation};

/// Most entries side by side; as many chunks hold 65,536 writers.
const CHUNK_ENTRIES: usize = 256;

/// For each writer, the number of its operations that a replica holds; sorted, so equal vectors
/// have equal bytes.
///
/// Copies share their entries in chunks: a copy is free, and raising an entry copies one chunk. A
/// document of thousands of writers hands out a copy with every change.
#[derive(Clone, Default)]
pub struct StateVector {
    /// None of them empty.
    chunks: Arc<Vec<Arc<Chunk>>>,
    len: usize,
}

type Chunk = Vec<(Incarnation, u32)>;

impl StateVector {
    /// Most entries a decoded vector may have.
    pub const MAX_ENTRIES: usize = crate::limits::MAX_WRITERS;

    /// The number of this writer's operations held; zero for an unknown writer.
    pub fn clock(&self, incarnation: Incarnation) -> u32 {
        let Some(chunk) = self.chunks.get(self.chunk_of(incarnation)) else { return 0 };
        let found = chunk.binary_search_by_key(&incarnation, |(writer, _)| *writer);
        found.map_or(0, |entry| chunk[entry].1)
    }

    /// The chunk in which a writer is, if anywhere.
    fn chunk_of(&self, incarnation: Incarnation) -> usize {
        self.chunks.partition_point(|chunk| chunk[0].0 <= incarnation).saturating_sub(1)
    }

    /// Raises one entry; zero and lower clocks change nothing.
    pub fn raise(&mut self, incarnation: Incarnation, clock: u32) {
        if clock <= self.clock(incarnation) {
            return;
        }
        let at = self.chunk_of(incarnation);
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let chunk = Arc::make_mut(&mut chunks[at]);
        match chunk.binary_search_by_key(&incarnation, |(writer, _)| *writer) {
            Ok(entry) => chunk[entry].1 = clock,
            Err(entry) => {
                chunk.insert(entry, (incarnation, clock));
                self.len += 1;
            }
        }
        if chunk.len() > CHUNK_ENTRIES {
            // Writers that come in order leave full chunks behind.
            let is_last = at + 1 == chunks.len();
            let chunk = Arc::make_mut(&mut chunks[at]);
            let half = if is_last { CHUNK_ENTRIES } else { CHUNK_ENTRIES / 2 };
            let rest = chunk.split_off(half);
            chunks.insert(at + 1, Arc::new(rest));
        }
    }

    /// Whether the write is among what this vector holds.
    pub fn covers(&self, dot: Dot) -> bool {
        dot.clock < self.clock(dot.incarnation)
    }

    /// Whether everything in `other` is held here too. What both share is not looked at.
    pub fn covers_all(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.chunks, &other.chunks) {
            return true;
        }
        let mut differing = other.chunks.iter().filter(|chunk| {
            let here = self.chunks.get(self.chunk_of(chunk[0].0));
            here.is_none_or(|here| !Arc::ptr_eq(here, chunk))
        });
        differing.all(|chunk| chunk.iter().all(|(writer, clock)| self.clock(*writer) >= *clock))
    }

    /// The entries, sorted by writer.
    pub fn iter(&self) -> impl Iterator<Item = (Incarnation, u32)> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.iter().copied())
    }

    /// The number of writers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes: for each writer, sorted, seven bytes of client id (big-endian) and the clock as
    /// LEB128.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len * 9);
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
        let mut vector = Self::default();
        let mut last = None;
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
            let sorted = last.is_none_or(|last| last < incarnation);
            if !sorted || vector.len == Self::MAX_ENTRIES {
                return None;
            }
            vector.raise(incarnation, clock);
            last = Some(incarnation);
            bytes = &rest[used..];
        }
        Some(vector)
    }
}

impl PartialEq for StateVector {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
            || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl Eq for StateVector {}

impl Hash for StateVector {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len.hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl std::fmt::Debug for StateVector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
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
    use std::collections::BTreeMap;

    use super::*;

    fn writer(client: u64) -> Incarnation {
        Incarnation::from_client(client).unwrap()
    }

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

    #[test]
    fn writers_in_any_order_make_one_vector_and_copies_go_their_own_ways() {
        let mut expected = BTreeMap::new();
        let mut mixed = StateVector::default();
        let mut copies = Vec::new();
        for step in 0..3_000u64 {
            // Visits the numbers up to 1,499 twice, in no order.
            let (client, clock) = (1 + step * 7_919 % 1_500, 1 + (step % 5) as u32);
            mixed.raise(writer(client), clock);
            let entry = expected.entry(writer(client)).or_insert(0);
            *entry = clock.max(*entry);
            if step % 700 == 0 {
                copies.push((mixed.clone(), expected.clone()));
            }
        }
        copies.push((mixed.clone(), expected));
        for (copy, expected) in &copies {
            assert!(copy.iter().eq(expected.iter().map(|(writer, clock)| (*writer, *clock))));
            let sorted: StateVector = copy.iter().collect();
            assert_eq!((copy, copy.len()), (&sorted, expected.len()));
            assert_eq!(StateVector::decode(&copy.encode()).as_ref(), Some(copy));
            assert!(mixed.covers_all(copy) && mixed.covers_all(&sorted));
            assert_eq!(copy.covers_all(&mixed), *copy == mixed);
        }
    }
}
