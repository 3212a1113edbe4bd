//! Reconciling what is there: summaries first, and only where they differ, set reconciliation.
//!
//! One side drives a run: the one whose documents all lack at the other, where the other has none,
//! else the one with the smaller device id. It learns what differs, wants and gives, and says
//! `Done` when all of that has happened; the other side says `Done` when it has applied what it
//! received. A run that moved something is followed by another pair of summaries, which as a rule
//! are equal.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_model::{Digest, DocHash};

use super::{
    event::{Effect, Summary},
    space::{Out, Space},
};
use crate::{
    error::PeerMisbehaved,
    frame::Frame,
    limits::{DIRTY_DOCUMENTS, MAX_DIFFERENCES, MAX_ROUNDS, MAX_RUNS},
    reconcile::{Differences, ItemId, Items},
};

#[derive(Debug, Default)]
pub(super) struct Run {
    stage: Stage,
    /// Summaries of the coming run.
    sent: Option<Summary>,
    received: Option<Summary>,
    asked: bool,
    /// Start over once the current run has ended.
    again: bool,
    runs: u32,
    /// Whether the current run, driven from here, is worth checking with another.
    moved: bool,
    truncated: bool,
    /// Differences that the last run should have settled.
    settled: BTreeMap<DocHash, (ItemId, ItemId)>,
    diverged: Vec<DocHash>,
    in_sync: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// No run; summaries may be exchanged.
    #[default]
    Idle,
    /// Waiting for the host's items.
    Items(Purpose),
    /// Driving: the peer owes an answer.
    Initiating { items: Items, rounds: u32, differences: Differences },
    /// Driving: what differs is being transferred.
    Transferring,
    /// Driving: the peer owes its `Done`.
    Finishing,
    /// Following: the peer reconciles and transfers.
    Following { items: Option<Items>, rounds: u32 },
    /// Following: the peer is done, this side is still applying.
    Closing { moved: bool },
}

#[derive(Debug)]
enum Purpose {
    Initiate,
    Respond { message: Vec<u8> },
    Give,
}

impl Run {
    /// Asks for another run.
    pub(super) fn again(&mut self) {
        self.again = true;
    }

    /// Asks for another run, since there are changes that one side was not told of.
    pub(super) fn lose_track(&mut self) {
        self.again = true;
        self.in_sync = false;
    }

    /// Whether each side once had all that it takes from the other, and has been told of every
    /// change since. Only then can a live update be taken as it is.
    pub(super) fn is_level(&self) -> bool {
        self.in_sync
    }

    pub(super) fn is_in_sync(&self) -> bool {
        self.in_sync && !self.again && matches!(self.stage, Stage::Idle)
    }

    pub(super) fn awaits_peer(&self) -> bool {
        match self.stage {
            Stage::Idle => self.sent.is_some(),
            Stage::Initiating { .. } | Stage::Finishing | Stage::Following { .. } => true,
            Stage::Items(_) | Stage::Transferring | Stage::Closing { .. } => false,
        }
    }
}

impl Space {
    /// Asks the host for a summary, with which a run begins.
    pub(super) fn begin_run(&mut self, out: &mut Out) {
        let run = &mut self.run;
        if matches!(run.stage, Stage::Idle) && run.sent.is_none() && !run.asked {
            run.asked = true;
            run.again = false;
            // What changed so far is in the summary; what changes from here on is remembered.
            run.in_sync &= !self.live.take_again();
            out.effect(Effect::NeedSummary { space: self.id });
        }
    }

    /// The host's summary.
    pub(super) fn summary(&mut self, summary: Summary, out: &mut Out) {
        if !std::mem::take(&mut self.run.asked) {
            return;
        }
        self.run.sent = Some(summary);
        let Summary { count, sum } = summary;
        out.send(&Frame::Summary { space: self.slot, count, sum });
        self.compare(out);
    }

    /// The peer's summary.
    pub(super) fn on_summary(
        &mut self,
        summary: Summary,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        if self.run.received.is_some() || !matches!(self.run.stage, Stage::Idle) {
            return Err(PeerMisbehaved::Unexpected("a second summary"));
        }
        self.run.received = Some(summary);
        if self.door.peer_role.is_some() {
            self.begin_run(out);
            self.compare(out);
        }
        Ok(())
    }

