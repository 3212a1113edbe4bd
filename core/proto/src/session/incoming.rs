//! Documents on their way from the peer: what is wanted of it, and what is being applied.
//!
//! A live update builds on all that its author had, and nothing in it says what that was. So it is
//! applied only where this side has all of that too; else the document is wanted, since a diff
//! holds everything, or the update waits for the diff that is on its way.

use std::collections::{BTreeMap, VecDeque};

use dunlin_model::{Digest, DocHash, DocId, StateVector, limits::MAX_UPDATE_BYTES};

use super::{
    aside::Aside,
    event::{DocUpdate, Held, Outcome, Want},
};
use crate::{
    error::{FrameError, PeerMisbehaved},
    frame::{Content, DocEntry, KeptOut, WantEntry},
    limits::{
        BATCH_DOCUMENTS, LIVE_QUEUE_BYTES, MAX_DIFFERENCES, MAX_UNAPPLIED_BYTES, MAX_VECTOR_BYTES,
        WANT_WINDOW, WANT_WINDOW_BYTES,
    },
};

/// How often a document is wanted again after a gap, before it is left to a reconciliation.
const MAX_RETRIES: u8 = 3;

/// Bookkeeping of one waiting update, in bytes.
const OVERHEAD: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Incoming {
    pub(super) aside: Aside,
    queue: VecDeque<DocHash>,
    /// What is in the queue, and whether to learn what the peer holds of it too: its echo.
    queued: BTreeMap<DocHash, bool>,
    /// Vectors asked of the host, with the echo.
    asked: Vec<(DocHash, bool)>,
    outstanding: BTreeMap<DocHash, Outstanding>,
    outstanding_bytes: usize,
    /// Bytes of the live updates that wait for an answer.
    held_bytes: usize,
    /// Answered, being applied, and wanted once more after that; with the echo.
    again: BTreeMap<DocHash, bool>,
    /// More was to be wanted than can be remembered.
    lost: bool,
    /// Something could not be stored, and nothing could since.
    failed: bool,
    partial: Option<Partial>,
    applying: VecDeque<Batch>,
    unapplied_bytes: usize,
    retries: BTreeMap<DocHash, u8>,
}

#[derive(Debug)]
struct Outstanding {
    echo: bool,
    bytes: usize,
    /// Live updates that arrived meanwhile, for after the answer.
    held: Vec<DocUpdate>,
    /// Wanted once more, since something changed that the answer may lack; with the echo.
    again: Option<bool>,
}

/// A document whose chunks are arriving.
#[derive(Debug)]
struct Partial {
    doc: DocId,
    generation: u32,
    state_vector: Option<StateVector>,
    digest: Option<Digest>,
    total: usize,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Batch {
    documents: Vec<Applying>,
    bytes: usize,
    live: bool,
}

#[derive(Debug)]
struct Applying {
    document: DocHash,
    generation: u32,
    wanted: bool,
    /// What the peer holds, if it should be given back what it lacks.
    echo: Option<StateVector>,
    /// Its digest at the peer, if that was said.
    digest: Option<Digest>,
}

/// What the outcome of applying asks for.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) give_back: Vec<Want>,
    pub(super) diverged: Vec<DocHash>,
    pub(super) kept_out: Vec<KeptOut>,
    pub(super) reconcile_again: bool,
}

impl Incoming {
    /// Wants a document of the peer; `echo` to learn what the peer holds of it too.
    pub(super) fn want(&mut self, document: DocHash, echo: bool) {
        if self.outstanding.contains_key(&document) {
            self.want_again(document, echo);
        } else if let Some(queued) = self.queued.get_mut(&document) {
            *queued |= echo;
        } else if self.queue.len() >= MAX_DIFFERENCES {
            self.lost = true;
        } else {
            self.queued.insert(document, echo);
            self.queue.push_back(document);
        }
    }

    /// Wants a document that has just changed at the peer, before all that changed long ago.
    pub(super) fn want_soon(&mut self, document: DocHash) {
        if self.aside.note_change(document) {
            return;
        }
        let waiting = self.queue.len();
        self.want(document, false);
        if self.queue.len() > waiting {
            self.queue.rotate_right(1);
        }
    }

    /// Takes the flag that only another reconciliation can tell what is missing here.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }

