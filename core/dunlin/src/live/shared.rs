//! What those who follow one query share: its runs, its rows and what changed in them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, Weak},
};

use dunlin_model::Collection;
use dunlin_store::{Failed, Limits, Rows, Run};
use serde_json::Value as Json;

use super::{Difference, QueryChange};
use crate::{
    engine::{EngineHandle, Heads},
    error::{Error, Result},
    lock::lock,
};

/// A query that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) sql: Arc<str>,
    pub(crate) parameters: Arc<[Json]>,
    pub(crate) limits: Limits,
}

impl Question {
    /// A query whose result has at most this many rows.
    pub(crate) fn new(sql: &str, parameters: &[Json], rows: usize) -> Self {
        let limits = Limits::default();
        let limits = Limits { rows: rows.min(limits.rows), ..limits };
        Self { sql: sql.into(), parameters: parameters.into(), limits }
    }

    /// What two queries have alike that can share their rows.
    fn key(&self) -> Key {
        (self.sql.clone(), Json::from(&*self.parameters).to_string(), self.limits.rows)
    }
}

type Key = (Arc<str>, String, usize);

/// The queries of one space that somebody follows.
#[derive(Default)]
pub(crate) struct Followed(Arc<Registry>);

type Registry = Mutex<HashMap<Key, Weak<Shared>>>;

impl Followed {
    /// The query as others follow it, or anew if nobody does.
    pub(super) fn share(&self, engine: &EngineHandle, question: Question) -> Arc<Shared> {
        let key = question.key();
        let mut registry = lock(&self.0);
        if let Some(shared) = registry.get(&key).and_then(Weak::upgrade) {
            return shared;
        }
        let shared = Arc::new(Shared {
            engine: engine.clone(),
            question,
            latest: tokio::sync::Mutex::default(),
            registry: self.0.clone(),
        });
        registry.insert(key, Arc::downgrade(&shared));
        shared
    }
}

/// A query that at least one caller follows.
pub(super) struct Shared {
    engine: EngineHandle,
    question: Question,
    /// Held while the query runs, so that it runs once for all who wait for it.
    latest: tokio::sync::Mutex<Option<Arc<Shown>>>,
    registry: Arc<Registry>,
}

impl Shared {
    /// The result as of the last commit that can have changed it.
    pub(super) async fn latest(&self) -> Result<Arc<Shown>> {
        let mut latest = self.latest.lock().await;
        let heads = self.engine.outlets().heads();
        if let Some(shown) = latest.as_ref().filter(|shown| !shown.may_be_outdated(&heads.borrow()))
        {
            return Ok(shown.clone());
        }
        let run = self.engine.follow(&self.question).await?;
        let shown = Arc::new(Shown::after(latest.as_deref(), run));
        *latest = Some(shown.clone());
        Ok(shown)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut registry = lock(&self.registry);
        let key = self.question.key();
        // Somebody may follow it anew by now.
        if registry.get(&key).is_some_and(|shared| shared.strong_count() == 0) {
            registry.remove(&key);
        }
    }
}

/// What one run has left.
pub(super) struct Shown {
    collections: BTreeSet<Collection>,
    seq: i64,
    /// Counts how often the rows have changed.
    version: u64,
    /// The rows of the last run that had any.
    rows: Option<Arc<Rows>>,
    /// What turned the rows of the version before into these.
    step: Option<Arc<Difference>>,
    /// Why the last run has no rows.
    failed: Option<Error>,
}

impl Shown {
    /// What is shown after a run; rows that have not changed are those of before.
    fn after(before: Option<&Self>, run: Run) -> Self {
        let version = before.map_or(0, |before| before.version);
        let old = before.and_then(|before| before.rows.clone());
        let step = before.and_then(|before| before.step.clone());
        let mut rows = match run {
            Ok(rows) => rows,
            Err(Failed { error, collections, seq }) => {
                let failed = Some(error.into());
                return Self { collections, seq, version, rows: old, step, failed };
            }
        };
        let (collections, seq) = (std::mem::take(&mut rows.collections), rows.seq);
        let (rows, step, version) = match old {
            Some(old) if old.columns == rows.columns => {
                let difference = Difference::between(&old, &mut rows);
                if difference.is_empty() && old.more == rows.more {
                    (old, step, version)
                } else {
                    (Arc::new(rows), Some(Arc::new(difference)), version + 1)
                }
            }
            _ => (Arc::new(rows), None, version + 1),
        };
        Self { collections, seq, version, rows: Some(rows), step, failed: None }
    }

    /// Whether something was committed since that the query reads.
    pub(super) fn may_be_outdated(&self, heads: &Heads) -> bool {
        let changed = |collection| heads.collections.get(collection) > Some(&self.seq);
        heads.opened_at > self.seq || self.collections.iter().any(changed)
    }

    /// What somebody is to be told who has the rows of `shown` and last heard of the run `heard`.
    pub(super) fn since(&self, shown: Option<&Self>, heard: Option<&Self>) -> Option<QueryChange> {
        let failed = heard.and_then(|heard| heard.failed.as_ref());
        if let Some(error) = &self.failed {
            return (failed != Some(error)).then(|| QueryChange::Failed(error.clone()));
        }
        let rows = self.rows.as_deref()?;
        let Some((version, old)) = shown
            .and_then(|shown| Some((shown.version, shown.rows.as_deref()?)))
            .filter(|(_, old)| old.columns == rows.columns)
        else {
            return Some(QueryChange::Snapshot(self.snapshot(rows)));
        };
        let difference = match &self.step {
            _ if version == self.version && failed.is_none() => return None,
            _ if version == self.version => Difference::none(rows.more),
            Some(step) if version + 1 == self.version => Difference::clone(step),
            // The caller was slow.
            _ => Difference::between(old, &mut rows.clone()),
        };
        Some(QueryChange::Difference(difference))
    }

    fn snapshot(&self, rows: &Rows) -> Rows {
        Rows { collections: self.collections.clone(), seq: self.seq, ..rows.clone() }
    }
}
