//! Positions of list items.

use super::ItemId;
use crate::ids::Dot;

/// Where an item stands: a fraction, then the id of the write that put it there, compared as
/// bytes. Two positions are never equal, so there is always room between two neighbours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(Vec<u8>);

const STEP: u32 = 1 << 16;
const MIDDLE: u32 = 1 << 31;
/// Bytes of a writer, before its clock.
const WRITER: usize = 7;
/// Bytes of the write behind the fraction.
const TAIL: usize = WRITER + 4;
/// Behind whatever a fraction may be followed by: no writer's first byte is as large.
const BEHIND: u8 = 0x20;

impl Position {
    pub(crate) fn new(fraction: &[u8], dot: Dot) -> Self {
        let mut bytes = Vec::with_capacity(fraction.len() + TAIL);
        bytes.extend_from_slice(fraction);
        bytes.extend_from_slice(&dot.incarnation.client().to_be_bytes()[1..]);
        bytes.extend_from_slice(&dot.clock.to_be_bytes());
        Self(bytes)
    }

    fn fraction(&self) -> &[u8] {
        &self.0[..self.0.len() - TAIL]
    }

    fn tail(&self) -> &[u8] {
        &self.0[self.0.len() - TAIL..]
    }

    /// Whether this is where the item was inserted by itself, not where it was moved.
    pub(crate) fn is_first_of(&self, id: ItemId) -> bool {
        !id.began_list() && self.tail() == Self::new(&[], id.dot).0
    }

    /// The first four bytes, which evenly spread positions are told apart by.
    fn head(&self) -> u32 {
        self.0.first_chunk::<4>().map_or(MIDDLE, |head| u32::from_be_bytes(*head))
    }

    /// The fraction of item `index` of a list that was written whole. It counts from the front, so
    /// that lists which begin alike have their items at the same places.
    pub(crate) fn fraction_in_whole(index: usize, count: usize) -> [u8; 4] {
        let step = STEP.min(MIDDLE / (count as u32).saturating_add(1)).max(1);
        MIDDLE.saturating_add(step.saturating_mul(index as u32)).to_be_bytes()
    }
}

/// Where something is put: between two neighbours, or at an end of the list where there is none.
#[derive(Clone, Debug)]
pub(crate) struct Gap<'a> {
    pub(crate) left: Option<&'a Position>,
    pub(crate) right: Option<&'a Position>,
    /// Whether the left neighbour stands where it was inserted, so that its writer may go on there.
    pub(crate) continues: bool,
}

impl Gap<'_> {
    /// Whether what stands at this position is between the neighbours.
    pub(crate) fn holds(&self, position: &Position) -> bool {
        self.left.is_none_or(|left| left < position)
            && self.right.is_none_or(|right| position < right)
    }

    /// The fraction for what a write puts here.
    ///
    /// Behind what its writer inserted, that fraction is taken again where that fits: what one
    /// device adds in a row stays together and costs no room.
    pub(crate) fn fraction(&self, dot: Dot) -> Vec<u8> {
        if let Some(left) = self.left.filter(|_| self.continues) {
            let next = Position::new(left.fraction(), dot);
            let is_own = left.tail()[..WRITER] == next.tail()[..WRITER];
            if is_own && *left < next && self.right.is_none_or(|right| next < *right) {
                return left.fraction().to_vec();
            }
        }
        self.fraction_alone()
    }

    /// The fraction for what is moved here: it depends on the neighbours alone.
    pub(crate) fn fraction_alone(&self) -> Vec<u8> {
        let middle = match (self.left.map(Position::head), self.right.map(Position::head)) {
            (None, None) => Some(MIDDLE),
            (Some(left), None) => left.checked_add(STEP),
            (None, Some(right)) => right.checked_sub(STEP),
            (Some(left), Some(right)) if right > left && right - left > 1 => {
                Some(left + (right - left) / 2)
            }
            _ => None,
        };
        match middle {
            Some(middle) => middle.to_be_bytes().to_vec(),
            None => {
                between(self.left.map_or(&[], |left| &left.0), self.right.map(|right| &right.0[..]))
            }
        }
    }
}

/// Fractions for so many items between two neighbours, evenly spread. They depend on the
/// neighbours alone, so that two devices which sort alike place alike.
pub(crate) fn spread(
    left: Option<&Position>,
    right: Option<&Position>,
    count: usize,
) -> Vec<Vec<u8>> {
    let parts = count as i64 + 1;
    let room = i64::from(STEP) * parts;
    let ends = (left.map(|it| i64::from(it.head())), right.map(|it| i64::from(it.head())));
    let (low, high) = match ends {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low + room),
        (None, Some(high)) => (high - room, high),
        (None, None) => (i64::from(MIDDLE) - room / 2, i64::from(MIDDLE) - room / 2 + room),
    };
    if high - low > parts && low >= 0 && high <= i64::from(u32::MAX) {
        let at = |index: i64| (low + (high - low) * (index + 1) / parts) as u32;
        return (0..count as i64).map(|index| at(index).to_be_bytes().to_vec()).collect();
    }
    let mut fractions = vec![Vec::new(); count];
    let left = left.map_or(Vec::new(), |left| left.0.clone());
    halve(&left, right.map(|right| &right.0[..]), &mut fractions);
    fractions
}

/// Fills in the one in the middle, then both halves, so that no fraction is longer than need be.
fn halve(left: &[u8], right: Option<&[u8]>, fractions: &mut [Vec<u8>]) {
    if fractions.is_empty() {
        return;
    }
    let (before, rest) = fractions.split_at_mut(fractions.len() / 2);
    let [middle, after @ ..] = rest else { return };
    *middle = between(left, right);
    halve(left, Some(middle), before);
    let behind = [&middle[..], &[BEHIND]].concat();
    halve(&behind, right, after);
}

/// Bytes after `left`, before `right`, and no prefix of `right`: whatever follows them stays
/// between.
fn between(left: &[u8], right: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bounded = right;
    for index in 0.. {
        let low = left.get(index).copied().map_or(0, u16::from);
        let high = match bounded {
            Some(right) => right.get(index).copied().map_or(0, u16::from),
            None => 256,
        };
        if high > low + 1 {
            out.push((low + (high - low) / 2) as u8);
            return out;
        }
        if high > low {
            bounded = None;
        }
        out.push(low as u8);
        let exhausted = right.is_none_or(|right| index >= right.len());
        if exhausted && index > left.len() && bounded.is_some() {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests;