    /// The documents whose vectors the host should tell next, if it is time.
    pub(super) fn next_vectors(&mut self) -> Option<Vec<DocHash>> {
        let room = WANT_WINDOW.saturating_sub(self.outstanding.len());
        let has_room = room >= WANT_WINDOW / 2 && self.outstanding_bytes < WANT_WINDOW_BYTES;
        if self.queue.is_empty() || !self.asked.is_empty() || !has_room {
            return None;
        }
        let next: Vec<_> = self.queue.drain(..room.min(self.queue.len())).collect();
        let echo = |document| self.queued.remove(document).unwrap_or(false);
        let echoes: Vec<_> = next.iter().map(echo).collect();
        self.asked = next.iter().copied().zip(echoes).collect();
        Some(next)
    }

    /// The host's answer; returns what to send.
    pub(super) fn vectors(&mut self, held: Vec<Held>) -> Vec<WantEntry> {
        let asked = std::mem::take(&mut self.asked);
        let mut wants = Vec::new();
        for ((document, echo), held) in asked.into_iter().zip(held) {
            if self.outstanding.contains_key(&document) {
                self.want_again(document, echo);
                continue;
            }
            let bytes = held.state_vector.len() * 9;
            if !wants.is_empty() && self.outstanding_bytes + bytes > WANT_WINDOW_BYTES {
                self.want(document, echo);
                continue;
            }
            let fits = bytes <= MAX_VECTOR_BYTES;
            let state_vector = if fits { held.state_vector } else { StateVector::default() };
            let bytes = if fits { bytes } else { 0 };
            self.outstanding_bytes += bytes;
            let outstanding = Outstanding { echo, bytes, held: Vec::new(), again: None };
            self.outstanding.insert(document, outstanding);
            wants.push(WantEntry { document, generation: held.generation, state_vector, echo });
        }
        wants
    }

    /// Notes that the peer could not give these; returns what it made since, to apply.
    pub(super) fn missing(&mut self, documents: &[DocHash]) -> Vec<DocUpdate> {
        let mut held = Vec::new();
        for document in documents {
            let Some(outstanding) = self.answered(*document) else { continue };
            held.extend(outstanding.held);
            if let Some(echo) = outstanding.again {
                self.want(*document, echo);
            }
        }
        self.start(held, false)
    }

