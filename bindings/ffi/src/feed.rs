//! The change feed: every commit of a space, in order.

use std::sync::Arc;

use crate::{
    device::DeviceKind,
    error::Result,
    pull::{Pull, Source},
    runtime::run,
};

/// One commit.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Event {
    /// Its place in this device's feed; local, ascending, with gaps.
    pub seq: i64,
    /// The collection of the document that changed.
    pub collection: String,
    /// The id of the document that changed.
    pub id: String,
    /// The paths that changed.
    pub paths: Vec<String>,
    /// The id of the device that handed the change over: this one, or the peer it came from.
    pub device: String,
    /// What kind of device that is.
    pub kind: DeviceKind,
    /// Whether it was made here.
    pub origin: Origin,
    /// This device's clock at the commit, in milliseconds since 1970.
    pub time_ms: i64,
}

/// Where a change was made.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Origin {
    /// On this device.
    Local,
    /// On another one.
    Remote,
}

/// Follows the change feed; dropping it stops it.
#[derive(uniffi::Object)]
pub struct ChangeFeed {
    events: Pull<dunlin::ChangeFeed>,
    space: dunlin::Space,
    consumer: Option<String>,
}

impl ChangeFeed {
    pub(crate) fn shared(
        feed: dunlin::ChangeFeed,
        space: dunlin::Space,
        consumer: Option<String>,
    ) -> Arc<Self> {
        Arc::new(Self { events: Pull::new(feed), space, consumer })
    }
}

#[uniffi::export]
impl ChangeFeed {
    /// Waits for the next events, at most 256 of them, at least one; none once it was stopped or
    /// the node is shut down.
    ///
    /// Fails with `Corrupt` where the feed cannot be read.
    pub async fn next(&self) -> Result<Option<Vec<Event>>> {
        self.events.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.events.stop();
    }

    /// Remembers durably that everything up to `seq` has been dealt with; nothing for a feed
    /// without a consumer's name.
    ///
    /// Refuses with `InvalidInput` for a number that no change has, `Closed` after shutdown,
    /// `StorageFull`.
    pub async fn acknowledge(&self, seq: i64) -> Result<()> {
        // Not through the feed, which a waiting `next` holds.
        let (space, consumer) = (self.space.clone(), self.consumer.clone());
        run(async move {
            match consumer {
                Some(consumer) => space.acknowledge(&consumer, seq).await,
                None => Ok(()),
            }
        })
        .await
    }
}

impl Source for dunlin::ChangeFeed {
    type Item = Vec<Event>;

    async fn pull(&mut self) -> Result<Option<Vec<Event>>> {
        let events = self.next().await?;
        Ok(events.map(|events| events.into_iter().map(Event::from).collect()))
    }
}

impl From<dunlin::Event> for Event {
    fn from(event: dunlin::Event) -> Self {
        Self {
            seq: event.seq,
            collection: event.doc.collection.to_string(),
            id: event.doc.key.to_string(),
            paths: event.paths,
            device: event.device.to_string(),
            kind: event.kind.into(),
            origin: event.origin.into(),
            time_ms: event.time_ms,
        }
    }
}

impl From<dunlin::Origin> for Origin {
    fn from(origin: dunlin::Origin) -> Self {
        match origin {
            dunlin::Origin::Local => Self::Local,
            dunlin::Origin::Remote => Self::Remote,
        }
    }
}
