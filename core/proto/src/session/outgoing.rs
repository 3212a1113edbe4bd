//! Documents on their way to the peer: what it wants, and what it is known to lack.

use std::collections::VecDeque;

use dunlin_model::{DocHash, StateVector};
use minicbor::bytes::ByteSlice;

use super::event::{DocUpdate, Want};
use crate::{
    error::PeerMisbehaved,
    frame::{Content, DocEntry, Frame, Slot, WantEntry},
    limits::{BATCH_BYTES, BATCH_DOCUMENTS, MAX_PEER_WANT_BYTES, MAX_PEER_WANTS, MAX_VECTOR_BYTES},
};

/// Most documents asked of the host at once.
const ASK_DOCUMENTS: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Wanted, or to be given back after an exchange.
    pending: VecDeque<Asked>,
    /// Known to be missing at the peer.
    lacking: VecDeque<DocHash>,
    /// Asked of the host.
    asked: VecDeque<Asked>,
    ready: VecDeque<Ready>,
    ready_bytes: usize,
    /// How much of the first ready document has been sent.
    offset: usize,
    missing: Vec<DocHash>,
    /// Documents that the peer wants and has not received, and the bytes of its vectors that wait.
    owed: usize,
    owed_bytes: usize,
}

#[derive(Debug)]
struct Asked {
    want: Want,
    echo: bool,
    /// Bytes of the peer's vector, if the peer waits for this.
    owed: Option<usize>,
}

#[derive(Debug)]
struct Ready {
    document: DocUpdate,
    vector: Option<Vec<u8>>,
    owed: bool,
}

impl Outgoing {
    /// Takes note of what the peer wants.
    pub(super) fn want(&mut self, wanted: Vec<WantEntry>) -> Result<(), PeerMisbehaved> {
        for WantEntry { document, generation, state_vector, echo } in wanted {
            let bytes = state_vector.len() * 9;
            self.owed += 1;
            self.owed_bytes += bytes;
            self.check_owed()?;
            let want = Want { document, generation, state_vector };
            self.pending.push_back(Asked { want, echo, owed: Some(bytes) });
        }
        Ok(())
    }

    /// Answers that none of these can be given.
    pub(super) fn decline(&mut self, wanted: &[WantEntry]) -> Result<(), PeerMisbehaved> {
        self.owed += wanted.len();
        self.missing.extend(wanted.iter().map(|entry| entry.document));
        self.check_owed()
    }

    /// Gives what the peer lacks of a document beyond what it said it holds.
    pub(super) fn give_back(&mut self, want: Want) {
        self.pending.push_back(Asked { want, echo: false, owed: None });
    }

    /// Gives a document that the peer has nothing of.
    pub(super) fn give(&mut self, document: DocHash) {
        self.lacking.push_back(document);
    }

    /// What to ask of the host next, if it is time.
    pub(super) fn next_wants(&mut self) -> Option<Vec<Want>> {
        if !self.asked.is_empty() || self.ready_bytes > BATCH_BYTES {
            return None;
        }
        while self.asked.len() < ASK_DOCUMENTS {
            let next = self.pending.pop_front().or_else(|| {
                let document = self.lacking.pop_front()?;
                let state_vector = StateVector::default();
                let want = Want { document, generation: 0, state_vector };
                Some(Asked { want, echo: false, owed: None })
            });
            let Some(next) = next else { break };
            self.asked.push_back(next);
        }
        let wants: Vec<_> = self.asked.iter().map(|asked| asked.want.clone()).collect();
        (!wants.is_empty()).then_some(wants)
    }

