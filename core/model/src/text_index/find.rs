//! Runs by position and by operation, and how they are put in, split and joined.

use std::sync::Arc;

use super::{
    Text, TextIndex,
    order::{CHUNK_RUNS, Chunk, Order, Place},
    run::{Id, Run},
};

impl TextIndex {
    /// The number of a root text, a new one if it has none.
    pub(super) fn text(&mut self, root: &str) -> usize {
        if let Some(text) = self.numbers.get(root) {
            return *text;
        }
        let (text, root) = (self.texts.len(), Arc::<str>::from(root));
        let chunk = self.chunks.len();
        self.chunks.push(Chunk { text, rank: 0, runs: Vec::new(), width: 0 });
        self.texts.push(Text { root: Arc::clone(&root), order: Order::new(chunk) });
        self.numbers.insert(root, text);
        text
    }

    /// The run with the visible unit at a position, and the unit's offset in it.
    pub(super) fn unit(&self, text: usize, at: u32) -> Option<(Place, u32)> {
        let order = &self.texts[text].order;
        if at >= order.width() {
            return None;
        }
        let (rank, mut left) = order.locate(at);
        let chunk = order.chunks()[rank];
        for (run, held) in self.chunks[chunk].runs.iter().enumerate() {
            if left < held.width() {
                return Some((Place { chunk, run }, left));
            }
            left -= held.width();
        }
        None
    }

    /// The run of an operation, and the operation's offset in it; none if it is in no text.
    pub(super) fn find(&self, id: Id) -> Option<(Place, u32)> {
        let (first, chunk) = self.chunk_of.range(..=id).next_back()?;
        if first.writer != id.writer {
            return None;
        }
        let runs = &self.chunks[*chunk].runs;
        let run = runs.iter().position(|run| run.id == *first)?;
        let offset = id.clock - first.clock;
        (offset < runs[run].len).then_some((Place { chunk: *chunk, run }, offset))
    }

    /// Visible units left of a run.
    pub(super) fn before(&self, place: Place) -> u32 {
        let chunk = &self.chunks[place.chunk];
        let inside: u32 = chunk.runs[..place.run].iter().map(Run::width).sum();
        self.texts[chunk.text].order.before(chunk.rank) + inside
    }

    pub(super) fn first(&self, text: usize) -> Option<Place> {
        let chunk = self.texts[text].order.chunks()[0];
        (!self.chunks[chunk].runs.is_empty()).then_some(Place { chunk, run: 0 })
    }

    pub(super) fn last(&self, text: usize) -> Option<Place> {
        let chunk = self.texts[text].order.last();
        let run = self.chunks[chunk].runs.len().checked_sub(1)?;
        Some(Place { chunk, run })
    }

    pub(super) fn next(&self, place: Place) -> Option<Place> {
        let chunk = &self.chunks[place.chunk];
        if place.run + 1 < chunk.runs.len() {
            return Some(Place { run: place.run + 1, ..place });
        }
        let chunks = self.texts[chunk.text].order.chunks();
        chunks.get(chunk.rank + 1).map(|chunk| Place { chunk: *chunk, run: 0 })
    }

    pub(super) fn previous(&self, place: Place) -> Option<Place> {
        if let Some(run) = place.run.checked_sub(1) {
            return Some(Place { run, ..place });
        }
        let chunk = &self.chunks[place.chunk];
        let chunk = self.texts[chunk.text].order.chunks()[chunk.rank.checked_sub(1)?];
        Some(Place { chunk, run: self.chunks[chunk].runs.len() - 1 })
    }

    /// Puts a run behind another one or first, or lengthens that one. Returns its chunk, which may
    /// be too full.
    pub(super) fn insert(&mut self, text: usize, after: Option<Place>, run: Run) -> usize {
        let place = match after {
            Some(after) => Place { run: after.run + 1, ..after },
            None => Place { chunk: self.texts[text].order.chunks()[0], run: 0 },
        };
        let runs = &mut self.chunks[place.chunk].runs;
        let before = place.run.checked_sub(1).map(|before| &mut runs[before]);
        match before.filter(|before| before.continues_in(&run)) {
            Some(before) => before.len += run.len,
            None => {
                runs.insert(place.run, run);
                self.chunk_of.insert(run.id, place.chunk);
            }
        }
        self.widen(place.chunk, run.width());
        place.chunk
    }

    /// Makes a run begin at an offset of a run. Returns the place of what begins there.
    pub(super) fn split(&mut self, place: Place, offset: u32) -> Place {
        let runs = &mut self.chunks[place.chunk].runs;
        if offset == 0 || offset >= runs[place.run].len {
            return place;
        }
        let tail = runs[place.run].split_off(offset);
        runs.insert(place.run + 1, tail);
        self.chunk_of.insert(tail.id, place.chunk);
        // Of a pair that a peer tore apart yrs makes two characters of one unit each.
        self.low_surrogates.remove(&tail.id);
        Place { run: place.run + 1, ..place }
    }

    /// Marks a run as deleted and joins it with its neighbours.
    pub(super) fn bury(&mut self, place: Place) {
        let run = *self.run(place);
        self.widen(place.chunk, run.width().wrapping_neg());
        let runs = &mut self.chunks[place.chunk].runs;
        runs[place.run].is_live = false;
        for second in [place.run + 1, place.run] {
            let Some(first) = second.checked_sub(1) else { continue };
            if second < runs.len() && runs[first].continues_in(&runs[second]) {
                let tail = runs.remove(second);
                runs[first].len += tail.len;
                self.chunk_of.remove(&tail.id);
            }
        }
        while let Some(low) = self.low_surrogates.range(run.id..=run.last()).next().copied() {
            self.low_surrogates.remove(&low);
        }
    }

    /// Halves a chunk that is too full.
    pub(super) fn balance(&mut self, chunk: usize) {
        if self.chunks[chunk].runs.len() <= CHUNK_RUNS {
            return;
        }
        let new = self.chunks.len();
        let full = &mut self.chunks[chunk];
        let runs = full.runs.split_off(CHUNK_RUNS / 2);
        let width = runs.iter().map(Run::width).sum();
        full.width -= width;
        let (text, rank) = (full.text, full.rank);
        self.chunk_of.extend(runs.iter().map(|run| (run.id, new)));
        self.chunks.push(Chunk { text, rank: rank + 1, runs, width });
        self.texts[text].order.insert_after(rank, new, &mut self.chunks);
    }

    fn widen(&mut self, chunk: usize, by: u32) {
        let chunk = &mut self.chunks[chunk];
        chunk.width = chunk.width.wrapping_add(by);
        self.texts[chunk.text].order.widen(chunk.rank, by);
    }
}
