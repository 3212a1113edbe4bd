//! List items: their ids, and positions that always leave room between.

mod position;

use std::{fmt, str::FromStr};

use crate::{
    error::InvalidInput,
    ids::{Dot, Incarnation},
};

pub(crate) use position::{Gap, Position, spread};

/// A list item's stable id: the write that inserted it. An item that a list was written with is
/// named by a hash in the form of a founder's dot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The write, or 52 and 31 bits of a hash.
    pub dot: Dot,
}

impl ItemId {
    /// No id is less.
    pub(crate) const FIRST: Self = Self { dot: Dot { incarnation: Incarnation::FIRST, clock: 0 } };

    /// The name that a hash makes.
    pub(crate) fn named(hash: &blake3::Hash) -> Self {
        let (mut writer, mut clock) = ([0; 8], [0; 4]);
        writer.copy_from_slice(&hash.as_bytes()[..8]);
        clock.copy_from_slice(&hash.as_bytes()[8..12]);
        let clock = u32::from_le_bytes(clock) >> 1;
        Self { dot: Dot { incarnation: Incarnation::founder(writer), clock } }
    }

    /// Whether the item came with a list that was written whole, so that whoever has the list has
    /// it.
    pub(crate) fn began_list(self) -> bool {
        self.dot.incarnation.is_founder()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_canonical() {
        let dot = Dot { incarnation: Incarnation::from_client(9).unwrap(), clock: 0x1f };
        let item = ItemId { dot };
        assert_eq!(item.to_string().parse(), Ok(item));
        for refused in ["", "AAAAAAAAAQ", "AAAAAAAAAQ.1.0", "AAAAAAAAAQ.A", "AAAAAAAAAQ.+2"] {
            assert!(refused.parse::<ItemId>().is_err(), "{refused}");
        }
    }
}