    /// The host's items.
    pub(super) fn items(
        &mut self,
        documents: Vec<(DocHash, Digest)>,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        let purpose = match std::mem::take(&mut self.run.stage) {
            Stage::Items(purpose) => purpose,
            stage => {
                self.run.stage = stage;
                return Ok(());
            }
        };
        let items = Items::new(documents);
        match purpose {
            Purpose::Give => {
                self.run.stage = Stage::Transferring;
                if self.may_give() {
                    for document in items.documents() {
                        self.outgoing.give(document);
                        self.run.moved = true;
                    }
                }
            }
            Purpose::Initiate => match items.initiate() {
                Some(message) => {
                    let differences = Differences::default();
                    self.run.stage = Stage::Initiating { items, rounds: 0, differences };
                    out.send(&Frame::Reconcile { space: self.slot, message });
                }
                None => self.run.stage = Stage::Transferring,
            },
            Purpose::Respond { message } => {
                let message = items.respond(&message)?;
                self.run.stage = Stage::Following { items: Some(items), rounds: 1 };
                out.send(&Frame::Reconcile { space: self.slot, message });
            }
        }
        Ok(())
    }

    pub(super) fn on_reconcile(
        &mut self,
        message: Vec<u8>,
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        match &mut self.run.stage {
            Stage::Following { items: None, .. } => {
                self.run.stage = Stage::Items(Purpose::Respond { message });
                out.effect(Effect::NeedItems { space: self.id });
            }
            Stage::Following { items: Some(items), rounds } => {
                *rounds += 1;
                if *rounds > MAX_ROUNDS {
                    return Err(PeerMisbehaved::TooMany("rounds of reconciliation"));
                }
                let message = items.respond(&message)?;
                out.send(&Frame::Reconcile { space: self.slot, message });
            }
            Stage::Initiating { items, rounds, differences } => {
                *rounds += 1;
                let next = items.advance(&message, differences)?;
                let full = differences.len() >= MAX_DIFFERENCES || *rounds >= MAX_ROUNDS;
                match next {
                    Some(message) if !full => {
                        out.send(&Frame::Reconcile { space: self.slot, message });
                    }
                    next => {
                        let differences = std::mem::take(differences);
                        self.run.truncated = next.is_some();
                        self.run.stage = Stage::Transferring;
                        self.resolve(differences);
                    }
                }
            }
            _ => return Err(PeerMisbehaved::Unexpected("a reconciliation message")),
        }
        Ok(())
    }

    pub(super) fn on_done(
        &mut self,
        moved: bool,
        diverged: Vec<DocHash>,
        aside: &[DocHash],
        out: &mut Out,
    ) -> Result<(), PeerMisbehaved> {
        if !diverged.is_empty() {
            out.effect(Effect::Diverged { space: self.id, documents: diverged });
        }
        match self.run.stage {
            Stage::Following { .. } => {
                self.run.stage = Stage::Closing { moved };
                if !moved {
                    self.incoming.aside.retain(|document| aside.contains(document));
                }
            }
            Stage::Finishing => {
                let moved = self.run.moved;
                self.end_run(moved, out);
                if moved {
                    self.begin_run(out);
                }
            }
            _ => return Err(PeerMisbehaved::Unexpected("the end of no reconciliation")),
        }
        Ok(())
    }

