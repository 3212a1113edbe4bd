//! How a node stands.

use crate::{device::Device, peers::PeerStatus, space::Role};

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
    /// Why, in words.
    pub reason: String,
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
            reason: refusal.code.to_string(),
        }
    }
}
