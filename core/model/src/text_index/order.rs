//! The chunks of a text in document order, and the sums of their widths.

use super::run::Run;

/// Most runs in a chunk; a full one is halved.
pub(super) const CHUNK_RUNS: usize = 128;

/// Neighbouring runs of one text.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) text: usize,
    /// Its place in the order of its text.
    pub(super) rank: usize,
    pub(super) runs: Vec<Run>,
    /// Visible code units of its runs.
    pub(super) width: u32,
}

/// A run, by its chunk and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) chunk: usize,
    pub(super) run: usize,
}

/// The chunks of one text in order, never none.
#[derive(Debug)]
pub(super) struct Order {
    chunks: Vec<usize>,
    /// A Fenwick tree: `sums[k]` is the width of as many chunks, up to and with the k-th, as the
    /// lowest set bit of k says.
    sums: Vec<u32>,
    width: u32,
}

impl Order {
    pub(super) fn new(chunk: usize) -> Self {
        Self { chunks: vec![chunk], sums: vec![0; 2], width: 0 }
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn chunks(&self) -> &[usize] {
        &self.chunks
    }

    pub(super) fn last(&self) -> usize {
        self.chunks[self.chunks.len() - 1]
    }

    /// Changes the width of the chunk at a rank, wrapping around: the negative of a width takes it
    /// away.
    pub(super) fn widen(&mut self, rank: usize, by: u32) {
        self.width = self.width.wrapping_add(by);
        let mut place = rank + 1;
        while place < self.sums.len() {
            self.sums[place] = self.sums[place].wrapping_add(by);
            place += lowest_bit(place);
        }
    }

    /// The width of all chunks before a rank.
    pub(super) fn before(&self, rank: usize) -> u32 {
        let (mut place, mut sum) = (rank, 0);
        while place > 0 {
            sum += self.sums[place];
            place -= lowest_bit(place);
        }
        sum
    }

    /// The rank of the chunk with the visible unit at a position, and the unit's offset in it.
    pub(super) fn locate(&self, at: u32) -> (usize, u32) {
        let (mut rank, mut left) = (0, at);
        let mut step = 1 << self.chunks.len().ilog2();
        while step > 0 {
            if rank + step < self.sums.len() && self.sums[rank + step] <= left {
                rank += step;
                left -= self.sums[rank];
            }
            step /= 2;
        }
        (rank, left)
    }

    /// Puts a chunk behind the one at a rank. The chunks' widths must be right already.
    pub(super) fn insert_after(&mut self, rank: usize, new: usize, chunks: &mut [Chunk]) {
        self.chunks.insert(rank + 1, new);
        self.sums.clear();
        self.sums.push(0);
        for (rank, chunk) in self.chunks.iter().enumerate() {
            chunks[*chunk].rank = rank;
            self.sums.push(chunks[*chunk].width);
        }
        for place in 1..self.sums.len() {
            let above = place + lowest_bit(place);
            if above < self.sums.len() {
                self.sums[above] += self.sums[place];
            }
        }
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}
