//! An editing history: one person writing a paper, a character at a time.
//!
//! The generated one has the shape of a recorded one of 259,778 edits that is often used to
//! compare CRDTs (and whose licence is unclear): the same number of insertions and deletions, and
//! bursts and jumps drawn from that recording's quantiles.

use std::{fs::File, io::Read, path::Path};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::{Result, random::Random};

/// Characters that the recorded person typed, one an edit.
const INSERTIONS: usize = 182_315;
/// Characters that the recorded person deleted, one an edit.
const DELETIONS: usize = 77_463;

/// One edit, positions in UTF-16 units (the generated text is ASCII).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) at: u32,
    pub(crate) delete: u32,
    pub(crate) insert: String,
}

/// A history and the text that it ends in.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) edits: Vec<Splice>,
    pub(crate) text: String,
}

/// Points of a distribution, from the least to the greatest; in between, straight lines.
type Quantiles = &'static [(f64, f64)];

const TYPED_AT_ONCE: Quantiles = &[
    (0.0, 1.0),
    (0.25, 2.0),
    (0.5, 9.0),
    (0.75, 33.0),
    (0.9, 81.0),
    (0.95, 124.0),
    (0.98, 183.0),
    (0.99, 233.0),
    (0.995, 301.0),
    (1.0, 1_396.0),
];
const DELETED_AT_ONCE: Quantiles = &[
    (0.0, 1.0),
    (0.25, 1.0),
    (0.5, 2.0),
    (0.75, 6.0),
    (0.9, 17.0),
    (0.95, 36.0),
    (0.98, 103.0),
    (0.99, 259.0),
    (0.995, 539.0),
    (1.0, 2_000.0),
];
const JUMPED: Quantiles = &[
    (0.0, 1.0),
    (0.25, 12.0),
    (0.5, 46.0),
    (0.75, 161.0),
    (0.9, 802.0),
    (0.95, 2_763.0),
    (0.98, 9_359.0),
    (0.99, 25_828.0),
    (1.0, 90_387.0),
];
/// Part of the bursts that begin with a jump; of those jumps that go forward, and end in typing.
/// A burst without a jump is of the other kind than the one before.
const JUMPS: f64 = 0.51;
const FORWARD: f64 = 0.6;
const TYPES: f64 = 0.54;

impl Trace {
    /// Writes a history from a seed.
    pub(crate) fn generate(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut writer = Writer::default();
        let (mut to_type, mut to_delete) = (INSERTIONS, DELETIONS);
        let mut types = false;
        while to_type + to_delete > 0 {
            types = if random.unit() < JUMPS {
                writer.jump(draw(JUMPED, &mut random), random.unit() < FORWARD);
                random.unit() < TYPES
            } else {
                !types
            };
            if to_type > 0 && (types || to_delete == 0 || writer.text.is_empty()) {
                let count = draw(TYPED_AT_ONCE, &mut random).min(to_type);
                (0..count).for_each(|_| writer.insert(letter(&mut random)));
                to_type -= count;
            } else {
                let count =
                    draw(DELETED_AT_ONCE, &mut random).min(to_delete).min(writer.text.len());
                (0..count).for_each(|_| writer.delete());
                to_delete -= count;
            }
        }
        let text = writer.text.iter().map(|byte| char::from(*byte)).collect();
        Self { edits: writer.edits, text }
    }

    /// Reads a recorded history; its positions count code points, so it must stay in the basic
    /// plane.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut json = String::new();
        let file = File::open(path)?;
        if path.extension().is_some_and(|extension| extension == "gz") {
            GzDecoder::new(file).read_to_string(&mut json)?;
        } else {
            { file }.read_to_string(&mut json)?;
        }
        let recorded: Value = serde_json::from_str(&json)?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("a text is missing");
        let mut edits = Vec::new();
        let start = text(&recorded["startContent"])?;
        if !start.is_empty() {
            edits.push(Splice { at: 0, delete: 0, insert: start });
        }
        recorded["txns"].as_array().ok_or("the trace has no txns")?;
        let patches = list(&recorded["txns"]).flat_map(|txn| list(&txn["patches"]));
        for patch in patches {
            let number = |index: usize| patch[index].as_u64().and_then(|n| u32::try_from(n).ok());
            let (Some(at), Some(delete)) = (number(0), number(1)) else {
                return Err("a patch is not [position, deleted, inserted]".into());
            };
            edits.push(Splice { at, delete, insert: text(&patch[2])? });
        }
        let is_wide = |text: &str| text.chars().any(|char| char.len_utf16() > 1);
        if edits.iter().any(|edit| is_wide(&edit.insert)) {
            return Err("the trace leaves the basic plane: its positions are ambiguous".into());
        }
        Ok(Self { edits, text: text(&recorded["endContent"])? })
    }

    /// More edits of the same hand, for a text of this length that they leave as long as it was.
    pub(crate) fn continuation(length: usize, count: usize, seed: u64) -> Vec<Splice> {
        let mut random = Random::new(seed);
        let mut edits = Vec::with_capacity(count);
        let mut at = random.below(length as u64) as u32;
        while edits.len() + 1 < count {
            if random.below(20) == 0 {
                at = random.below(length as u64) as u32;
            }
            edits.push(Splice { at, delete: 0, insert: char::from(letter(&mut random)).into() });
            edits.push(Splice { at, delete: 1, insert: String::new() });
            at = (at + 1).min(length as u32);
        }
        edits
    }
}

