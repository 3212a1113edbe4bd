//! Documents on their way from the peer: what is wanted of it, and what is being applied.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dunlin_model::{DocHash, DocId, StateVector, limits::MAX_UPDATE_BYTES};

use super::event::{DocUpdate, Held, Outcome, Want};
use crate::{
    error::{FrameError, PeerMisbehaved},
    frame::{Content, DocEntry, WantEntry},
    limits::{
        MAX_DIFFERENCES, MAX_UNAPPLIED_BYTES, MAX_VECTOR_BYTES, WANT_WINDOW, WANT_WINDOW_BYTES,
    },
};

/// How often a document is wanted again after a gap, before it is left to a reconciliation.
const MAX_RETRIES: u8 = 3;

#[derive(Debug, Default)]
pub(super) struct Incoming {
    queue: VecDeque<(DocHash, bool)>,
    queued: BTreeSet<DocHash>,
    /// Vectors asked of the host.
    asked: Vec<(DocHash, bool)>,
    outstanding: BTreeMap<DocHash, Outstanding>,
    outstanding_bytes: usize,
    partial: Option<Partial>,
    applying: VecDeque<Batch>,
    unapplied_bytes: usize,
    retries: BTreeMap<DocHash, u8>,
}

#[derive(Debug)]
struct Outstanding {
    echo: bool,
    bytes: usize,
    /// Something arrived meanwhile that builds on more than the answer may hold.
    again: bool,
}

/// A document whose chunks are arriving.
#[derive(Debug)]
struct Partial {
    doc: DocId,
    generation: u32,
    state_vector: Option<StateVector>,
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
    again: bool,
    /// What the peer holds, if it should be given back what it lacks.
    echo: Option<StateVector>,
}

/// What the outcome of applying asks for.
#[derive(Debug, Default)]
pub(super) struct Applied {
    pub(super) give_back: Vec<Want>,
    pub(super) diverged: Vec<DocHash>,
    pub(super) reconcile_again: bool,
}

impl Incoming {
    /// Wants a document of the peer; `echo` to learn what the peer holds of it too.
    pub(super) fn want(&mut self, document: DocHash, echo: bool) {
        if let Some(outstanding) = self.outstanding.get_mut(&document) {
            outstanding.again = true;
        } else if self.queued.insert(document) {
            self.queue.push_back((document, echo));
        }
    }

    /// Whether no more documents should be queued.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= MAX_DIFFERENCES
    }

    /// The documents whose vectors the host should tell next, if it is time.
    pub(super) fn next_vectors(&mut self) -> Option<Vec<DocHash>> {
        let room = WANT_WINDOW.saturating_sub(self.outstanding.len());
        let has_room = room >= WANT_WINDOW / 2 && self.outstanding_bytes < WANT_WINDOW_BYTES;
        if self.queue.is_empty() || !self.asked.is_empty() || !has_room {
            return None;
        }
        self.asked = self.queue.drain(..room.min(self.queue.len())).collect();
        for (document, _) in &self.asked {
            self.queued.remove(document);
        }
        Some(self.asked.iter().map(|(document, _)| *document).collect())
    }

    /// The host's answer; returns what to send.
    pub(super) fn vectors(&mut self, held: Vec<Held>) -> Vec<WantEntry> {
        let asked = std::mem::take(&mut self.asked);
        let mut wants = Vec::new();
        for ((document, echo), held) in asked.into_iter().zip(held) {
            let bytes = held.state_vector.len() * 9;
            if !wants.is_empty() && self.outstanding_bytes + bytes > WANT_WINDOW_BYTES {
                self.want(document, echo);
                continue;
            }
            let fits = bytes <= MAX_VECTOR_BYTES;
            let state_vector = if fits { held.state_vector } else { StateVector::default() };
            let bytes = if fits { bytes } else { 0 };
            self.outstanding_bytes += bytes;
            let again = false;
            self.outstanding.insert(document, Outstanding { echo, bytes, again });
            wants.push(WantEntry { document, generation: held.generation, state_vector, echo });
        }
        wants
    }

    /// Notes that the peer cannot give these.
    pub(super) fn missing(&mut self, documents: &[DocHash]) {
        for document in documents {
            self.answered(*document);
        }
    }

    /// Takes the documents of a frame; returns what to apply.
    pub(super) fn receive(
        &mut self,
        content: &Content,
        live: bool,
    ) -> Result<Vec<DocUpdate>, PeerMisbehaved> {
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
            let update: &[u8] = entry.update;
            let Some(total) = entry.total else {
                let generation = entry.generation;
                updates.push(DocUpdate { doc, generation, state_vector, update: update.into() });
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
            self.partial = Some(Partial { doc, generation, state_vector, total, bytes });
        }
        if !updates.is_empty() {
            self.start(&updates, live);
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
        let Partial { doc, generation, state_vector, bytes, .. } = whole;
        let updates = vec![DocUpdate { doc, generation, state_vector, update: bytes.into() }];
        self.start(&updates, false);
        Ok(updates)
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
            let Applying { document, generation, wanted, again, echo } = applying;
            match outcome {
                Outcome::Applied { .. } => {
                    self.retries.remove(&document);
                    if let Some(state_vector) = echo {
                        result.give_back.push(Want { document, generation, state_vector });
                    }
                    if again {
                        self.want(document, false);
                    }
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
                Outcome::Gap { .. } if self.is_full() => result.reconcile_again = true,
                Outcome::Gap { .. } => self.want(document, false),
                Outcome::Malformed { reason } => {
                    return Err(PeerMisbehaved::Update { document: doc, reason });
                }
                Outcome::Diverged => result.diverged.push(document),
                Outcome::Stale | Outcome::Failed => {}
            }
        }
        Ok(result)
    }

    /// Whether the host has enough to apply, so that no frame should be read.
    pub(super) fn is_saturated(&self) -> bool {
        self.unapplied_bytes >= MAX_UNAPPLIED_BYTES
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

    fn start(&mut self, updates: &[DocUpdate], live: bool) {
        let mut documents = Vec::with_capacity(updates.len());
        for update in updates {
            let document = update.doc.hash();
            // A push is not the answer to a want, even of the same document.
            let answered = if live { None } else { self.answered(document) };
            let held = || update.state_vector.clone().unwrap_or_default();
            documents.push(Applying {
                document,
                generation: update.generation,
                wanted: answered.is_some(),
                again: answered.as_ref().is_some_and(|outstanding| outstanding.again),
                echo: answered.filter(|outstanding| outstanding.echo).map(|_| held()),
            });
        }
        let bytes = updates.iter().map(|update| update.update.len() + 256).sum();
        self.unapplied_bytes += bytes;
        self.applying.push_back(Batch { documents, bytes, live });
    }

    fn answered(&mut self, document: DocHash) -> Option<Outstanding> {
        let outstanding = self.outstanding.remove(&document)?;
        self.outstanding_bytes -= outstanding.bytes;
        Some(outstanding)
    }
}

/// The names in a frame that is not taken, for the refusal: as many as make sense to list.
pub(super) fn names(content: &Content) -> Vec<DocHash> {
    let Ok(unpacked) = content.unpack() else { return Vec::new() };
    let Ok(entries) = Content::documents(&unpacked) else { return Vec::new() };
    let named = entries.iter().filter_map(|entry| Some(name(entry).ok()?.hash()));
    named.take(64).collect()
}

fn name(entry: &DocEntry<'_>) -> Result<DocId, PeerMisbehaved> {
    DocId::parse(entry.collection, entry.key).map_err(|_| PeerMisbehaved::Name)
}
