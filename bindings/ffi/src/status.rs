//! How a node stands.

use std::sync::Arc;

use dunlin::Code;

use crate::{
    device::Device,
    error::{ErrorCode, Result},
    peers::PeerStatus,
    pull::{Pull, Source},
    space::Role,
};

/// How a node stands.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Status {
    /// This device.
    pub device: Device,
    /// Where other devices may reach it; empty while it does not sync.
    pub listen: Vec<String>,
    /// Its spaces, by id.
    pub spaces: Vec<SpaceStatus>,
    /// The peers met or dialled since sync was started; while it does not sync, those met before.
    pub peers: Vec<PeerStatus>,
    /// Why nobody can be found on the local network, if discovery does not work.
    pub discovery: Option<String>,
    /// What peers refused of ours and we of theirs, the latest last; at most 64.
    pub refusals: Vec<Refusal>,
}

/// How a space stands.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SpaceStatus {
    /// Its id.
    pub id: String,
    /// The name that all members see.
    pub name: String,
    /// This device's own name for it.
    pub alias: Option<String>,
    /// What this device may do here.
    pub role: Option<Role>,
    /// The number of documents that are not deleted.
    pub documents: u64,
    /// Hash over all documents, deleted ones too: equal on devices that hold the same.
    pub digest: String,
    /// The last commit.
    pub seq: i64,
    /// Whether all connected members have the same documents; false while none is connected.
    pub in_sync: bool,
    /// Documents that differ from a peer's although both gave everything.
    pub diverged: Vec<String>,
    /// Documents that differ from a peer's because there is no room for both, here or there.
    pub full: Vec<FullDocument>,
}

/// A document that differs from a peer's because the two together would outgrow a bound.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FullDocument {
    /// The document, as collection/id.
    pub document: String,
    /// The id of the peer.
    pub peer: String,
    /// Whether the peer's does not fit here; else this device's does not fit there.
    pub by_us: bool,
    /// What there would be too much of: bytes, writers or texts.
    pub measure: String,
    /// How much the side has that keeps the other's out.
    pub has: u64,
    /// How much it would have.
    pub needs: u64,
    /// The bound.
    pub bound: u64,
    /// What is largest here among what gives room when it is removed, the largest first.
    pub largest: Vec<Large>,
    /// What to do about it, in words.
    pub remedy: String,
}

/// Something large in a document.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Large {
    /// Where, as a JSON pointer.
    pub path: String,
    /// About how many bytes it takes.
    pub bytes: u64,
}

/// Something that one side handed over and the other did not take.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Refusal {
    /// The id of the other side.
    pub peer: String,
    /// The id of the space.
    pub space: String,
    /// The documents; none if it was about the device's membership.
    pub documents: Vec<String>,
    /// Whether this device refused, or was refused.
    pub by_us: bool,
    /// What kind of refusal it is: `Expired` for a membership by a ticket that is over, `Denied`,
    /// `LimitExceeded`.
    pub code: ErrorCode,
    /// Why, in words.
    pub reason: String,
}

/// Follows the status; dropping it stops it.
///
/// Changes that come while nobody asks are told as one.
#[derive(uniffi::Object)]
pub struct StatusWatch(Pull<dunlin::StatusWatch>);

impl StatusWatch {
    pub(crate) fn shared(watch: dunlin::StatusWatch) -> Arc<Self> {
        Arc::new(Self(Pull::new(watch)))
    }
}

#[uniffi::export]
impl StatusWatch {
    /// How the node stands: the first time at once, then each time that it has changed; none once
    /// it was stopped or the node is shut down. While the node is suspended it waits.
    ///
    /// Fails with `Corrupt` where a document cannot be read; another call goes on.
    pub async fn next(&self) -> Result<Option<Status>> {
        self.0.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Source for dunlin::StatusWatch {
    type Item = Status;

    async fn pull(&mut self) -> Result<Option<Status>> {
        Ok(self.next().await.transpose()?.map(Status::from))
    }
}

impl From<dunlin::Status> for Status {
    fn from(status: dunlin::Status) -> Self {
        Self {
            device: (&status.device).into(),
            listen: status.listen.iter().map(ToString::to_string).collect(),
            spaces: status.spaces.into_iter().map(SpaceStatus::from).collect(),
            peers: status.peers.into_iter().map(PeerStatus::from).collect(),
            discovery: status.discovery,
            refusals: status.refusals.into_iter().map(Refusal::from).collect(),
        }
    }
}

impl From<dunlin::SpaceStatus> for SpaceStatus {
    fn from(space: dunlin::SpaceStatus) -> Self {
        Self {
            id: space.id.to_string(),
            name: space.name,
            alias: space.alias,
            role: space.role.map(Role::from),
            documents: space.documents,
            digest: space.digest,
            seq: space.seq,
            in_sync: space.in_sync,
            diverged: space.diverged.iter().map(ToString::to_string).collect(),
            full: space.full.into_iter().map(FullDocument::from).collect(),
        }
    }
}

impl From<dunlin::FullDocument> for FullDocument {
    fn from(full: dunlin::FullDocument) -> Self {
        let large =
            |large: &dunlin::Large| Large { path: large.path.to_string(), bytes: large.bytes };
        Self {
            document: full.document.to_string(),
            peer: full.peer.to_string(),
            by_us: full.by_us,
            measure: full.measure.as_str().to_owned(),
            has: full.has,
            needs: full.needs,
            bound: full.bound,
            largest: full.largest.iter().map(large).collect(),
            remedy: full.remedy(),
        }
    }
}

impl From<dunlin::Refusal> for Refusal {
    fn from(refusal: dunlin::Refusal) -> Self {
        Self {
            peer: refusal.peer.to_string(),
            space: refusal.space.to_string(),
            documents: refusal.documents.iter().map(ToString::to_string).collect(),
            by_us: refusal.by_us,
            code: Code::from(refusal.code).into(),
            reason: refusal.code.to_string(),
        }
    }
}
