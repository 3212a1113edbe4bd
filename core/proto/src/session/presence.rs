//! What this device is about at the moment, on its way to the peer: the last word only.

use super::event::Presence;
use crate::frame::{Frame, Slot};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// What the peer has not been told yet; the inner none withdraws.
    waiting: Option<Option<Presence>>,
    /// Whether the peer holds something that could be withdrawn.
    told: bool,
    /// Whether it had the last turn.
    had_turn: bool,
}

impl Outbox {
    pub(super) fn set(&mut self, presence: Option<Presence>) {
        self.waiting = (presence.is_some() || self.told).then_some(presence);
    }

    /// The next frame, every other time at most: however often it changes, documents go on.
    pub(super) fn next_frame(&mut self, space: Slot) -> Option<Frame> {
        self.had_turn = !self.had_turn;
        if self.had_turn { self.take_frame(space) } else { None }
    }

    /// The next frame, where nothing else is to be sent.
    pub(super) fn take_frame(&mut self, space: Slot) -> Option<Frame> {
        let presence = self.waiting.take()?;
        self.told = presence.is_some();
        let (ttl_ms, state) = match presence {
            Some(Presence { ttl_ms, state }) => (ttl_ms, state.to_string()),
            None => (0, String::new()),
        };
        Some(Frame::Presence { space, ttl_ms, state })
    }
}
