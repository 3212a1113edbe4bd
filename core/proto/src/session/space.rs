//! One space on one connection: who is let in, and the frames that pass between members.

use std::{collections::VecDeque, sync::Arc};

use dunlin_model::{DeviceId, DocHash, SpaceId};

use super::{
    door::Door,
    event::{DocUpdate, Effect, Held, Outcome, Presence, SetAside, SpaceStatus, Summary},
    incoming::{self, Incoming},
    live::{Live, Told},
    outgoing::{Outgoing, push_content},
    presence::Outbox,
    run::Run,
};
use crate::{
    error::{PeerMisbehaved, RefuseCode},
    frame::{Content, Frame, KeptOut, Slot, WantEntry},
    limits::{BATCH_BYTES, MAX_REFUSALS, MAX_UNSENT_BYTES},
    trust::{Role, Roster},
};

/// Bookkeeping of one waiting frame, in bytes.
const FRAME_OVERHEAD: usize = 64;

/// What a step of the state machine puts out.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) effects: VecDeque<Effect>,
    /// The time of the event that is being handled, or of the last one that told it.
    pub(super) now: u64,
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Out {
    pub(super) fn at(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    pub(super) fn send(&mut self, frame: &Frame) {
        let frame = frame.encode();
        self.bytes += frame.len() + FRAME_OVERHEAD;
        self.frames.push_back(frame);
    }

    pub(super) fn take_frame(&mut self) -> Option<Vec<u8>> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len() + FRAME_OVERHEAD;
        Some(frame)
    }

    pub(super) fn clear_frames(&mut self) {
        (self.frames, self.bytes) = (VecDeque::new(), 0);
    }

    pub(super) fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Whether the peer leaves more answers unread than any honest exchange produces.
    pub(super) fn is_overfull(&self) -> bool {
        self.bytes > MAX_UNSENT_BYTES
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }
}

/// A space that both sides know the secret of.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) id: SpaceId,
    pub(super) local: DeviceId,
    pub(super) peer: DeviceId,
    /// How the peer numbers it.
    pub(super) slot: Slot,
    pub(super) roster: Roster,
    pub(super) door: Door,
    pub(super) run: Run,
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    pub(super) live: Live,
    pub(super) presence: Outbox,
    refusals: u32,
}

impl Space {
    pub(super) fn new(roster: Roster, local: DeviceId, peer: DeviceId, slot: Slot) -> Self {
        Self {
            id: roster.space(),
            local,
            peer,
            slot,
            roster,
            door: Door::default(),
            run: Run::default(),
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            live: Live::default(),
            presence: Outbox::default(),
            refusals: 0,
        }
    }

    pub(super) fn handle(
        &mut self,
        frame: Frame,
        wall_ms: i64,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        match frame {
            Frame::Ask { .. } => self.on_ask(out),
            Frame::Present { chain, .. } => return self.on_present(&chain, wall_ms, out),
            Frame::Open { role, roster, .. } => return self.on_open(role, roster, out),
            Frame::Refuse { code, documents, .. } => self.on_refuse(code, documents, out),
            Frame::Summary { count, sum, .. } => {
                return self.on_summary(Summary { count, sum }, out);
            }
            Frame::Hello { .. } => return Err(PeerMisbehaved::Unexpected("a second hello")),
            // Everything else takes a membership that this side has accepted.
            _ if self.door.peer_role.is_none() => return Err(PeerMisbehaved::Unauthorised),
            Frame::Have { statements, .. } => return self.on_have(&statements, out),
            Frame::Statements { statements, last, .. } => {
                return self.on_statements(&statements, last, out);
            }
            Frame::Presence { ttl_ms, state, .. } => {
                let state: Arc<str> = state.into();
                let presence = (!state.is_empty()).then_some(Presence { ttl_ms, state });
                out.effect(Effect::Presence { space: self.id, presence });
            }
            // Documents only after the roster.
            _ if !self.is_open() => return Err(PeerMisbehaved::Unexpected("documents so early")),
            Frame::Reconcile { message, .. } => return self.on_reconcile(message, out),
            Frame::Done { moved, diverged, aside, .. } => {
                return self.on_done(moved, diverged, &aside, out);
            }
            Frame::NoRoom { documents, .. } => self.set_aside(documents, false, out),
            Frame::Want { documents, .. } => return self.on_want(documents),
            Frame::Docs { content, missing, .. } => {
                let updates = self.incoming.missing(&missing);
                self.apply(updates, false, out);
                let updates =
                    self.at_the_door(&content, out, |incoming| incoming.receive(&content))?;
                self.apply(updates, false, out);
            }
            Frame::Chunk { content, .. } => {
                let updates =
                    self.at_the_door(&content, out, |incoming| incoming.receive_chunk(&content))?;
                self.apply(updates, false, out);
            }
            Frame::Push { content, .. } => {
                let level = self.run.is_level();
                let updates = self.at_the_door(&content, out, |incoming| {
                    incoming.receive_live(&content, level)
                })?;
                self.apply(updates, true, out);
            }
            Frame::Unit { content, .. } => {
                let level = self.run.is_level();
                let updates = self.at_the_door(&content, out, |incoming| {
                    incoming.receive_unit(&content, level)
                })?;
                if !updates.is_empty() {
                    let (space, live, unit) = (self.id, true, true);
                    out.effect(Effect::Apply { space, updates, live, unit });
                }
            }
            Frame::Offer { documents, .. } => return self.on_offer(documents, out),
        }
        Ok(())
    }

