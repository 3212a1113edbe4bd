//! How a node stands, for people and scripts.

use std::net::SocketAddr;

use dunlin_model::{DeviceId, DocHash, DocId, Large, Measure, NoRoom, SpaceId};
use dunlin_proto::{error::RefuseCode, session::SetAside, trust::Role};
use dunlin_store::KnownPeer;

use super::{Sync, hub::Hub};
use crate::{
    engine::{Full, Overview},
    error::Result,
    node::{Core, Device},
};

/// How a node stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Status {
    /// This device.
    pub device: Device,
    /// Where other devices may reach it; empty while it does not sync.
    pub listen: Vec<SocketAddr>,
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
#[derive(Clone, PartialEq, Debug)]
pub struct SpaceStatus {
    /// Its id.
    pub id: SpaceId,
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
    /// Documents that differ from a peer's although both gave everything: two writers used one
    /// identity, for instance a copied directory.
    pub diverged: Vec<DocId>,
    /// Documents that differ from a peer's because there is no room for both, here or there.
    pub full: Vec<FullDocument>,
}

/// A document that differs from a peer's because the two together would outgrow a bound. Nobody is
/// to blame, and all other documents go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FullDocument {
    /// The document.
    pub document: DocId,
    /// The peer.
    pub peer: DeviceId,
    /// Whether the peer's does not fit here; else this device's does not fit there.
    pub by_us: bool,
    /// What there would be too much of.
    pub measure: Measure,
    /// How much the side has that keeps the other's out.
    pub has: u64,
    /// How much it would have.
    pub needs: u64,
    /// The bound.
    pub bound: u64,
    /// What is largest here among what gives room when it is removed, the largest first.
    pub largest: Vec<Large>,
}

impl FullDocument {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match (self.measure, self.largest.first()) {
            (Measure::Bytes, Some(large)) => format!(
                "remove what is large, here or there, for instance {}, until both fit together",
                large.path
            ),
            (Measure::Bytes, None) => {
                "nothing large is left here to remove: make room there, or re-found it".to_owned()
            }
            (Measure::Writers | Measure::Texts, _) => {
                "re-found it: removing gives no room, begin it anew from its present content"
                    .to_owned()
            }
        }
    }
}

/// How a peer stands.
#[derive(Clone, PartialEq, Debug)]
pub struct PeerStatus {
    /// The device; unknown for an address that never answered.
    pub device: Option<DeviceId>,
    /// What it calls itself, if it is a member of a space here.
    pub name: Option<String>,
    /// Whether it is connected.
    pub state: PeerState,
    /// Where it is, or was last; for a peer on a link what stands for it, see
    /// [`is_link_address`](crate::link::is_link_address).
    pub address: SocketAddr,
    /// Whether everything that may flow between the two devices has flowed.
    pub settled: bool,
    /// Whether that is so and no document is left that does not fit at one of them.
    pub in_sync: bool,
    /// The spaces in common.
    pub spaces: Vec<SpaceId>,
    /// Why it is not connected.
    pub reason: Option<String>,
}

/// Whether a peer is connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeerState {
    /// A connection stands, and the spaces in common are not known yet.
    Greeting,
    /// Connected.
    Connected,
    /// Not connected; dialled again from time to time.
    Disconnected,
}

impl PeerState {
    /// `greeting`, `connected` or `disconnected`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

/// Something that one side handed over and the other did not take.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// The other side.
    pub peer: DeviceId,
    /// The space.
    pub space: SpaceId,
    /// The documents; none if it was about the device's membership.
    pub documents: Vec<DocId>,
    /// Whether this device refused, or was refused.
    pub by_us: bool,
    /// Why; as a [`Code`](crate::Code), a ticket that is over is `Expired`.
    pub code: RefuseCode,
}

impl Status {
    pub(crate) async fn gather(core: &Core, sync: Option<&Sync>) -> Result<Self> {
        let mut spaces = Vec::new();
        for space in core.spaces() {
            let suspects = sync.map(|sync| sync.hub().suspects(&space.id)).unwrap_or_default();
            let aside = sync.map(|sync| sync.hub().aside(&space.id)).unwrap_or_default();
            let mut full: Vec<DocHash> =
                aside.iter().map(|(_, aside)| aside.kept_out.document).collect();
            full.sort_unstable();
            full.dedup();
            let overview = space.engine().overview(suspects, full).await?;
            let Overview { documents, fingerprint, seq, diverged, full } = overview;
            let names = space.names();
            spaces.push(SpaceStatus {
                id: space.id,
                name: names.name,
                alias: names.alias,
                role: space.roster().role(core.device.id),
                documents,
                digest: fingerprint.to_string(),
                seq,
                in_sync: sync.is_some_and(|sync| sync.hub().is_in_sync(&space.id)),
                diverged,
                full: describe(&aside, &full),
            });
        }
        Ok(Self {
            device: core.device.clone(),
            listen: core.listen(),
            spaces,
            peers: PeerStatus::gather(core, sync).await,
            discovery: sync.and_then(|sync| sync.hub().reports().discovery.clone()),
            refusals: sync.map(|sync| sync.hub().refusals()).unwrap_or_default(),
        })
    }
}

