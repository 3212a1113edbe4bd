//! Finding common spaces without naming them: a tag for each secret, bound to this connection.

use dunlin_model::DeviceId;

use super::event::{Config, SpaceAccess};
use crate::{
    frame::{Frame, OLDEST_REVISION, REVISION, Slot, TAG_BYTES},
    limits::{MAX_TAGS, TAG_SLOTS},
};

type Tag = [u8; TAG_BYTES];

/// This side's tags, each with the space it stands for; none for padding. Sorted, so that their
/// order tells nothing.
pub(super) struct Tags(Vec<(Tag, Option<usize>)>);

impl Tags {
    pub(super) fn new(config: &Config) -> Self {
        let epochs = config.spaces.iter().map(|space| space.secrets.len()).max().unwrap_or(0);
        let by_epoch = (0..epochs).flat_map(|epoch| {
            config.spaces.iter().enumerate().filter_map(move |(index, space)| {
                let secret = space.secrets.get(epoch)?;
                Some((tag(config, secret, true), Some(index)))
            })
        });
        let mut tags: Vec<_> = by_epoch.take(MAX_TAGS).collect();
        let mut padding = blake3::Hasher::new_derive_key("dunlin 2026 hello padding v1");
        let mut padding = padding.update(&config.random).finalize_xof();
        let slots = tags.len().next_multiple_of(TAG_SLOTS).clamp(TAG_SLOTS, MAX_TAGS);
        while tags.len() < slots {
            let mut random = [0; TAG_BYTES];
            padding.fill(&mut random);
            tags.push((random, None));
        }
        tags.sort_unstable();
        Self(tags)
    }

    pub(super) fn frame(&self) -> Frame {
        let tags = self.0.iter().flat_map(|(tag, _)| *tag).collect();
        Frame::Hello { revision: REVISION, oldest: OLDEST_REVISION, tags }
    }

    /// The space that the peer means by this number.
    pub(super) fn space(&self, slot: Slot) -> Option<usize> {
        self.0.get(usize::from(slot))?.1
    }
}

/// The number by which the peer knows this space: the place of one of our secrets among its tags.
pub(super) fn slot_of(config: &Config, space: &SpaceAccess, peer_tags: &[u8]) -> Option<Slot> {
    let (peer_tags, _) = peer_tags.as_chunks::<TAG_BYTES>();
    space.secrets.iter().take(MAX_TAGS).find_map(|secret| {
        let expected = tag(config, secret, false);
        // A tag is used once and guards no secret that timing could reveal byte by byte: both
        // sides of the comparison are fresh with each connection.
        let place = peer_tags.iter().position(|tag| *tag == expected)?;
        Slot::try_from(place).ok()
    })
}

/// MAC(secret, sender is dialer ‖ sender ‖ receiver ‖ TLS exporter).
fn tag(config: &Config, secret: &[u8; 32], ours: bool) -> Tag {
    let key = blake3::derive_key("dunlin 2026 hello tag v1", secret);
    let (from, to): (DeviceId, DeviceId) =
        if ours { (config.local, config.peer) } else { (config.peer, config.local) };
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&[u8::from(config.dialer == ours)]);
    hasher.update(from.as_bytes());
    hasher.update(to.as_bytes());
    hasher.update(&config.exporter);
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&hasher.finalize().as_bytes()[..TAG_BYTES]);
    tag
}