    /// Ends what can end and starts what was put off.
    pub(super) fn advance_run(&mut self, out: &mut Out) {
        match self.run.stage {
            // Offers go out after everything else; `Done` must not overtake them.
            Stage::Transferring
                if self.incoming.is_idle() && self.outgoing.is_idle() && self.live.dirty() == 0 =>
            {
                let run = &mut self.run;
                run.runs += u32::from(!run.truncated);
                run.moved = (run.moved || run.truncated) && run.runs < MAX_RUNS;
                run.stage = Stage::Finishing;
                let (moved, diverged) = (run.moved, std::mem::take(&mut run.diverged));
                if !diverged.is_empty() {
                    let documents = diverged.clone();
                    out.effect(Effect::Diverged { space: self.id, documents });
                }
                let (space, aside) = (self.slot, self.incoming.aside.documents());
                out.send(&Frame::Done { space, moved, diverged, aside });
            }
            Stage::Closing { moved } if self.incoming.is_idle() => {
                let (space, diverged, aside) = (self.slot, Vec::new(), Vec::new());
                out.send(&Frame::Done { space, moved: false, diverged, aside });
                self.end_run(moved, out);
            }
            Stage::Idle if self.run.received.is_some() => {
                self.begin_run(out);
                self.compare(out);
            }
            _ => {}
        }
        if matches!(self.run.stage, Stage::Idle) && self.run.sent.is_none() && !self.run.asked {
            if self.live.take_again() {
                self.run.lose_track();
            }
            if self.run.again {
                self.begin_run(out);
            }
        }
    }

    /// Compares the summaries once both are there and documents may flow.
    fn compare(&mut self, out: &mut Out) {
        if !self.is_open() || !matches!(self.run.stage, Stage::Idle) {
            return;
        }
        let (Some(sent), Some(received)) = (self.run.sent, self.run.received) else { return };
        (self.run.sent, self.run.received) = (None, None);
        (self.run.moved, self.run.truncated) = (false, false);
        if sent == received {
            self.run.settled.clear();
            self.incoming.aside.clear();
            self.settle(true, out);
            return;
        }
        self.run.in_sync = false;
        let needs_items = if sent.count == 0 {
            None
        } else if received.count == 0 {
            Some(Purpose::Give)
        } else if self.local < self.peer {
            Some(Purpose::Initiate)
        } else {
            None
        };
        match needs_items {
            Some(purpose) => {
                self.run.stage = Stage::Items(purpose);
                out.effect(Effect::NeedItems { space: self.id });
            }
            None => self.run.stage = Stage::Following { items: None, rounds: 0 },
        }
    }

    /// Wants and gives what differs, as far as roles allow.
    fn resolve(&mut self, differences: Differences) {
        let (may_take, may_give) = (self.may_take(), self.may_give());
        let mut settled = BTreeMap::new();
        let documents = differences.documents();
        if !self.run.truncated && !self.incoming.aside.is_empty() {
            let differing: BTreeSet<DocHash> =
                documents.iter().map(|(document, ..)| *document).collect();
            self.incoming.aside.retain(|document| differing.contains(document));
        }
        for (document, ours, theirs) in documents {
            match (ours, theirs) {
                (Some(_), None) if may_give => self.outgoing.give(document),
                (None, Some(_)) if may_take => self.incoming.want(document, false),
                (Some(ours), Some(theirs)) if may_take || may_give => {
                    if self.run.settled.get(&document) == Some(&(ours, theirs)) {
                        if self.incoming.aside.contains(document) {
                            continue;
                        }
                        // The last run gave everything both ways and changed nothing. A reader's
                        // own changes look the same, and are no fault.
                        if may_take && may_give && self.run.diverged.len() < DIRTY_DOCUMENTS {
                            self.run.diverged.push(document);
                        }
                        continue;
                    }
                    if settled.len() < DIRTY_DOCUMENTS {
                        settled.insert(document, (ours, theirs));
                    }
                    if may_take {
                        self.incoming.want(document, may_give);
                    } else {
                        self.live.mark(document);
                    }
                }
                _ => continue,
            }
            self.run.moved = true;
        }
        self.run.settled.append(&mut settled);
        if self.run.settled.len() > 2 * DIRTY_DOCUMENTS {
            self.run.settled.clear();
        }
    }

    fn end_run(&mut self, moved: bool, out: &mut Out) {
        self.run.stage = Stage::Idle;
        if !moved {
            self.settle(false, out);
        }
    }

    fn settle(&mut self, equal: bool, out: &mut Out) {
        self.run.runs = 0;
        self.run.in_sync = true;
        self.tell_aside(out);
        out.effect(Effect::InSync { space: self.id, equal });
    }
}