impl PeerStatus {
    /// The peers as a sync sees them; without one, those that were met before.
    pub(crate) async fn gather(core: &Core, sync: Option<&Sync>) -> Vec<Self> {
        if let Some(sync) = sync {
            return sync.peers();
        }
        // A node that was shut down has none.
        let known = core.with_dir(|dir| Ok(dir.peers()?)).await.unwrap_or_default();
        let mut peers: Vec<Self> = Vec::new();
        for KnownPeer { device, address, .. } in known {
            let is_new = !peers.iter().any(|peer| peer.device == Some(device));
            if let (true, Ok(address)) = (is_new, address.parse()) {
                peers.push(Self::absent(core, Some(device), address, "this node does not sync"));
            }
        }
        peers
    }

    fn absent(core: &Core, device: Option<DeviceId>, address: SocketAddr, reason: &str) -> Self {
        Self {
            device,
            name: device.and_then(|device| core.member_name(device)),
            state: PeerState::Disconnected,
            address,
            settled: false,
            in_sync: false,
            spaces: Vec::new(),
            reason: Some(reason.to_owned()),
        }
    }
}

impl Hub {
    pub(super) fn peers(&self) -> Vec<PeerStatus> {
        let mut peers: Vec<PeerStatus> = self
            .links()
            .iter()
            .map(|link| {
                let spaces: Vec<SpaceId> = link.standing().keys().copied().collect();
                let is_greeting = spaces.is_empty();
                PeerStatus {
                    device: Some(link.peer()),
                    name: self.core.member_name(link.peer()),
                    state: match is_greeting {
                        true => PeerState::Greeting,
                        false => PeerState::Connected,
                    },
                    address: link.address(),
                    settled: link.is_all_settled(),
                    in_sync: link.is_all_in_sync(),
                    spaces,
                    reason: None,
                }
            })
            .collect();
        let reports = self.reports();
        for (device, past) in &reports.past {
            if !peers.iter().any(|peer| peer.device == Some(*device)) {
                let (device, reason) = (Some(*device), &past.reason);
                peers.push(PeerStatus::absent(&self.core, device, past.address, reason));
            }
        }
        for (address, reason) in &reports.dialled {
            if !peers.iter().any(|peer| peer.address == *address) {
                peers.push(PeerStatus::absent(&self.core, None, *address, reason));
            }
        }
        peers
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        self.reports().refusals.iter().cloned().collect()
    }

    /// Documents of a space that a peer and this device could not bring to the same digest.
    pub(super) fn suspects(&self, space: &SpaceId) -> Vec<dunlin_model::DocHash> {
        let reports = self.reports();
        reports.diverged.get(space).into_iter().flatten().copied().collect()
    }

    /// What does not fit here or at a peer, with the peer.
    fn aside(&self, space: &SpaceId) -> Vec<(DeviceId, SetAside)> {
        let reports = self.reports();
        let of_space = reports.aside.iter().filter(|((of, _), _)| of == space);
        let with_peer = |((_, peer), aside): (&(SpaceId, DeviceId), &Vec<SetAside>)| {
            let peer = *peer;
            aside.clone().into_iter().map(move |aside| (peer, aside))
        };
        of_space.flat_map(with_peer).collect()
    }

    /// Whether all connected members have the same documents as this device.
    pub(super) fn is_in_sync(&self, space: &SpaceId) -> bool {
        let links = self.links();
        let mut members =
            links.iter().filter(|link| link.standing().contains_key(space)).peekable();
        members.peek().is_some() && members.all(|link| link.is_in_sync(space))
    }
}

/// Joins what a session says of documents that do not fit and what the engine knows of them.
fn describe(aside: &[(DeviceId, SetAside)], full: &[Full]) -> Vec<FullDocument> {
    let describe = |(peer, SetAside { kept_out, by_us }): &(DeviceId, SetAside)| {
        let known = full.iter().find(|full| full.document.hash() == kept_out.document)?;
        let NoRoom { measure, has, needs, bound } = kept_out.no_room;
        Some(FullDocument {
            document: known.document.clone(),
            peer: *peer,
            by_us: *by_us,
            measure,
            has,
            needs,
            bound,
            largest: known.largest.clone(),
        })
    };
    aside.iter().filter_map(describe).collect()
}
