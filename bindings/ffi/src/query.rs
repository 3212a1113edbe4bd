//! Results of queries, once and live.

use std::sync::Arc;

use crate::{
    error::{DunlinError, Result},
    json,
    pull::{Pull, Source},
};

/// A query's result.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, each a JSON array of its cells.
    pub rows: Vec<String>,
    /// Whether there are more rows than these; only a live query leaves some out.
    pub more: bool,
}

/// How a query would be carried out.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Plan {
    /// SQLite's own words, a step each.
    pub steps: Vec<String>,
    /// One sentence for each collection that is read from end to end, with the remedy.
    pub warnings: Vec<String>,
}

/// What a live query gives.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum QueryChange {
    /// The whole result: first, and again if the columns change.
    Snapshot {
        /// The result.
        rows: Rows,
    },
    /// What turns the old rows into the new ones: take out `removed` and every `moved.from`,
    /// highest index first; put in `inserted` and `moved` rows, lowest final index first; then
    /// replace the `changed` ones.
    Difference {
        /// Indices in the old result, descending.
        removed: Vec<u32>,
        /// New rows at their final indices, ascending.
        inserted: Vec<Placed>,
        /// Rows that changed their order, by final index ascending.
        moved: Vec<Relocated>,
        /// Rows whose content changed at their final indices, ascending.
        changed: Vec<Placed>,
        /// Whether the query has more rows by now than those that are given.
        more: bool,
    },
    /// The query cannot be carried out on what the documents hold at the moment, or within its
    /// limits of steps and time: what was given before is as it was then. A later change may mend
    /// it; then a snapshot or a difference follows, be it empty.
    Failed {
        /// Why not.
        error: DunlinError,
    },
}

/// A row at its final index.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Placed {
    /// The index in the new result.
    pub at: u32,
    /// The row, a JSON array of its cells.
    pub row: String,
}

/// A row that changed its order.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Relocated {
    /// The index in the old result.
    pub from: u32,
    /// The index in the new result.
    pub to: u32,
}

/// A query that is run again whenever a collection it read has changed.
///
/// It gives the first 10,000 rows or 8 MiB, and says whether there are more. Changes that come
/// faster than they are taken are merged into one. Dropping it stops it.
#[derive(uniffi::Object)]
pub struct LiveQuery(Pull<dunlin::LiveQuery>);

impl LiveQuery {
    pub(crate) fn shared(query: dunlin::LiveQuery) -> Arc<Self> {
        Arc::new(Self(Pull::new(query)))
    }
}

#[uniffi::export]
impl LiveQuery {
    /// Waits for the first snapshot or the next change of the result; none once it was stopped or
    /// the node is shut down.
    ///
    /// Refuses SQL that is wrong or reads what it may not; what documents hold is told as `Failed`.
    pub async fn next(&self) -> Result<Option<QueryChange>> {
        self.0.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Source for dunlin::LiveQuery {
    type Item = QueryChange;

    async fn pull(&mut self) -> Result<Option<QueryChange>> {
        Ok(self.next().await?.map(QueryChange::from))
    }
}

impl From<dunlin::Rows> for Rows {
    fn from(rows: dunlin::Rows) -> Self {
        let texts = rows.rows.iter().map(|row| json::array(row)).collect();
        Self { columns: rows.columns, rows: texts, more: rows.more }
    }
}

impl From<dunlin::Plan> for Plan {
    fn from(plan: dunlin::Plan) -> Self {
        Self { steps: plan.steps, warnings: plan.warnings }
    }
}

impl From<dunlin::QueryChange> for QueryChange {
    fn from(change: dunlin::QueryChange) -> Self {
        match change {
            dunlin::QueryChange::Snapshot(rows) => Self::Snapshot { rows: rows.into() },
            dunlin::QueryChange::Difference(change) => Self::Difference {
                removed: change.removed.into_iter().map(index).collect(),
                inserted: change.inserted.iter().map(Placed::from).collect(),
                moved: change.moved.iter().map(Relocated::from).collect(),
                changed: change.changed.iter().map(Placed::from).collect(),
                more: change.more,
            },
            dunlin::QueryChange::Failed(error) => Self::Failed { error: error.into() },
        }
    }
}

impl From<&dunlin::Placed> for Placed {
    fn from(placed: &dunlin::Placed) -> Self {
        Self { at: index(placed.at), row: json::array(&placed.row) }
    }
}

impl From<&dunlin::Relocated> for Relocated {
    fn from(moved: &dunlin::Relocated) -> Self {
        Self { from: index(moved.from), to: index(moved.to) }
    }
}

/// A result has at most 10,000 rows.
fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
