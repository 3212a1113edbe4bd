//! One connection as a state machine, for all spaces that the two sides have in common.
//!
//! The host feeds in frames, its own answers and the time, and carries out the effects that come
//! out. In a loop it
//!
//! 1. takes effects with [`Session::poll_effect`] until there are none, and carries them out: a
//!    `Send` before it takes the next one, so `writable` says whether a frame can be written now;
//! 2. waits for whichever comes first: a frame, if [`Session::is_ready_for_frame`], of at most
//!    [`Session::max_frame_bytes`] (asked anew for each frame); an answer to an effect; a change
//!    committed here; room to write; the time of [`Session::next_timeout`];
//! 3. hands it in and starts over.
//!
//! Effects that need an answer get exactly one, in any order between kinds; `Apply` effects are
//! answered in the order in which they came out.

mod aside;
mod door;
mod event;
mod hello;
mod incoming;
mod live;
mod outgoing;
mod presence;
mod run;
mod space;

use std::sync::Arc;

use dunlin_model::{DeviceId, Digest, DocHash, DocId, SpaceId};

pub use event::{
    Config, DocUpdate, Effect, Held, Outcome, Presence, SetAside, SpaceAccess, SpaceStatus,
    Summary, Want,
};

use self::{
    hello::Tags,
    space::{Out, Space},
};
use crate::{
    error::{CloseCode, FrameError, PeerMisbehaved},
    frame::{Frame, OLDEST_REVISION, REVISION, Slot},
    limits::{
        ANSWER_MS, INTRODUCTION_MS, MAX_FRAME_BYTES, MAX_HELLO_BYTES, MAX_INTRODUCTION_BYTES,
    },
};

/// The state of one connection.
pub struct Session {
    config: Config,
    tags: Tags,
    phase: Phase,
    /// One for each space of the config; none where the peer does not know the secret.
    spaces: Vec<Option<Space>>,
    out: Out,
    started: u64,
    /// When something was last heard or sent.
    active: u64,
    /// Which space sends next.
    turn: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Hello,
    Running,
    Closed,
}

impl Session {
    /// Begins on a finished handshake; `now` is in milliseconds of any clock that only goes
    /// forward, the same for all calls.
    pub fn new(config: Config, now: u64) -> Self {
        let tags = Tags::new(&config);
        let mut out = Out::at(now);
        if config.dialer {
            // The other side answers only if a tag matches: a prober learns nothing.
            out.send(&tags.frame());
        }
        let spaces = config.spaces.iter().map(|_| None).collect();
        let phase = Phase::Hello;
        Self { config, tags, phase, spaces, out, started: now, active: now, turn: 0 }
    }

    /// Takes the next thing to do; `Send` only while `writable`.
    pub fn poll_effect(&mut self, writable: bool) -> Option<Effect> {
        if let Some(effect) = self.out.effects.pop_front() {
            return Some(effect);
        }
        if !writable || self.phase == Phase::Closed {
            return None;
        }
        if !self.out.has_frames() {
            self.produce_frame();
        }
        self.out.take_frame().map(Effect::Send)
    }

    /// Takes a frame from the peer.
    ///
    /// # Errors
    /// What the peer did wrong; the session is over and a `Close` effect waits.
    pub fn handle_frame(&mut self, frame: &[u8], now: u64) -> Result<(), PeerMisbehaved> {
        if self.phase == Phase::Closed {
            return Ok(());
        }
        (self.active, self.out.now) = (now, now);
        let result = self.dispatch(frame, now);
        self.conclude(result)
    }

    /// Updates were committed here, as one if there are several: an edit of our own, or something that
    /// another peer handed over, but nothing that came from this peer.
    pub fn local_change(&mut self, space: &SpaceId, updates: &[DocUpdate]) {
        if let Some((space, out)) = self.find(space) {
            space.local_change(updates, out);
        }
    }

    /// The roster grew elsewhere: another session, or a statement made here.
    pub fn statements_added(&mut self, space: &SpaceId, statements: &[Arc<[u8]>]) {
        match self.find(space) {
            Some((space, out)) => {
                space.statements_added(statements, out);
                space.advance(out);
            }
            // Before the hello, the roster is the config's.
            None => {
                let known = self.config.spaces.iter_mut().find(|a| a.roster.space() == *space);
                if let Some(access) = known {
                    for bytes in statements {
                        // What does not stand here does not stand in the host's roster either.
                        let _ = access.roster.add(bytes);
                    }
                }
            }
        }
    }

    /// This device is about something else at the moment, or about nothing that it tells. Of what
    /// the peer could not be told yet, only the last counts. Not remembered from before the hello.
    pub fn set_presence(&mut self, space: &SpaceId, presence: Option<Presence>) {
        if let Some((space, _)) = self.find(space) {
            space.presence.set(presence);
        }
    }

