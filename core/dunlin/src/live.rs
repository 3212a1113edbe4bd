//! Live queries: a snapshot first, then what changed in it.

mod difference;

use dunlin_store::Rows;
use serde_json::Value as Json;
use tokio::sync::watch;

pub use self::difference::{Difference, Placed, Relocated};
use crate::{
    engine::{EngineHandle, Heads, is_away},
    error::Result,
};

/// What a [`LiveQuery`] gives.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryChange {
    /// The whole result: always first, and again if the columns change.
    Snapshot(Rows),
    /// What changed since.
    Difference(Difference),
}

/// A query that is run again whenever a collection it read has changed.
///
/// Changes that come faster than they are taken are merged into one. Dropping it stops it.
pub struct LiveQuery {
    engine: EngineHandle,
    sql: String,
    parameters: Vec<Json>,
    heads: watch::Receiver<Heads>,
    /// The result as the caller has it.
    shown: Option<Rows>,
}

impl LiveQuery {
    pub(crate) fn new(engine: EngineHandle, sql: String, parameters: Vec<Json>) -> Self {
        let heads = engine.outlets().heads();
        Self { engine, sql, parameters, heads, shown: None }
    }

    /// Waits for the first snapshot or the next change of the result, and while the node is
    /// suspended; none once it is shut down.
    ///
    /// # Errors
    /// What [`Space::query`](crate::Space::query) answers for this query.
    pub async fn next(&mut self) -> Result<Option<QueryChange>> {
        loop {
            if !self.wait().await {
                return Ok(None);
            }
            let rows = match self.engine.query_or_ensure(&self.sql, &self.parameters).await {
                Err(error) if is_away(&error) => continue,
                rows => rows?,
            };
            let before = self.shown.replace(rows.clone());
            let Some(before) = before.filter(|before| before.columns == rows.columns) else {
                return Ok(Some(QueryChange::Snapshot(rows)));
            };
            let difference = Difference::between(&before, &rows);
            if !difference.is_empty() {
                return Ok(Some(QueryChange::Difference(difference)));
            }
        }
    }

    /// Waits until the result may have changed; false once the node is shut down.
    async fn wait(&mut self) -> bool {
        let shown = self.shown.as_ref();
        let may_differ = |heads: &Heads| {
            let Some(shown) = shown else { return true };
            let changed = |collection| heads.collections.get(collection) > Some(&shown.seq);
            heads.opened_at > shown.seq || shown.collections.iter().any(changed)
        };
        let changed =
            self.heads.wait_for(|heads| heads.closed || !heads.suspended && may_differ(heads));
        changed.await.is_ok_and(|heads| !heads.closed)
    }
}
