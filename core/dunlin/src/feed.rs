//! The change feed: every commit of a space, in order.

use dunlin_model::{DeviceId, DocId};
use tokio::sync::watch;

use crate::{
    DeviceKind,
    engine::{EngineHandle, Heads, is_away},
    error::Result,
};

/// Events that one call hands out, unless a transaction goes on behind them.
const BATCH: usize = 256;

/// One commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in this device's feed; local, ascending, with gaps.
    pub seq: i64,
    /// The document that changed.
    pub doc: DocId,
    /// The paths that changed.
    pub paths: Vec<String>,
    /// Who handed the change over: this device, or the peer it came from.
    pub device: DeviceId,
    /// What kind of device that is.
    pub kind: DeviceKind,
    /// Whether it was made here.
    pub origin: Origin,
    /// This device's clock at the commit, in milliseconds since 1970.
    pub time_ms: i64,
}

/// Where a change was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// On this device.
    Local,
    /// On another one.
    Remote,
}

impl Origin {
    /// `local` or `remote`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// Follows the change feed; dropping it stops it.
///
/// A feed with a consumer's name starts after what that consumer last acknowledged, and again
/// there after a crash. Nothing is pushed: the next batch is read when it is asked for, so a slow
/// consumer costs no memory.
pub struct ChangeFeed {
    engine: EngineHandle,
    heads: watch::Receiver<Heads>,
    consumer: Option<String>,
    after: i64,
}

impl ChangeFeed {
    pub(crate) fn new(engine: EngineHandle, consumer: Option<String>, after: i64) -> Self {
        let heads = engine.outlets().heads();
        Self { engine, heads, consumer, after }
    }

    /// Waits for the next events, at least one, and while the node is suspended; none once it is
    /// shut down. At most 256 of them, and the rest of the transaction of which the last is a part.
    ///
    /// # Errors
    /// `Corrupt` where the feed cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>> {
        loop {
            let after = self.after;
            let is_next = |heads: &Heads| heads.closed || !heads.suspended && heads.seq > after;
            let changed = self.heads.wait_for(is_next);
            let Some(head) = changed.await.ok().filter(|heads| !heads.closed).map(|h| h.seq) else {
                return Ok(None);
            };
            let events = match self.read(BATCH).await {
                Err(error) if is_away(&error) => continue,
                events => events?,
            };
            if !events.is_empty() {
                return Ok(Some(events));
            }
            self.after = head;
        }
    }

    /// The events that are there already, possibly none: at most `limit`, and the rest of the
    /// transaction of which the last is a part.
    ///
    /// # Errors
    /// `Closed` after shutdown, `Corrupt` where the feed cannot be read.
    pub async fn read(&mut self, limit: usize) -> Result<Vec<Event>> {
        let after = self.after;
        let rows = self.engine.call(move |engine| Ok(engine.store.changes(after, limit)?)).await?;
        if let Some(last) = rows.last() {
            self.after = last.seq;
        }
        Ok(rows.into_iter().map(Event::from).collect())
    }

    /// Remembers durably that everything up to `seq` has been dealt with; nothing for a feed
    /// without a consumer's name.
    ///
    /// # Errors
    /// `Closed` after shutdown, `StorageFull`.
    pub async fn acknowledge(&self, seq: i64) -> Result<()> {
        match &self.consumer {
            Some(consumer) => self.engine.acknowledge(consumer.clone(), seq).await,
            None => Ok(()),
        }
    }
}

impl From<dunlin_store::ChangeRow> for Event {
    fn from(row: dunlin_store::ChangeRow) -> Self {
        let dunlin_store::Change { paths, device, kind, origin, time_ms } = row.change;
        let origin = match origin {
            dunlin_store::Origin::Local => Origin::Local,
            dunlin_store::Origin::Remote => Origin::Remote,
        };
        Self { seq: row.seq, doc: row.doc, paths, device, kind, origin, time_ms }
    }
}