    /// Starts another reconciliation, for instance after the host found a reason to doubt; costs
    /// a constant number of bytes if nothing differs.
    pub fn reconcile(&mut self, space: &SpaceId) {
        if let Some((space, out)) = self.find(space) {
            space.run.again();
            space.advance(out);
        }
    }

    /// Answers `NeedSummary`: count and fingerprint of the space's documents.
    pub fn handle_summary(&mut self, space: &SpaceId, summary: Summary) {
        if let Some((space, out)) = self.find(space) {
            space.summary(summary, out);
            space.advance(out);
        }
    }

    /// Answers `NeedItems`: all documents of the space at their digests.
    ///
    /// # Errors
    /// As [`handle_frame`](Self::handle_frame): the peer's first message waited for this.
    pub fn handle_items(
        &mut self,
        space: &SpaceId,
        items: Vec<(DocHash, Digest)>,
    ) -> Result<(), PeerMisbehaved> {
        let Some((space, out)) = self.find(space) else { return Ok(()) };
        let result = space.items(items, out);
        space.advance(out);
        self.conclude(result)
    }

    /// Answers `NeedVectors`: what is held of each document, in the order asked.
    pub fn handle_vectors(&mut self, space: &SpaceId, held: Vec<Held>) {
        if let Some((space, out)) = self.find(space) {
            space.on_vectors(held, out);
            space.advance(out);
        }
    }

    /// Answers `NeedDiffs`: for the first of the documents asked for, in that order, the diff with
    /// this replica's state vector; none where there is no such document.
    pub fn handle_diffs(&mut self, space: &SpaceId, diffs: Vec<Option<DocUpdate>>) {
        if let Some((space, out)) = self.find(space) {
            space.outgoing.answer(diffs);
            space.advance(out);
        }
    }