    /// Takes the documents of a frame; returns what to apply.
    pub(super) fn receive(&mut self, content: &Content) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        let updates = self.unpack(content, false)?;
        Ok(self.start(updates, false))
    }

    /// Takes what the peer has just committed; returns what to apply. `level` says whether this
    /// side has had all that the peer had before.
    pub(super) fn receive_live(
        &mut self,
        content: &Content,
        level: bool,
    ) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        let level = level && !self.failed;
        let mut updates = self.unpack(content, true)?;
        updates.retain(|update| {
            let document = update.doc.hash();
            if self.aside.note_change(document) {
                return false;
            }
            if self.outstanding.contains_key(&document) {
                self.hold(document, update);
                return false;
            }
            let asked = self.asked.iter().any(|(asked, _)| *asked == document);
            if asked || self.queued.contains_key(&document) || self.again.contains_key(&document) {
                // The answer to a want that is still to be sent has it.
                return false;
            }
            if !level {
                self.want_soon(document);
            }
            level
        });
        Ok(self.start(updates, true))
    }

    /// Takes what the peer has just committed as one; returns all of it, to apply as one. Where some of
    /// it cannot be taken as it is, all of its documents are wanted instead.
    pub(super) fn receive_unit(
        &mut self,
        content: &Content,
        level: bool,
    ) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        let updates = self.unpack(content, true)?;
        if updates.len() > BATCH_DOCUMENTS {
            // They would be one piece of work.
            return Err(PeerMisbehaved::TooMany("updates in a unit"));
        }
        let documents: Vec<_> = updates.iter().map(|update| update.doc.hash()).collect();
        if level && !self.failed && documents.iter().all(|document| self.is_free(document)) {
            return Ok(self.start(updates, true));
        }
        documents.into_iter().for_each(|document| self.want_soon(document));
        Ok(Vec::new())
    }

    /// Whether nothing is under way that a document's next update has to wait for.
    fn is_free(&self, document: &DocHash) -> bool {
        let asked = self.asked.iter().any(|(asked, _)| asked == document);
        let wanted = self.outstanding.contains_key(document) || self.queued.contains_key(document);
        !(asked || wanted || self.again.contains_key(document) || self.aside.contains(*document))
    }

    fn unpack(&mut self, content: &Content, live: bool) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        let unpacked = content.unpack()?;
        let entries = Content::documents(&unpacked)?;
        let mut updates = Vec::with_capacity(entries.len());
        let count = entries.len();
        for (index, entry) in entries.into_iter().enumerate() {
            let doc = name(&entry)?;
            let state_vector = match entry.state_vector {
                Some(bytes) => Some(StateVector::decode(bytes).ok_or(FrameError::Content)?),
                None => None,
            };
            let digest = match entry.digest {
                Some(bytes) => {
                    Some(Digest(<[u8; 32]>::try_from(&**bytes).map_err(|_| FrameError::Content)?))
                }
                None => None,
            };
            if live && digest.is_some() {
                return Err(PeerMisbehaved::Unexpected("a push that claims to be whole"));
            }
            let update: &[u8] = entry.update;
            let Some(total) = entry.total else {
                let generation = entry.generation;
                let update = update.into();
                updates.push(DocUpdate { doc, generation, state_vector, digest, update });
                continue;
            };
            let total = total as usize;
            if live || index + 1 < count || self.partial.is_some() || total <= update.len() {
                return Err(PeerMisbehaved::Unexpected("a partial document"));
            }
            if total > MAX_UPDATE_BYTES {
                return Err(PeerMisbehaved::TooMany("bytes in a document"));
            }
            let (generation, bytes) = (entry.generation, update.to_vec());
            self.partial = Some(Partial { doc, generation, state_vector, digest, total, bytes });
        }
        Ok(updates)
    }

    /// Takes the next part of a document; returns the document once it is whole.
    pub(super) fn receive_chunk(
        &mut self,
        content: &Content,
    ) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
        let Some(partial) = &mut self.partial else {
            return Err(PeerMisbehaved::Unexpected("a chunk of nothing"));
        };
        let chunk = content.unpack()?;
        if chunk.is_empty() || chunk.len() > partial.total - partial.bytes.len() {
            return Err(PeerMisbehaved::TooMany("bytes in a chunk"));
        }
        partial.bytes.extend_from_slice(&chunk);
        let Some(whole) = self.partial.take_if(|partial| partial.bytes.len() == partial.total)
        else {
            return Ok(Vec::new());
        };
        let Partial { doc, generation, state_vector, digest, bytes, .. } = whole;
        let update = DocUpdate { doc, generation, state_vector, digest, update: bytes.into() };
        Ok(self.start(vec![update], false))
    }

    /// The host's answer to the oldest `Apply`.
    pub(super) fn applied(
        &mut self,
        outcomes: Vec<(DocId, Outcome)>,
    ) -> Result<Applied, PeerMisbehaved> {
        let mut result = Applied::default();
        let Some(batch) = self.applying.pop_front() else { return Ok(result) };
        self.unapplied_bytes -= batch.bytes;
        for (applying, (doc, outcome)) in batch.documents.into_iter().zip(outcomes) {
            let Applying { document, generation, wanted, echo, digest } = applying;
            if let Some(echo) = self.again.remove(&document) {
                self.want(document, echo);
            }
            match outcome {
                Outcome::Applied { .. } => {
                    self.retries.remove(&document);
                    if let Some(state_vector) = echo {
                        result.give_back.push(Want { document, generation, state_vector });
                    }
                    result.reconcile_again |= std::mem::take(&mut self.failed);
                }
                Outcome::Gap { .. } if wanted => {
                    let retries = self.retries.entry(document).or_default();
                    *retries += 1;
                    if *retries <= MAX_RETRIES {
                        self.want(document, echo.is_some());
                    } else {
                        self.retries.remove(&document);
                        result.reconcile_again = true;
                    }
                }
                Outcome::Gap { .. } | Outcome::Undone => self.want(document, false),
                Outcome::Malformed { reason } => {
                    return Err(PeerMisbehaved::Update { document: doc, reason });
                }
                Outcome::NoRoom { no_room, here } => {
                    let there = digest;
                    result.kept_out.push(KeptOut { document, here, there, no_room });
                    // The side that has more may have room for the other's.
                    if let Some(state_vector) = echo {
                        result.give_back.push(Want { document, generation, state_vector });
                    }
                }
                Outcome::Diverged => result.diverged.push(document),
                Outcome::Failed => self.failed = true,
                Outcome::Stale => {
                    // The host gives what it has whole to whoever names an older generation.
                    let state_vector = StateVector::default();
                    result.give_back.push(Want { document, generation, state_vector });
                }
            }
        }
        Ok(result)
    }

    /// Whether the host has enough to apply, so that no frame should be read.
    pub(super) fn is_saturated(&self) -> bool {
        self.unapplied_bytes >= MAX_UNAPPLIED_BYTES
    }

    /// Whether the last attempt to store something failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether the peer owes an answer.
    pub(super) fn awaits_peer(&self) -> bool {
        !self.outstanding.is_empty() || self.partial.is_some()
    }

    /// Whether all that was wanted is here and applied; live updates aside.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.asked.is_empty()
            && !self.awaits_peer()
            && self.applying.iter().all(|batch| batch.live)
    }

    /// Begins to apply updates, and behind each what waited for it.
    fn start(&mut self, updates: Vec<DocUpdate>, live: bool) -> Vec<DocUpdate> {
        let mut documents = Vec::with_capacity(updates.len());
        let mut started = Vec::with_capacity(updates.len());
        for update in updates {
            let document = update.doc.hash();
            // A push is not the answer to a want, even of the same document.
            let answered = if live { None } else { self.answered(document) };
            let held = || update.state_vector.clone().unwrap_or_default();
            documents.push(Applying {
                document,
                generation: update.generation,
                wanted: answered.is_some(),
                echo: answered.as_ref().filter(|answered| answered.echo).map(|_| held()),
                digest: update.digest,
            });
            started.push(update);
            let Some(Outstanding { held, again, .. }) = answered else { continue };
            if let Some(echo) = again {
                self.again.insert(document, echo);
            }
            for update in held {
                let (generation, digest) = (update.generation, update.digest);
                let (wanted, echo) = (false, None);
                documents.push(Applying { document, generation, wanted, echo, digest });
                started.push(update);
            }
        }
        if !started.is_empty() {
            let bytes = started.iter().map(|update| update.update.len() + OVERHEAD).sum();
            self.unapplied_bytes += bytes;
            self.applying.push_back(Batch { documents, bytes, live });
        }
        started
    }

    /// Keeps a live update for after the answer that is due; if there is no room, wants the
    /// document once more instead.
    fn hold(&mut self, document: DocHash, update: &DocUpdate) {
        let bytes = update.update.len() + OVERHEAD;
        let fits = self.held_bytes + bytes <= LIVE_QUEUE_BYTES;
        match self.outstanding.get_mut(&document) {
            Some(outstanding) if fits && outstanding.again.is_none() => {
                outstanding.held.push(update.clone());
                self.held_bytes += bytes;
            }
            _ => self.want_again(document, false),
        }
    }

    fn want_again(&mut self, document: DocHash, echo: bool) {
        if let Some(outstanding) = self.outstanding.get_mut(&document) {
            *outstanding.again.get_or_insert_default() |= echo;
            // They build on what the answer may lack, and the next one has them.
            self.held_bytes -= held_bytes(&std::mem::take(&mut outstanding.held));
        }
    }

    fn answered(&mut self, document: DocHash) -> Option<Outstanding> {
        let outstanding = self.outstanding.remove(&document)?;
        self.outstanding_bytes -= outstanding.bytes;
        self.held_bytes -= held_bytes(&outstanding.held);
        Some(outstanding)
    }
}

fn held_bytes(held: &[DocUpdate]) -> usize {
    held.iter().map(|update| update.update.len() + OVERHEAD).sum()
}

/// The names in a frame that is not taken, for the refusal: as many as make sense to list.
pub(super) fn names(content: &Content) -> Vec<DocHash> {
    let Ok(unpacked) = content.unpack() else { return Vec::new() };
    let Ok(entries) = Content::documents(&unpacked) else { return Vec::new() };
    let named = entries.iter().filter_map(|entry| Some(name(entry).ok()?.hash()));
    named.take(64).collect()
}

fn name(entry: &DocEntry<'_>) -> Result<DocId, PeerMisbehaved> {
    DocId::of_any_kind(entry.collection, entry.key).map_err(|_| PeerMisbehaved::Name)
}
