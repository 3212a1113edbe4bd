//! Runs of operations.

/// An operation: the number of its writer, and its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) writer: u32,
    pub(super) clock: u32,
}

impl Id {
    /// The operation that many later of the same writer.
    pub(super) fn plus(self, operations: u32) -> Self {
        Self { clock: self.clock + operations, ..self }
    }
}

/// Consecutive operations of one writer, side by side in a text, each the origin of the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) id: Id,
    pub(super) len: u32,
    pub(super) is_live: bool,
    /// The left neighbour of the first at the time of writing.
    pub(super) origin: Option<Id>,
    /// The right neighbour of all at the time of writing.
    pub(super) right_origin: Option<Id>,
}

impl Run {
    /// Visible code units.
    pub(super) fn width(&self) -> u32 {
        if self.is_live { self.len } else { 0 }
    }

    pub(super) fn last(&self) -> Id {
        self.id.plus(self.len - 1)
    }

    /// Whether a run right behind this one is the same run.
    pub(super) fn continues_in(&self, next: &Self) -> bool {
        self.is_live == next.is_live
            && next.origin == Some(self.last())
            && next.id == self.id.plus(self.len)
            && next.right_origin == self.right_origin
    }

    /// Takes off everything from an offset on.
    pub(super) fn split_off(&mut self, offset: u32) -> Self {
        let tail = Self {
            id: self.id.plus(offset),
            len: self.len - offset,
            origin: Some(self.id.plus(offset - 1)),
            ..*self
        };
        self.len = offset;
        tail
    }
}