#[derive(Default)]
struct Writer {
    text: Vec<u8>,
    cursor: usize,
    edits: Vec<Splice>,
}

impl Writer {
    fn jump(&mut self, distance: usize, forward: bool) {
        let to = if forward {
            self.cursor.saturating_add(distance)
        } else {
            self.cursor.saturating_sub(distance)
        };
        self.cursor = to.min(self.text.len());
    }

    fn insert(&mut self, letter: u8) {
        let insert = char::from(letter).to_string();
        self.edits.push(Splice { at: self.cursor as u32, delete: 0, insert });
        self.text.insert(self.cursor, letter);
        self.cursor += 1;
    }

    /// Deletes backwards, or forwards at the start of the text.
    fn delete(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
        self.edits.push(Splice { at: self.cursor as u32, delete: 1, insert: String::new() });
        self.text.remove(self.cursor);
    }
}

/// Draws a length.
fn draw(quantiles: Quantiles, random: &mut Random) -> usize {
    let part = random.unit();
    let next = quantiles.iter().position(|(at, _)| *at > part).unwrap_or(quantiles.len() - 1);
    let ((from, low), (to, high)) = (quantiles[next - 1], quantiles[next]);
    let along = (part - from) / (to - from);
    (low + (high - low) * along).round() as usize
}

/// English enough for a compressor: letters by frequency, a space about every sixth.
fn letter(random: &mut Random) -> u8 {
    const LETTERS: &[u8] = b"      eeeeeetttttaaaaoooniiinnssshhhrrrddlluucmwfgypbvk.,\n";
    LETTERS[random.below(LETTERS.len() as u64) as usize]
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(edits: &[Splice], text: &mut Vec<u16>) {
        for Splice { at, delete, insert } in edits {
            let range = *at as usize..(*at + *delete) as usize;
            text.splice(range, insert.encode_utf16());
        }
    }

    #[test]
    fn generated_history_has_the_recorded_counts_and_leads_to_its_text() {
        let trace = Trace::generate(1);
        let typed = trace.edits.iter().filter(|edit| edit.delete == 0).count();
        assert_eq!((typed, trace.edits.len()), (INSERTIONS, INSERTIONS + DELETIONS));
        let mut text = Vec::new();
        replay(&trace.edits, &mut text);
        assert_eq!(String::from_utf16(&text).unwrap(), trace.text);
        assert_eq!(text.len(), INSERTIONS - DELETIONS);
    }

    #[test]
    fn generated_history_jumps_and_bursts_about_as_often_as_the_recorded_one() {
        let trace = Trace::generate(1);
        let breaks = trace.edits.windows(2).filter(|pair| {
            let goes_on = pair[0].at + (pair[0].insert.len() as u32);
            let expected = goes_on.saturating_sub(pair[1].delete);
            pair[1].at != expected || pair[0].delete != pair[1].delete
        });
        let breaks = breaks.count();
        assert!((9_000..12_500).contains(&breaks), "{breaks} bursts, recorded were 10,711");
    }

    #[test]
    fn a_recorded_history_is_read_in_its_own_format() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace.json");
        let json = r#"{"startContent":"ab","endContent":"axc","txns":[{"patches":[[1,1,"x"]]},{"patches":[[2,0,"c"]]}]}"#;
        std::fs::write(&path, json).unwrap();
        let trace = Trace::read(&path).unwrap();
        let mut text = Vec::new();
        replay(&trace.edits, &mut text);
        assert_eq!(String::from_utf16(&text).unwrap(), trace.text);
        std::fs::write(&path, json.replace("\"x\"", "\"😀\"")).unwrap();
        assert!(Trace::read(&path).is_err(), "positions beyond the basic plane are ambiguous");
        std::fs::write(&path, json.replace("txns", "transactions")).unwrap();
        assert!(Trace::read(&path).is_err(), "no edits");
    }

    #[test]
    fn continuation_stays_in_bounds_and_keeps_the_length() {
        let mut text = vec![u16::from(b'a'); 500];
        let edits = Trace::continuation(500, 1000, 3);
        assert!(edits.len() >= 998);
        replay(&edits, &mut text);
        assert_eq!(text.len(), 500);
    }
}