    /// Goes on with whatever can go on: called after every event.
    pub(super) fn advance(&mut self, out: &mut Out) {
        if !self.is_open() {
            return;
        }
        if self.incoming.take_lost() {
            self.run.lose_track();
        }
        if let Some(documents) = self.incoming.next_vectors() {
            out.effect(Effect::NeedVectors { space: self.id, documents });
        }
        if let Some(wants) = self.outgoing.next_wants() {
            out.effect(Effect::NeedDiffs { space: self.id, wants, budget: BATCH_BYTES });
        }
        self.advance_run(out);
    }

    /// The next frame that can wait for its turn; the caller can write one.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        if !self.is_open() {
            return None;
        }
        let presence = self.presence.next_frame(self.slot);
        presence.or_else(|| self.next_documents()).or_else(|| self.presence.take_frame(self.slot))
    }

    fn next_documents(&mut self) -> Option<Frame> {
        let space = self.slot;
        match self.live.take() {
            Some(Told::Each(updates)) => {
                return Some(Frame::Push { space, content: push_content(&updates) });
            }
            Some(Told::Together(updates)) => {
                return Some(Frame::Unit { space, content: push_content(&updates) });
            }
            None => {}
        }
        let documents = self.live.take_dirty();
        if !documents.is_empty() {
            return Some(Frame::Offer { space: self.slot, documents });
        }
        self.outgoing.next_frame(self.slot)
    }

    pub(super) fn local_change(&mut self, updates: &[DocUpdate], out: &mut Out) {
        // What a reader hands over is taken by nobody.
        if !self.may_give() {
            return;
        }
        let documents: Vec<_> = updates.iter().map(|update| update.doc.hash()).collect();
        let (aside, free): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(|it| self.incoming.aside.note_change(*it));
        if self.run.is_level() && aside.is_empty() {
            self.live.push(updates);
        } else {
            // The peer may lack what this builds on, and cannot tell: it gets a diff.
            free.into_iter().for_each(|document| self.live.mark(document));
        }
        self.advance(out);
    }

    pub(super) fn on_vectors(&mut self, held: Vec<Held>, out: &mut Out) {
        let mut entries = self.incoming.vectors(held).into_iter().peekable();
        while entries.peek().is_some() {
            let mut bytes = 0;
            let mut documents = Vec::new();
            while let Some(entry) = entries.next_if(|entry| {
                bytes += 40 + entry.state_vector.len() * 12;
                documents.is_empty() || bytes <= BATCH_BYTES
            }) {
                documents.push(entry);
            }
            out.send(&Frame::Want { space: self.slot, documents });
        }
    }

    pub(super) fn on_applied(
        &mut self,
        outcomes: Vec<(dunlin_model::DocId, Outcome)>,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        let applied = self.incoming.applied(outcomes)?;
        if self.may_give() {
            applied.give_back.into_iter().for_each(|want| self.outgoing.give_back(want));
        }
        if !applied.diverged.is_empty() {
            out.effect(Effect::Diverged { space: self.id, documents: applied.diverged });
        }
        if applied.reconcile_again {
            self.run.lose_track();
        }
        if !applied.kept_out.is_empty() {
            let (space, documents) = (self.slot, applied.kept_out.clone());
            out.send(&Frame::NoRoom { space, documents });
            self.set_aside(applied.kept_out, true, out);
        }
        Ok(())
    }

    /// Sets documents aside that do not fit at one side.
    fn set_aside(&mut self, documents: Vec<KeptOut>, by_us: bool, out: &mut Out) {
        for kept_out in documents {
            self.incoming.aside.insert(SetAside { kept_out, by_us }, out.now);
        }
        self.tell_aside(out);
    }

    /// Tells the host which documents are set aside, if that has changed.
    pub(super) fn tell_aside(&mut self, out: &mut Out) {
        if let Some(documents) = self.incoming.aside.take_news() {
            out.effect(Effect::SetAside { space: self.id, documents });
        }
    }

    /// When what did not fit is to be tried again.
    pub(super) fn retry_due(&self) -> Option<u64> {
        self.incoming.aside.due()
    }

    /// Tries again what did not fit, if it is time.
    pub(super) fn retry(&mut self, out: &mut Out) {
        if self.incoming.aside.take_due(out.now) {
            self.run.again();
            self.advance(out);
        }
    }

    /// Whether documents may flow: both sides are in, and the rosters agree.
    pub(super) fn is_open(&self) -> bool {
        self.door.is_open()
    }

    /// Whether the peer takes documents from this side, as far as it said.
    pub(super) fn may_give(&self) -> bool {
        self.door.our_role.is_none_or(Role::may_write)
    }

    /// Whether this side takes documents from the peer.
    pub(super) fn may_take(&self) -> bool {
        self.door.peer_role.is_some_and(Role::may_write)
    }

    /// Whether each side has let the other in.
    pub(super) fn is_introduced(&self) -> bool {
        self.door.peer_role.is_some() && self.door.our_role.is_some()
    }

    pub(super) fn awaits_peer(&self) -> bool {
        self.incoming.awaits_peer() || self.run.awaits_peer() || self.door.awaits_peer()
    }

    pub(super) fn status(&self) -> SpaceStatus {
        let settled = self.incoming.is_idle() && self.outgoing.is_idle() && self.live.is_empty();
        let settled = self.run.is_in_sync() && settled && !self.incoming.has_failed();
        SpaceStatus {
            peer_role: self.door.peer_role,
            our_role: self.door.our_role,
            settled,
            in_sync: settled && self.incoming.aside.is_empty(),
            queued: self.live.queued(),
            dirty: self.live.dirty(),
        }
    }

    /// Lets documents in only from a peer that may write; anything else is refused, visibly on
    /// both sides, and never becomes an `Apply`.
    fn at_the_door(
        &mut self,
        content: &Content,
        out: &mut Out,
        take: impl FnOnce(&mut Incoming) -> Result<Vec<DocUpdate>, PeerMisbehaved>,
    ) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        if self.may_take() {
            return take(&mut self.incoming);
        }
        self.refuse(incoming::names(content), out)?;
        Ok(Vec::new())
    }

    fn refuse(&mut self, documents: Vec<DocHash>, out: &mut Out) -> Result<(), PeerMisbehaved> {
        self.refusals += 1;
        if self.refusals > MAX_REFUSALS {
            return Err(PeerMisbehaved::KeepsPushing);
        }
        let code = RefuseCode::ReadOnly;
        let (space, named) = (self.slot, documents.clone());
        out.send(&Frame::Refuse { space, code: code.code(), documents: named });
        out.effect(Effect::Denied { space: self.id, documents, code });
        Ok(())
    }

    fn apply(&self, updates: Vec<DocUpdate>, live: bool, out: &mut Out) {
        if !updates.is_empty() {
            out.effect(Effect::Apply { space: self.id, updates, live, unit: false });
        }
    }

    fn on_want(&mut self, documents: Vec<WantEntry>) -> Result<(), PeerMisbehaved> {
        if self.may_give() {
            return self.outgoing.want(documents);
        }
        self.outgoing.decline(&documents)
    }

    fn on_offer(
        &mut self,
        mut documents: Vec<DocHash>,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        if !self.may_take() {
            documents.truncate(64);
            return self.refuse(documents, out);
        }
        for document in documents {
            self.incoming.want_soon(document);
        }
        Ok(())
    }

    fn on_refuse(&mut self, code: u16, documents: Vec<DocHash>, out: &mut Out) {
        let code = RefuseCode::from_code(code);
        match code {
            RefuseCode::ReadOnly => {
                self.door.our_role = self.door.our_role.map(|_| Role::Reader);
                self.live.clear();
            }
            _ => self.door.refused_by_peer = true,
        }
        out.effect(Effect::Refused { space: self.id, documents, code });
    }
}