    /// Answers the oldest unanswered `Apply` of this space: one outcome for each update, in order.
    ///
    /// # Errors
    /// As [`handle_frame`](Self::handle_frame): an update was malformed.
    pub fn handle_applied(
        &mut self,
        space: &SpaceId,
        outcomes: Vec<(DocId, Outcome)>,
    ) -> Result<(), PeerMisbehaved> {
        let Some((space, out)) = self.find(space) else { return Ok(()) };
        let result = space.on_applied(outcomes, out);
        space.advance(out);
        self.conclude(result)
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called if nothing happens before.
    pub fn next_timeout(&self) -> Option<u64> {
        let retry = self.open_spaces().filter_map(Space::retry_due).min();
        self.overdue().into_iter().chain(retry).min()
    }

    /// When a peer that owes something counts as gone.
    fn overdue(&self) -> Option<u64> {
        if self.phase == Phase::Closed {
            return None;
        }
        if !self.is_introduced() {
            return Some(self.started.saturating_add(INTRODUCTION_MS));
        }
        let awaits = self.open_spaces().any(Space::awaits_peer);
        awaits.then(|| self.active.saturating_add(ANSWER_MS))
    }

    /// Closes the connection if the peer is overdue, and tries again what did not fit; may be
    /// called at any time.
    pub fn handle_timeout(&mut self, now: u64) {
        self.out.now = now;
        if self.overdue().is_some_and(|due| now >= due) {
            let reason = if self.is_introduced() { "no answer" } else { "no introduction" };
            return self.close(CloseCode::Timeout, reason.to_owned());
        }
        for space in self.spaces.iter_mut().flatten() {
            space.retry(&mut self.out);
        }
    }

    /// Notes that a frame was written: a peer that still takes frames is not overdue.
    pub fn frame_written(&mut self, now: u64) {
        (self.active, self.out.now) = (now, now);
    }

    /// Longest frame that the peer may send now, in bytes.
    pub fn max_frame_bytes(&self) -> usize {
        match self.phase {
            Phase::Hello | Phase::Closed => MAX_HELLO_BYTES,
            Phase::Running if self.open_spaces().any(|space| space.door.peer_role.is_some()) => {
                MAX_FRAME_BYTES
            }
            Phase::Running => MAX_INTRODUCTION_BYTES,
        }
    }

    /// Whether the next frame should be read: not while the host has much to apply. The peer's
    /// progress never depends on ours, so waiting here cannot lock both sides.
    pub fn is_ready_for_frame(&self) -> bool {
        self.phase != Phase::Closed && !self.open_spaces().any(|s| s.incoming.is_saturated())
    }

    /// The device at the other end.
    pub fn peer(&self) -> DeviceId {
        self.config.peer
    }

    /// How far the session is with a space; none if the two sides do not have it in common.
    pub fn status(&self, space: &SpaceId) -> Option<SpaceStatus> {
        self.open_spaces().find(|open| open.id == *space).map(Space::status)
    }

    fn dispatch(&mut self, bytes: &[u8], now: u64) -> Result<(), PeerMisbehaved> {
        if bytes.len() > self.max_frame_bytes() {
            return Err(FrameError::TooLong { length: bytes.len() }.into());
        }
        let frame = Frame::decode(bytes)?;
        if self.phase == Phase::Hello {
            let Some(Frame::Hello { revision, oldest, tags }) = frame else {
                return Err(PeerMisbehaved::Unexpected("something before the hello"));
            };
            self.on_hello(revision, oldest, &tags);
            return Ok(());
        }
        // A type of a later revision.
        let Some(frame) = frame else { return Ok(()) };
        let wall_ms =
            self.config.wall_clock_ms.saturating_add_unsigned(now.saturating_sub(self.started));
        let Some(slot) = slot(&frame) else {
            return Err(PeerMisbehaved::Unexpected("a second hello"));
        };
        let space = self.tags.space(slot).and_then(|index| self.spaces[index].as_mut());
        let space = space.ok_or(PeerMisbehaved::UnknownSpace)?;
        space.handle(frame, wall_ms, &mut self.out)?;
        space.advance(&mut self.out);
        if self.out.is_overfull() {
            return Err(PeerMisbehaved::TooMany("answers left unread"));
        }
        self.leave_if_unwanted();
        Ok(())
    }

    fn on_hello(&mut self, revision: u16, oldest: u16, tags: &[u8]) {
        if revision < OLDEST_REVISION || oldest > REVISION {
            let reason = format!("the peer speaks revisions {oldest} to {revision}");
            return self.close(CloseCode::Version, reason);
        }
        let Config { local, peer, .. } = self.config;
        for (space, access) in self.spaces.iter_mut().zip(&self.config.spaces) {
            *space = hello::slot_of(&self.config, access, tags)
                .map(|slot| Space::new(access.roster.clone(), local, peer, slot));
        }
        if self.open_spaces().next().is_none() {
            return self.close(CloseCode::Stranger, "no space in common".to_owned());
        }
        // Each space has its own roster from here on, and the secrets have done their work.
        self.config.spaces = Vec::new();
        self.phase = Phase::Running;
        if !self.config.dialer {
            self.out.send(&self.tags.frame());
        }
        for space in self.spaces.iter_mut().flatten() {
            space.greet(&mut self.out);
        }
    }

    /// Takes a frame from the next space that has one.
    fn produce_frame(&mut self) {
        let count = self.spaces.len();
        for offset in 0..count {
            let index = (self.turn + offset) % count;
            let Some(space) = &mut self.spaces[index] else { continue };
            if let Some(frame) = space.next_frame() {
                self.out.send(&frame);
                space.advance(&mut self.out);
                self.turn = (index + 1) % count;
                return;
            }
        }
    }

    /// Leaves when the peer has refused this device in every space.
    fn leave_if_unwanted(&mut self) {
        if self.open_spaces().all(|space| space.door.refused_by_peer) {
            self.close(CloseCode::Stranger, "the peer admits this device to no space".to_owned());
        }
    }

    fn conclude(&mut self, result: Result<(), PeerMisbehaved>) -> Result<(), PeerMisbehaved> {
        if let Err(misbehaved) = &result {
            self.close(CloseCode::Misbehaved, misbehaved.to_string());
        }
        result
    }

    fn close(&mut self, code: CloseCode, reason: String) {
        self.phase = Phase::Closed;
        self.out.clear_frames();
        self.spaces.clear();
        self.out.effect(Effect::Close { code, reason });
    }

    fn is_introduced(&self) -> bool {
        self.open_spaces().any(Space::is_introduced)
    }

    fn open_spaces(&self) -> impl Iterator<Item = &Space> {
        self.spaces.iter().flatten()
    }

    fn find(&mut self, id: &SpaceId) -> Option<(&mut Space, &mut Out)> {
        let space = self.spaces.iter_mut().flatten().find(|space| space.id == *id)?;
        Some((space, &mut self.out))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("peer", &self.config.peer)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

fn slot(frame: &Frame) -> Option<Slot> {
    match frame {
        Frame::Hello { .. } => None,
        Frame::Ask { space }
        | Frame::Present { space, .. }
        | Frame::Open { space, .. }
        | Frame::Have { space, .. }
        | Frame::Statements { space, .. }
        | Frame::Summary { space, .. }
        | Frame::Reconcile { space, .. }
        | Frame::Want { space, .. }
        | Frame::Docs { space, .. }
        | Frame::Chunk { space, .. }
        | Frame::Push { space, .. }
        | Frame::Unit { space, .. }
        | Frame::Offer { space, .. }
        | Frame::Done { space, .. }
        | Frame::Refuse { space, .. }
        | Frame::Presence { space, .. }
        | Frame::NoRoom { space, .. } => Some(*space),
    }
}
