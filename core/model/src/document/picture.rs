//! A text as a caller that has not heard of everything pictures it, beside the text as it is.

/// A replacement in a text, in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: u32,
    pub(super) delete: u32,
    pub(super) insert: u32,
}

impl Splice {
    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.delete == 0 && self.insert == 0
    }
}

/// Consecutive code units of one fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    length: u32,
    /// Whether they are in the text as it is.
    present: bool,
    /// Whether they are in the caller's picture.
    pictured: bool,
}

/// Both texts as one sequence of runs.
#[derive(Clone, Debug)]
pub(super) struct Picture(Vec<Run>);

impl Picture {
    /// The picture that was true before others did `unseen`, one after the other, to what now is
    /// a text of `length`.
    pub(super) fn before(unseen: &[Splice], length: u32) -> Self {
        let first = unseen.iter().rev().fold(i64::from(length), |length, splice| {
            length + i64::from(splice.delete) - i64::from(splice.insert)
        });
        let length = first.max(0) as u32;
        let mut picture = Self(vec![Run { length, present: true, pictured: true }]);
        for splice in unseen {
            let start = picture.split(splice.at, |run| run.present);
            let end = picture.split(splice.at + splice.delete, |run| run.present);
            for run in &mut picture.0[start..end] {
                run.present = false;
            }
            let run = Run { length: splice.insert, present: true, pictured: false };
            picture.0.insert(start, run);
            picture.0.retain(|run| run.length > 0 && (run.present || run.pictured));
        }
        picture
    }

    /// The length of the text in the picture.
    pub(super) fn length(&self) -> u32 {
        self.0.iter().filter(|run| run.pictured).map(|run| run.length).sum()
    }

    /// What a replacement in the picture means for the text as it is, as replacements to make one
    /// after the other; it is then part of both. What others inserted within the deleted range
    /// stays, behind what the caller inserts; of two insertions at one place the caller's goes
    /// behind.
    pub(super) fn replace(&mut self, splice: Splice) -> Vec<Splice> {
        let start = self.split(splice.at, |run| run.pictured);
        let end = self.split(splice.at + splice.delete, |run| run.pictured);
        let mut at: u32 =
            self.0[..start].iter().filter(|run| run.present).map(|run| run.length).sum();
        let mut splices = Vec::new();
        if splice.insert > 0 {
            splices.push(Splice { at, delete: 0, insert: splice.insert });
            at += splice.insert;
        }
        for run in &mut self.0[start..end] {
            match (run.present, run.pictured) {
                (true, true) => splices.push(Splice { at, delete: run.length, insert: 0 }),
                (true, false) => at += run.length,
                (false, _) => {}
            }
            if run.pictured {
                (run.present, run.pictured) = (false, false);
            }
        }
        if splice.insert > 0 {
            let run = Run { length: splice.insert, present: true, pictured: true };
            self.0.insert(start, run);
        }
        self.0.retain(|run| run.present || run.pictured);
        splices
    }

    /// Makes a run begin at an index counted over some runs; returns the place of the first of
    /// those runs from there on.
    fn split(&mut self, index: u32, counts: impl Fn(&Run) -> bool) -> usize {
        let mut left = index;
        for place in 0..self.0.len() {
            let run = self.0[place];
            if !counts(&run) {
                continue;
            }
            if left == 0 {
                return place;
            }
            if left < run.length {
                self.0[place].length = left;
                self.0.insert(place + 1, Run { length: run.length - left, ..run });
                return place + 1;
            }
            left -= run.length;
        }
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(at: u32, delete: u32, insert: u32) -> Splice {
        Splice { at, delete, insert }
    }

    fn meant(mine: Splice, unseen: &[Splice], length: u32) -> Vec<Splice> {
        Picture::before(unseen, length).replace(mine)
    }

    #[test]
    fn indices_move_behind_what_was_not_seen() {
        assert_eq!(meant(splice(5, 0, 2), &[], 10), [splice(5, 0, 2)]);
        assert_eq!(meant(splice(5, 0, 2), &[splice(0, 0, 3)], 13), [splice(8, 0, 2)]);
        assert_eq!(meant(splice(5, 0, 2), &[splice(0, 3, 0)], 7), [splice(2, 0, 2)]);
        assert_eq!(meant(splice(5, 0, 2), &[splice(9, 1, 1)], 10), [splice(5, 0, 2)]);
        assert_eq!(meant(splice(5, 0, 2), &[splice(5, 0, 1)], 11), [splice(6, 0, 2)]);
        assert_eq!(meant(splice(5, 0, 2), &[splice(3, 4, 0)], 6), [splice(3, 0, 2)]);
        assert_eq!(meant(splice(5, 2, 0), &[splice(5, 2, 0)], 8), []);
    }

    #[test]
    fn what_others_inserted_within_a_deleted_range_stays() {
        let unseen = [splice(4, 0, 3)];
        assert_eq!(meant(splice(2, 4, 0), &unseen, 13), [splice(2, 2, 0), splice(5, 2, 0)]);
        assert_eq!(
            meant(splice(2, 4, 1), &[splice(3, 2, 0)], 8),
            [splice(2, 0, 1), splice(3, 1, 0), splice(3, 1, 0)]
        );
    }

    #[test]
    fn a_picture_follows_the_callers_own_edits() {
        let mut picture = Picture::before(&[splice(0, 0, 5)], 15);
        assert_eq!(picture.length(), 10);
        assert_eq!(picture.replace(splice(0, 0, 2)), [splice(5, 0, 2)]);
        assert_eq!(picture.replace(splice(2, 1, 0)), [splice(7, 1, 0)]);
        assert_eq!(picture.length(), 11);
    }
}
