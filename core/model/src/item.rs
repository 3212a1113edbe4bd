//! List items: their ids, and positions that always leave room between.

use std::{fmt, str::FromStr};

use crate::{
    error::InvalidInput,
    ids::{Dot, Incarnation},
};

/// A list item's stable id: the write that inserted it. An item that a list was written with is
/// named by a hash in the form of a dot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The write, or 52 and 31 bits of a hash.
    pub dot: Dot,
}

impl ItemId {
    /// The name that a hash makes.
    pub(crate) fn named(hash: &blake3::Hash) -> Self {
        let (mut writer, mut clock) = ([0; 8], [0; 4]);
        writer.copy_from_slice(&hash.as_bytes()[..8]);
        clock.copy_from_slice(&hash.as_bytes()[8..12]);
        let clock = u32::from_le_bytes(clock) >> 1;
        Self { dot: Dot { incarnation: Incarnation::from_random(writer), clock } }
    }
}

/// Most bytes that a list item adds to a path: `/@`, ten characters for the incarnation, and a
/// number of 32 bits in hexadecimal behind a dot.
pub(crate) const MAX_ITEM_STEP_BYTES: usize = 21;

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dot.fmt(f)
    }
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{self}")
    }
}

impl FromStr for ItemId {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let dot = text.parse().map_err(|_| {
            InvalidInput::new(
                format!("{text:?} is not an item id"),
                "give an id that Dunlin printed",
            )
        })?;
        Ok(Self { dot })
    }
}

/// Where an item stands: a fraction, then the id of the write that put it there, compared as
/// bytes. Two positions are never equal, so there is always room between two neighbours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(Vec<u8>);

const STEP: u32 = 1 << 16;
const MIDDLE: u32 = 1 << 31;

impl Position {
    pub(crate) fn new(fraction: &[u8], dot: Dot) -> Self {
        let mut bytes = Vec::with_capacity(fraction.len() + 11);
        bytes.extend_from_slice(fraction);
        bytes.extend_from_slice(&dot.incarnation.client().to_be_bytes()[1..]);
        bytes.extend_from_slice(&dot.clock.to_be_bytes());
        Self(bytes)
    }

    /// The fraction of item `index` of a list that was written whole. It counts from the front, so
    /// that lists which begin alike have their items at the same places.
    pub(crate) fn fraction_in_whole(index: usize, count: usize) -> [u8; 4] {
        let step = STEP.min(MIDDLE / (count as u32).saturating_add(1)).max(1);
        MIDDLE.saturating_add(step.saturating_mul(index as u32)).to_be_bytes()
    }

    /// A fraction between two neighbours; none stands for the list's end.
    pub(crate) fn fraction_between(left: Option<&Self>, right: Option<&Self>) -> Vec<u8> {
        let head = |position: &Self| {
            position.0.first_chunk::<4>().map_or(MIDDLE, |head| u32::from_be_bytes(*head))
        };
        let middle = match (left.map(head), right.map(head)) {
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
            None => between(left.map_or(&[], |left| &left.0), right.map(|right| &right.0[..])),
        }
    }
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
mod tests {
    use super::*;

    fn dot(client: u64, clock: u32) -> Dot {
        Dot { incarnation: Incarnation::from_client(client).unwrap(), clock }
    }

    #[test]
    fn ids_are_canonical() {
        let item = ItemId { dot: dot(9, 0x1f) };
        assert_eq!(item.to_string().parse(), Ok(item));
        for refused in ["", "AAAAAAAAAQ", "AAAAAAAAAQ.1.0", "AAAAAAAAAQ.A", "AAAAAAAAAQ.+2"] {
            assert!(refused.parse::<ItemId>().is_err(), "{refused}");
        }
    }

    #[test]
    fn there_is_always_room_at_one_spot() {
        for side in 0..3 {
            let mut positions = vec![
                Position::new(&MIDDLE.to_be_bytes(), dot(5, 0)),
                Position::new(&MIDDLE.to_be_bytes(), dot(7, 0)),
            ];
            for clock in 1..2000 {
                let at = [0, 1, positions.len()][side];
                let left = at.checked_sub(1).map(|left| &positions[left]);
                let fraction = Position::fraction_between(left, positions.get(at));
                let position = Position::new(&fraction, dot(u64::from(clock) % 11, clock));
                positions.insert(at, position);
                assert!(positions.is_sorted() && fraction.len() < 512, "{side} {clock}");
            }
        }
    }

    #[test]
    fn a_list_written_whole_is_in_order() {
        for count in [1, 3, 100_000] {
            let fractions: Vec<_> =
                (0..count).map(|index| Position::fraction_in_whole(index, count)).collect();
            assert!(fractions.is_sorted_by(|left, right| left < right));
        }
    }
}