    /// The host's answer: diffs for the first of what it was asked.
    pub(super) fn answer(&mut self, mut diffs: Vec<Option<DocUpdate>>) {
        if diffs.is_empty() && !self.asked.is_empty() {
            // A host that cannot answer must not be asked the same for ever.
            diffs.push(None);
        }
        for (diff, asked) in diffs.into_iter().zip(std::iter::from_fn(|| self.asked.pop_front())) {
            self.owed_bytes -= asked.owed.unwrap_or(0);
            match diff {
                Some(document) => {
                    let vector = document.state_vector.as_ref().filter(|_| asked.echo);
                    let vector = vector
                        .map(StateVector::encode)
                        .filter(|bytes| bytes.len() <= MAX_VECTOR_BYTES);
                    self.ready_bytes += document.update.len();
                    let document = DocUpdate { state_vector: None, ..document };
                    let owed = asked.owed.is_some();
                    self.ready.push_back(Ready { document, vector, owed });
                }
                None if asked.owed.is_some() => self.missing.push(asked.want.document),
                None => {}
            }
        }
        while let Some(asked) = self.asked.pop_back() {
            self.pending.push_front(asked);
        }
    }

    /// The next frame, if there is one.
    pub(super) fn next_frame(&mut self, space: Slot) -> Option<Frame> {
        if self.offset > 0 {
            return self.next_chunk(space);
        }
        let (mut count, mut bytes, mut cut) = (0, 0, None);
        for ready in self.ready.iter().take(BATCH_DOCUMENTS) {
            let update = ready.document.update.len();
            let vector = ready.vector.as_ref().map_or(0, Vec::len);
            if count > 0 && bytes + vector + update.min(BATCH_BYTES) > BATCH_BYTES {
                break;
            }
            count += 1;
            bytes += vector + update;
            if update > BATCH_BYTES {
                cut = Some(update);
                break;
            }
        }
        let missing: Vec<_> = self.missing.drain(..self.missing.len().min(1024)).collect();
        if count == 0 && missing.is_empty() {
            return None;
        }
        let whole = count - usize::from(cut.is_some());
        let entries: Vec<_> = self.ready.iter().take(count).map(entry).collect();
        let content = Content::pack_documents(&entries);
        self.owed -= missing.len();
        for ready in self.ready.drain(..whole) {
            self.owed -= usize::from(ready.owed);
            self.ready_bytes -= ready.document.update.len();
        }
        if cut.is_some() {
            self.offset = BATCH_BYTES;
        }
        Some(Frame::Docs { space, content, missing })
    }

    /// Whether nothing waits, here or at the host.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_empty()
            && self.lacking.is_empty()
            && self.asked.is_empty()
            && self.ready.is_empty()
            && self.missing.is_empty()
    }

    fn check_owed(&self) -> Result<(), PeerMisbehaved> {
        if self.owed > MAX_PEER_WANTS || self.owed_bytes > MAX_PEER_WANT_BYTES {
            return Err(PeerMisbehaved::TooMany("documents wanted at once"));
        }
        Ok(())
    }

    fn next_chunk(&mut self, space: Slot) -> Option<Frame> {
        let ready = self.ready.front()?;
        let rest = &ready.document.update[self.offset..];
        let chunk = rest[..rest.len().min(BATCH_BYTES)].to_vec();
        self.offset += chunk.len();
        if chunk.len() == rest.len() {
            self.offset = 0;
            self.owed -= usize::from(ready.owed);
            self.ready_bytes -= ready.document.update.len();
            self.ready.pop_front();
        }
        Some(Frame::Chunk { space, content: Content::pack(chunk) })
    }
}

fn entry(ready: &Ready) -> DocEntry<'_> {
    let Ready { document, vector, .. } = ready;
    let cut = document.update.len() > BATCH_BYTES;
    let part = if cut { &document.update[..BATCH_BYTES] } else { &document.update };
    DocEntry {
        collection: document.doc.collection.as_str(),
        key: document.doc.key.as_str(),
        generation: document.generation,
        state_vector: vector.as_deref().map(<&ByteSlice>::from),
        update: part.into(),
        digest: document.digest.as_ref().map(|digest| (&digest.0[..]).into()),
        total: cut.then_some(document.update.len() as u32),
    }
}

/// The content of a `Push` frame.
pub(super) fn push_content(updates: &[DocUpdate]) -> Content {
    let entries: Vec<_> = updates
        .iter()
        .map(|update| DocEntry {
            collection: update.doc.collection.as_str(),
            key: update.doc.key.as_str(),
            generation: update.generation,
            state_vector: None,
            update: (&*update.update).into(),
            total: None,
            digest: None,
        })
        .collect();
    Content::pack_documents(&entries)
}
