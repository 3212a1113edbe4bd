//! The rows of the table of targets.

mod bulk;
mod calls;
mod crowd;
mod documents;
mod edits;
mod history;
mod live;
mod meeting;
mod memory;
mod slow_peer;
mod stall;
mod terminal;
mod texts;
mod wide;
mod writers;

use std::{cell::OnceCell, path::Path};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::history::History;
pub(crate) use self::{documents::open_child, slow_peer::edit_child};
use crate::{Result, table::Outcome, trace::Trace};

/// What all rows share.
pub(crate) struct Setting {
    /// Runs of each side.
    runs: usize,
    trace: Trace,
    runtime: Runtime,
    paper: OnceCell<Vec<u8>>,
    draft: OnceCell<TempDir>,
    history: OnceCell<History>,
}

impl Setting {
    /// Reads or writes the trace.
    pub(crate) fn new(runs: usize, trace: Option<&Path>) -> Result<Self> {
        let trace = trace.map_or_else(|| Ok(Trace::generate(1)), Trace::read)?;
        let runtime = Runtime::new()?;
        let (paper, draft, history) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Ok(Self { runs, trace, runtime, paper, draft, history })
    }
}

/// Rows that are measured together.
pub(crate) struct Row {
    /// Their numbers in the table of targets.
    pub(crate) numbers: &'static [u32],
    /// Measures them.
    pub(crate) run: fn(&Setting) -> Result<Vec<Outcome>>,
}

/// In the order of the table.
pub(crate) const ROWS: &[Row] = &[
    Row { numbers: &[1], run: texts::edit },
    Row { numbers: &[2], run: edits::field },
    Row { numbers: &[3], run: edits::flushed },
    Row { numbers: &[4], run: texts::batch },
    Row { numbers: &[5], run: history::size },
    Row { numbers: &[6], run: history::open },
    Row { numbers: &[7], run: documents::size },
    Row { numbers: &[8], run: documents::insert },
    Row { numbers: &[9], run: documents::open },
    Row { numbers: &[10], run: live::edit },
    Row { numbers: &[11], run: meeting::empty_peer },
    Row { numbers: &[12], run: meeting::nothing },
    Row { numbers: &[13], run: meeting::one_document },
    Row { numbers: &[18, 31], run: calls::from_other_languages },
    Row { numbers: &[19], run: slow_peer::memory },
    Row { numbers: &[21], run: writers::many },
    Row { numbers: &[22], run: terminal::put_to_watch },
    Row { numbers: &[23], run: wide::edits },
    Row { numbers: &[24], run: bulk::changes },
    Row { numbers: &[25], run: crowd::update },
    Row { numbers: &[26], run: stall::get },
    Row { numbers: &[30], run: memory::trace },
];
