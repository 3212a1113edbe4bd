//! Live queries: a snapshot first, then what changed in it.

mod difference;
mod shared;

use std::sync::Arc;

use dunlin_store::Rows;
use tokio::sync::watch;

pub use self::difference::{Difference, Placed, Relocated};
pub(crate) use self::shared::{Followed, Question};
use self::shared::{Shared, Shown};
use crate::{
    engine::{EngineHandle, Heads, is_away},
    error::{Error, Result},
};

/// What a [`LiveQuery`] gives.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryChange {
    /// The whole result: first, and again if the columns change.
    Snapshot(Rows),
    /// What changed since.
    Difference(Difference),
    /// The query cannot be carried out on what the documents hold at the moment, or within its
    /// limits of steps and time: what was given before is as it was then. The next change of a
    /// document that it reads may mend it; then a snapshot or a difference follows, be it empty.
    Failed(Error),
}

/// A query that is run again whenever a collection it read has changed.
///
/// It gives the first 10,000 rows or 8 MiB, and says whether there are more. Changes that come
/// faster than they are taken are merged into one. Those who follow the same query with the same
/// parameters share its runs and its rows. Dropping it stops it.
pub struct LiveQuery {
    query: Arc<Shared>,
    heads: watch::Receiver<Heads>,
    /// The last run that the caller has heard of, if only that it failed.
    heard: Option<Arc<Shown>>,
    /// The result as the caller has it.
    shown: Option<Arc<Shown>>,
}

impl LiveQuery {
    pub(crate) fn new(engine: &EngineHandle, question: Question) -> Self {
        let heads = engine.outlets().heads();
        Self { query: engine.followed().share(engine, question), heads, heard: None, shown: None }
    }

    /// Waits for the first snapshot or the next change of the result, and while the node is
    /// suspended; none once it is shut down.
    ///
    /// # Errors
    /// What [`Space::query`](crate::Space::query) answers for SQL that is wrong or reads what it may
    /// not. What documents hold is none: see [`QueryChange::Failed`].
    pub async fn next(&mut self) -> Result<Option<QueryChange>> {
        loop {
            if !self.wait().await {
                return Ok(None);
            }
            let latest = match self.query.latest().await {
                Err(error) if is_away(&error) => continue,
                latest => latest?,
            };
            let change = latest.since(self.shown.as_deref(), self.heard.as_deref());
            self.heard = Some(latest.clone());
            if !matches!(change, Some(QueryChange::Failed(_)) | None) {
                self.shown = Some(latest);
            }
            if change.is_some() {
                return Ok(change);
            }
        }
    }

    /// Waits until the result may have changed; false once the node is shut down.
    async fn wait(&mut self) -> bool {
        let heard = self.heard.as_deref();
        let may_differ = |heads: &Heads| heard.is_none_or(|heard| heard.may_be_outdated(heads));
        let changed =
            self.heads.wait_for(|heads| heads.closed || !heads.suspended && may_differ(heads));
        changed.await.is_ok_and(|heads| !heads.closed)
    }
}
