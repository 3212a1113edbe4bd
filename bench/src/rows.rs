//! The rows of the table of targets.

mod calls;
mod documents;
mod edits;
mod history;
mod live;
mod meeting;
mod slow_peer;
mod terminal;
mod writers;

use std::{cell::OnceCell, path::Path};

use tokio::runtime::Runtime;

pub(crate) use self::{documents::open_child, slow_peer::edit_child};
use self::{edits::Paper, history::History};
use crate::{Result, table::Outcome, trace::Trace};

/// What all rows share.
pub(crate) struct Setting {
    /// Runs of each side.
    runs: usize,
    trace: Trace,
    runtime: Runtime,
    paper: OnceCell<Paper>,
    history: OnceCell<History>,
}

impl Setting {
    /// Reads or writes the trace.
    pub(crate) fn new(runs: usize, trace: Option<&Path>) -> Result<Self> {
        let trace = trace.map_or_else(|| Ok(Trace::generate(1)), Trace::read)?;
        let runtime = Runtime::new()?;
        Ok(Self { runs, trace, runtime, paper: OnceCell::new(), history: OnceCell::new() })
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
    Row { numbers: &[1], run: edits::text },
    Row { numbers: &[2], run: edits::field },
    Row { numbers: &[3], run: edits::flushed },
    Row { numbers: &[4], run: edits::batch },
    Row { numbers: &[5], run: history::size },
    Row { numbers: &[6], run: history::open },
    Row { numbers: &[7], run: documents::size },
    Row { numbers: &[8], run: documents::insert },
    Row { numbers: &[9], run: documents::open },
    Row { numbers: &[10], run: live::edit },
    Row { numbers: &[11], run: meeting::empty_peer },
    Row { numbers: &[12], run: meeting::nothing },
    Row { numbers: &[13], run: meeting::one_document },
    Row { numbers: &[18], run: calls::from_kotlin },
    Row { numbers: &[19], run: slow_peer::memory },
    Row { numbers: &[21], run: writers::many },
    Row { numbers: &[22], run: terminal::put_to_watch },
];
