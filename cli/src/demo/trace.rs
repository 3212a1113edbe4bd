//! A text as a person types it, keystroke by keystroke.
//!
//! Made up, in the shape of a recorded history of a paper (259,778 edits): seven of ten edits
//! insert one character, three delete one; 98 of 100 happen where the one before left off, one
//! nearby, one far away; four of ten edits remain as a character in the end.

use serde_json::{Value as Json, json};

const WORDS: &[&str] = &[
    "wave",
    "the",
    "depth",
    "of",
    "station",
    "a",
    "signal",
    "noise",
    "in",
    "fault",
    "and",
    "slip",
    "shore",
    "to",
    "measured",
    "we",
    "aftershock",
    "is",
    "magnitude",
    "array",
    "at",
    "crust",
    "é",
];

/// Mean length of what is typed before the writer goes back over it.
const BURST: u64 = 36;

/// A history of a text.
pub(super) struct Trace {
    /// `(index, number of characters deleted there, what is inserted)`, in UTF-16 units.
    pub(super) edits: Vec<(usize, usize, Option<char>)>,
    /// What stands there in the end.
    pub(super) text: String,
}

impl Trace {
    /// Types until so many edits are made; always the same ones.
    pub(super) fn of(length: usize) -> Self {
        Writer::default().write(length)
    }

    /// The edits as they go into `dunlin edit`, in batches.
    pub(super) fn batches(&self, path: &str, size: usize) -> impl Iterator<Item = Json> {
        self.edits.chunks(size).map(move |batch| {
            let edit = |(at, delete, insert): &(usize, usize, Option<char>)| match insert {
                Some(typed) => json!({"op": "splice", "path": path, "at": at, "insert": typed}),
                None => json!({"op": "splice", "path": path, "at": at, "delete": delete}),
            };
            batch.iter().map(edit).collect()
        })
    }
}

#[derive(Default)]
struct Writer {
    random: u64,
    /// Every character is one UTF-16 unit.
    text: Vec<char>,
    cursor: usize,
    edits: Vec<(usize, usize, Option<char>)>,
}

impl Writer {
    fn write(mut self, length: usize) -> Trace {
        while self.edits.len() < length {
            let start = self.edits.len();
            let burst = self.below(2 * BURST) as usize;
            while self.edits.len() < start + burst {
                self.word();
            }
            let typed = (self.edits.len() - start) as u64;
            let regretted = self.below(typed * 9 / 10 + 1);
            (0..regretted).for_each(|_| self.delete());
            self.wander();
        }
        self.edits.truncate(length);
        Trace { text: replay(&self.edits), edits: self.edits }
    }

    fn word(&mut self) {
        let word = WORDS[self.below(WORDS.len() as u64) as usize];
        word.chars().for_each(|c| self.insert(c));
        let gap = if self.below(80) == 0 { '\n' } else { ' ' };
        self.insert(gap);
    }

    fn insert(&mut self, typed: char) {
        self.edits.push((self.cursor, 0, Some(typed)));
        self.text.insert(self.cursor, typed);
        self.cursor += 1;
    }

    fn delete(&mut self) {
        if let Some(before) = self.cursor.checked_sub(1) {
            self.cursor = before;
            self.text.remove(before);
            self.edits.push((before, 1, None));
        }
    }

    /// Goes on elsewhere: nearby as often as far away, otherwise at the end.
    fn wander(&mut self) {
        let length = self.text.len();
        self.cursor = match self.below(4) {
            0 => self.below(length as u64 + 1) as usize,
            1 => self.cursor.saturating_sub(self.below(50) as usize),
            _ => length,
        };
    }

    /// A number below `bound`, by SplitMix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

fn replay(edits: &[(usize, usize, Option<char>)]) -> String {
    let mut text: Vec<char> = Vec::new();
    for (at, delete, insert) in edits {
        text.splice(*at..at + delete, *insert);
    }
    text.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_has_the_shape_of_the_recorded_one() {
        let trace = Trace::of(50_000);
        assert_eq!(trace.edits.len(), 50_000);
        let inserts = trace.edits.iter().filter(|(_, _, insert)| insert.is_some()).count();
        assert!((30_000..40_000).contains(&inserts), "{inserts}");
        let kept = trace.text.chars().count();
        assert!((15_000..25_000).contains(&kept), "{kept}");
        assert!(trace.text.chars().all(|c| c.len_utf16() == 1));
        let follows = |pair: &[(usize, usize, Option<char>)]| {
            let end = pair[0].0 + usize::from(pair[0].2.is_some());
            pair[1].0 == end || pair[1].0 + 1 == end
        };
        let in_place = trace.edits.windows(2).filter(|pair| follows(pair)).count();
        assert!(in_place > 48_500, "{in_place}");
    }
}
