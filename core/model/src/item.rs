//! List items: their ids, and positions that always leave room between.

mod position;

use std::{fmt, str::FromStr};

use crate::{error::InvalidInput, ids::Dot};

pub(crate) use position::{Gap, Position, spread};

/// A list item's stable id: the write that inserted it, and its ordinal within that write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The write that inserted it.
    pub dot: Dot,
    /// Zero for an item inserted alone; the items of lists inside a written value count from one.
    pub ordinal: u32,
}

impl ItemId {
    /// Whether the item came with a list that was written whole, so that whoever has the list has
    /// it.
    pub(crate) fn began_list(self) -> bool {
        self.ordinal > 0
    }
}

/// Most bytes that a list item adds to a path: `/@`, ten characters for the incarnation, and two
/// numbers of 32 bits in hexadecimal, each behind a dot.
pub(crate) const MAX_ITEM_STEP_BYTES: usize = 30;

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            0 => write!(f, "{}", self.dot),
            ordinal => write!(f, "{}.{ordinal:x}", self.dot),
        }
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
        let refused = || {
            InvalidInput::new(
                format!("{text:?} is not an item id"),
                "give an id that Dunlin printed",
            )
        };
        let (dot, ordinal) = match text.match_indices('.').nth(1) {
            None => (text, 0),
            Some((at, _)) => {
                let digits = &text[at + 1..];
                let ordinal = u32::from_str_radix(digits, 16).map_err(|_| refused())?;
                if ordinal == 0 || format!("{ordinal:x}") != digits {
                    return Err(refused());
                }
                (&text[..at], ordinal)
            }
        };
        Ok(Self { dot: dot.parse().map_err(|_| refused())?, ordinal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Incarnation;

    fn dot(client: u64, clock: u32) -> Dot {
        Dot { incarnation: Incarnation::from_client(client).unwrap(), clock }
    }

    #[test]
    fn ids_are_canonical() {
        let item = ItemId { dot: dot(9, 0x1f), ordinal: 0xab };
        assert_eq!(item.to_string().parse(), Ok(item));
        for refused in ["", "AAAAAAAAAQ", "AAAAAAAAAQ.1.0", "AAAAAAAAAQ.1.A", "AAAAAAAAAQ.1.+2"] {
            assert!(refused.parse::<ItemId>().is_err(), "{refused}");
        }
    }
}
