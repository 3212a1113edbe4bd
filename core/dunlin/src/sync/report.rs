//! What `status` tells of peers beyond the connections of the moment.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
};

use dunlin_model::{DeviceId, DocHash, SpaceId};
use dunlin_proto::session::SetAside;

use super::{connection::Ended, status::Refusal};

/// Refusals that are remembered; the oldest go first.
const MAX_REFUSALS: usize = 64;
/// Peers and addresses that are remembered.
const MAX_REMEMBERED: usize = 256;
/// Documents that are told to be set aside with one peer in one space.
const MAX_ASIDE: usize = 64;
/// Diverged documents that are remembered of one space.
const MAX_DIVERGED: usize = 256;

/// What happened since sync was started; bounded, whatever peers do.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) past: BTreeMap<DeviceId, Past>,
    pub(super) dialled: BTreeMap<SocketAddr, String>,
    pub(super) refusals: VecDeque<Refusal>,
    /// Why nobody can be found on the network, if that is so.
    pub(super) discovery: Option<String>,
    pub(super) diverged: BTreeMap<SpaceId, BTreeSet<DocHash>>,
    /// What does not fit here or at a peer, as the last exchange with it left it.
    pub(super) aside: BTreeMap<(SpaceId, DeviceId), Vec<SetAside>>,
}

/// A peer that is not connected.
#[derive(Clone)]
pub(super) struct Past {
    pub(super) address: SocketAddr,
    pub(super) reason: String,
}

impl Reports {
    pub(super) fn ended(&mut self, device: DeviceId, address: SocketAddr, ended: &Ended) {
        let (Ended::Lost(reason) | Ended::Unwelcome(reason)) = ended else { return };
        if self.past.len() < MAX_REMEMBERED || self.past.contains_key(&device) {
            self.past.insert(device, Past { address, reason: reason.clone() });
        }
    }

    pub(super) fn dial_failed(&mut self, address: SocketAddr, reason: String) {
        if self.dialled.len() < MAX_REMEMBERED || self.dialled.contains_key(&address) {
            self.dialled.insert(address, reason);
        }
    }

    pub(super) fn met(&mut self, address: SocketAddr) {
        self.dialled.remove(&address);
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        if self.refusals.back() == Some(&refusal) {
            return;
        }
        if self.refusals.len() == MAX_REFUSALS {
            self.refusals.pop_front();
        }
        self.refusals.push_back(refusal);
    }

    pub(super) fn diverged(&mut self, space: SpaceId, documents: Vec<DocHash>) {
        let known = self.diverged.entry(space).or_default();
        let room = MAX_DIVERGED.saturating_sub(known.len());
        known.extend(documents.into_iter().take(room));
    }

    /// What is set aside with a peer from here on.
    pub(super) fn set_aside(&mut self, space: SpaceId, peer: DeviceId, mut aside: Vec<SetAside>) {
        aside.truncate(MAX_ASIDE);
        match aside.is_empty() {
            true => drop(self.aside.remove(&(space, peer))),
            false => drop(self.aside.insert((space, peer), aside)),
        }
    }

    /// The two sides were equal: nothing of the space is diverged any more, or set aside with this
    /// peer.
    pub(super) fn equal(&mut self, space: &SpaceId, peer: DeviceId) {
        self.diverged.remove(space);
        self.aside.remove(&(*space, peer));
    }
}
