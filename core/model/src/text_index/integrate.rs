//! Following what yrs integrates.

use std::{collections::BTreeSet, iter::Peekable};

use super::{
    Hole, TextChange, TextIndex,
    order::Place,
    run::{Id, Run},
};
use crate::{
    ids::{Dot, Incarnation},
    scan::{Block, Blocks, Content, Parent, Scanned},
};

/// What is told about the changes, if anybody asks.
pub(super) type Changes<'a> = Option<&'a mut Vec<TextChange>>;

/// The writers of an update, by descending writer, with the blocks that are not taken in yet.
type Waiting<'a> = Vec<(Incarnation, Peekable<Blocks<'a>>)>;

impl TextIndex {
    pub(super) fn integrate(
        &mut self,
        update: &Scanned<'_>,
        mut changes: Changes<'_>,
    ) -> Result<(), Hole> {
        let writers = update.writers();
        let mut waiting: Waiting<'_> =
            writers.map(|blocks| (blocks.writer(), blocks.peekable())).collect();
        for first in 0..waiting.len() {
            self.take_all(&mut waiting, first, &mut changes)?;
        }
        for (writer, range) in update.deletions() {
            let writer = self.writers.number(writer);
            self.delete(Id { writer, clock: range.start }, range.end, &mut changes);
        }
        Ok(())
    }

    /// Takes in all blocks of one writer, and before each those that it stands between.
    fn take_all(
        &mut self,
        waiting: &mut Waiting<'_>,
        first: usize,
        changes: &mut Changes<'_>,
    ) -> Result<(), Hole> {
        // Writers may wait for one another in turn any number of times. More detours than writers
        // without a block taken are a circle.
        let (mut stack, mut detours) = (vec![first], 0);
        while let Some(writer) = stack.last().copied() {
            let blocks = &mut waiting[writer].1;
            let Some((_, block)) = blocks.peek() else {
                stack.pop();
                continue;
            };
            let neighbours = [block.head.origin, block.head.right_origin];
            let missing = neighbours.into_iter().flatten().find(|dot| !self.writers.hold(*dot));
            if let Some(missing) = missing {
                detours += 1;
                let other = waiting.binary_search_by(|(other, _)| missing.incarnation.cmp(other));
                let other = other.ok().filter(|_| detours <= waiting.len()).ok_or(Hole)?;
                if waiting[other].1.peek().is_none() {
                    return Err(Hole);
                }
                stack.push(other);
            } else if let Some((dot, block)) = blocks.next() {
                self.take(dot, &block, changes)?;
                detours = 0;
            }
        }
        Ok(())
    }

    /// Takes in what of a block is new.
    fn take(&mut self, dot: Dot, block: &Block<'_>, changes: &mut Changes<'_>) -> Result<(), Hole> {
        let writer = self.writers.number(dot.incarnation);
        let known = self.writers.clock(writer);
        let end = dot.clock + block.content.len();
        let old = known.checked_sub(dot.clock).ok_or(Hole)?;
        if end <= known {
            return Ok(());
        }
        self.writers.set_clock(writer, end);
        let id = Id { writer, clock: known };
        let held = |dot: Option<Dot>| dot.and_then(|dot| self.writers.id(dot));
        let origin = match old {
            0 => held(block.head.origin),
            // The rest of a partly known block goes on behind the known part.
            _ => Some(Id { clock: known - 1, ..id }),
        };
        let right_origin = held(block.head.right_origin);
        let is_live = matches!(block.content, Content::Text(_));
        let run = Run { id, len: end - known, is_live, origin, right_origin };
        // The left one last: no other split may move it.
        let right = run.right_origin.and_then(|id| self.find(id));
        let right = right.map(|(place, offset)| self.split(place, offset).chunk);
        let left = run.origin.and_then(|id| self.find(id));
        let left = left.map(|(place, offset)| {
            self.split(place, offset + 1);
            place
        });
        let neighbour = left.map(|place| place.chunk).or(right);
        let text = match (neighbour, block.head.parent) {
            (Some(chunk), _) => self.chunks[chunk].text,
            (None, Parent::Text(root)) => self.text(root),
            // An entry.
            (None, _) => return Ok(()),
        };
        let after = self.place(text, left, &run);
        if let Content::Text(typed) = block.content {
            self.note_surrogates(Id { writer, clock: dot.clock }, typed.content, known);
            if let Some(changes) = changes {
                let at = after.map_or(0, |after| self.before(after) + self.run(after).width());
                let root = self.texts[text].root.clone();
                changes.push(TextChange { root, at, delete: 0, insert: run.len });
            }
        }
        let chunk = self.insert(text, after, run);
        for chunk in [Some(chunk), left.map(|left| left.chunk), right].into_iter().flatten() {
            self.balance(chunk);
        }
        Ok(())
    }

    /// Behind which run a new one comes, by the rule of YATA as yrs has it.
    fn place(&self, text: usize, left: Option<Place>, run: &Run) -> Option<Place> {
        let mut after = left;
        let mut at = left.map_or_else(|| self.first(text), |left| self.next(left));
        let writer = self.writers.incarnation(run.id.writer);
        // All runs passed, and those of them that the new one may have to stand before.
        let (mut passed, mut rivals) = (BTreeSet::new(), BTreeSet::new());
        while let Some(place) = at {
            let other = self.run(place);
            if run.right_origin == Some(other.id) {
                break;
            }
            passed.insert(other.id);
            rivals.insert(other.id);
            if other.origin == run.origin {
                if self.writers.incarnation(other.id.writer) < writer {
                    after = at;
                    rivals.clear();
                } else if other.right_origin == run.right_origin {
                    break;
                }
            } else {
                let origin = other.origin.and_then(|id| self.find(id));
                let Some(origin) = origin.map(|(place, _)| self.run(place).id) else { break };
                if !passed.contains(&origin) {
                    break;
                }
                if !rivals.contains(&origin) {
                    after = at;
                    rivals.clear();
                }
            }
            at = self.next(place);
        }
        after
    }

    /// Deletes operations from one on, as far as they are in texts.
    pub(super) fn delete(&mut self, from: Id, end: u32, changes: &mut Changes<'_>) {
        let mut id = from;
        while id.clock < end {
            let Some((place, offset)) = self.find(id) else {
                // An entry; on to the next run.
                match self.chunk_of.range(id..Id { clock: end, ..id }).next() {
                    Some((next, _)) => id = *next,
                    None => return,
                }
                continue;
            };
            if !self.run(place).is_live {
                id = id.plus(self.run(place).len - offset);
                continue;
            }
            let place = self.split(place, offset);
            self.split(place, end - id.clock);
            let len = self.run(place).len;
            if let Some(changes) = changes {
                let root = self.texts[self.chunks[place.chunk].text].root.clone();
                changes.push(TextChange { root, at: self.before(place), delete: len, insert: 0 });
            }
            self.bury(place);
            self.balance(place.chunk);
            id = id.plus(len);
        }
    }
}
