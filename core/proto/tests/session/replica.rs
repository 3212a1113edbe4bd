//! A stand-in for the engine: documents that behave like yrs documents towards the protocol.
//! Writers append operations, a state vector counts them, deletions travel whole with every diff
//! and do not show in the vector, and an update may build on something that is missing.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_model::{
    Digest, DocHash, DocId, Fingerprint, Incarnation, Measure, NoRoom, StateVector,
};
use dunlin_proto::session::{DocUpdate, Held, Outcome, Want};
use minicbor::{Decode, Encode, bytes::ByteVec};

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Doc {
    operations: BTreeMap<u64, Vec<Vec<u8>>>,
    deleted: BTreeSet<(u64, u32)>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Update {
    #[n(0)]
    runs: Vec<Run>,
    #[n(1)]
    deleted: Vec<(u64, u32)>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Run {
    #[n(0)]
    writer: u64,
    #[n(1)]
    start: u32,
    #[n(2)]
    operations: Vec<ByteVec>,
}

impl Doc {
    pub(crate) fn append(&mut self, writer: u64, operation: Vec<u8>) -> Vec<u8> {
        let known = self.operations.entry(writer).or_default();
        let start = known.len() as u32;
        known.push(operation.clone());
        let runs = vec![Run { writer, start, operations: vec![operation.into()] }];
        encode(&Update { runs, deleted: vec![] })
    }

    /// Deletes the oldest operation that is left, if there is one.
    pub(crate) fn delete(&mut self) -> Option<Vec<u8>> {
        let all = self.operations.iter().flat_map(|(writer, operations)| {
            (0..operations.len() as u32).map(move |clock| (*writer, clock))
        });
        let first = all.into_iter().find(|id| !self.deleted.contains(id))?;
        self.deleted.insert(first);
        Some(encode(&Update { runs: vec![], deleted: vec![first] }))
    }

    /// How many operations of a writer are here.
    pub(crate) fn clock(&self, writer: u64) -> u32 {
        self.operations.get(&writer).map_or(0, |operations| operations.len() as u32)
    }

    pub(crate) fn state_vector(&self) -> StateVector {
        let clocks = self.operations.iter().filter_map(|(writer, operations)| {
            Some((Incarnation::from_client(*writer)?, operations.len() as u32))
        });
        clocks.collect()
    }

    fn diff(&self, held: &StateVector) -> Vec<u8> {
        let runs = self.operations.iter().filter_map(|(writer, operations)| {
            let start = held.clock(Incarnation::from_client(*writer)?);
            let operations: Vec<_> = operations.get(start as usize..).unwrap_or_default().to_vec();
            let operations: Vec<ByteVec> = operations.into_iter().map(ByteVec::from).collect();
            (!operations.is_empty()).then_some(Run { writer: *writer, start, operations })
        });
        let deleted = self.deleted.iter().copied().collect();
        encode(&Update { runs: runs.collect(), deleted })
    }

    /// Applies an update; says whether it changed anything.
    fn apply(&mut self, update: &[u8]) -> Result<bool, Outcome> {
        let malformed = |_| Outcome::Malformed { reason: "not an update".to_owned() };
        let update: Update = minicbor::decode(update).map_err(malformed)?;
        let mut next = self.clone();
        let gap = || Outcome::Gap { state_vector: self.state_vector() };
        for Run { writer, start, operations } in update.runs {
            let known = next.operations.entry(writer).or_default();
            if start as usize > known.len() {
                return Err(gap());
            }
            let fresh = operations.into_iter().skip(known.len() - start as usize);
            known.extend(fresh.map(Vec::from));
        }
        for (writer, clock) in update.deleted {
            if clock as usize >= next.operations.get(&writer).map_or(0, Vec::len) {
                return Err(gap());
            }
            next.deleted.insert((writer, clock));
        }
        let changed = next != *self;
        *self = next;
        Ok(changed)
    }

    fn size(&self) -> usize {
        self.operations.values().map(Vec::len).sum::<usize>() - self.deleted.len()
    }

    fn digest(&self) -> Digest {
        Digest(*blake3::hash(format!("{self:?}").as_bytes()).as_bytes())
    }
}

fn encode(update: &Update) -> Vec<u8> {
    minicbor::to_vec(update).unwrap()
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Replica {
    pub(crate) docs: BTreeMap<DocId, Doc>,
    names: BTreeMap<DocHash, DocId>,
    digests: BTreeMap<DocHash, Digest>,
    fingerprint: Fingerprint,
    /// Documents whose updates cannot be stored.
    pub(crate) full: BTreeSet<DocId>,
    /// The most operations, deleted ones aside, that a document may come to have by an update.
    pub(crate) room: Option<usize>,
    /// Documents of which every update contradicts what is here.
    pub(crate) contradicted: BTreeSet<DocId>,
}

impl Replica {
    pub(crate) fn append(&mut self, doc: &DocId, writer: u64, operation: &[u8]) -> DocUpdate {
        let update = self.docs.entry(doc.clone()).or_default().append(writer, operation.to_vec());
        self.changed(doc, update)
    }

    pub(crate) fn delete(&mut self, doc: &DocId) -> Option<DocUpdate> {
        let update = self.docs.get_mut(doc)?.delete()?;
        Some(self.changed(doc, update))
    }

    /// Applies updates that stand alone; returns those that brought something too.
    pub(crate) fn apply_each(
        &mut self,
        updates: &[DocUpdate],
    ) -> (Vec<(DocId, Outcome)>, Vec<DocUpdate>) {
        let (mut outcomes, mut changed) = (Vec::new(), Vec::new());
        for update in updates {
            let (outcome, is_new) = self.apply(update);
            outcomes.push((update.doc.clone(), outcome));
            changed.extend(is_new.then(|| update.clone()));
        }
        (outcomes, changed)
    }

    /// Applies all of these updates or none.
    pub(crate) fn apply_together(
        &mut self,
        updates: &[DocUpdate],
    ) -> (Vec<(DocId, Outcome)>, Vec<DocUpdate>) {
        let before = self.clone();
        let (outcomes, changed) = self.apply_each(updates);
        let is_applied = |outcome: &Outcome| matches!(outcome, Outcome::Applied { .. });
        if outcomes.iter().all(|(_, outcome)| is_applied(outcome)) {
            return (outcomes, changed);
        }
        *self = before;
        let undo = |(doc, outcome)| match is_applied(&outcome) {
            true => (doc, Outcome::Undone),
            false => (doc, outcome),
        };
        (outcomes.into_iter().map(undo).collect(), Vec::new())
    }

    pub(crate) fn apply(&mut self, update: &DocUpdate) -> (Outcome, bool) {
        if self.full.contains(&update.doc) {
            return (Outcome::Failed, false);
        }
        if self.contradicted.contains(&update.doc) {
            return (Outcome::Diverged, false);
        }
        let document = self.docs.entry(update.doc.clone()).or_default();
        let before = document.clone();
        let outcome = document.apply(&update.update);
        if let (Ok(true), Some(room)) = (&outcome, self.room)
            && document.size() > room.max(before.size())
        {
            let (has, needs) = (before.size() as u64, document.size() as u64);
            *document = before;
            let (measure, bound) = (Measure::Bytes, room as u64);
            let no_room = NoRoom { measure, has, needs, bound };
            return (Outcome::NoRoom { no_room, here: document.digest() }, false);
        }
        let state_vector = document.state_vector();
        match outcome {
            Ok(changed) => {
                self.changed(&update.doc, Vec::new());
                (Outcome::Applied { state_vector }, changed)
            }
            Err(outcome) => {
                if self.docs[&update.doc] == Doc::default() {
                    self.docs.remove(&update.doc);
                }
                (outcome, false)
            }
        }
    }

    pub(crate) fn summary(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn items(&self) -> Vec<(DocHash, Digest)> {
        self.digests.iter().map(|(document, digest)| (*document, *digest)).collect()
    }

    pub(crate) fn held(&self, document: DocHash) -> Held {
        let known = self.names.get(&document).and_then(|doc| self.docs.get(doc));
        let state_vector = known.map(Doc::state_vector).unwrap_or_default();
        Held { document, generation: 0, state_vector }
    }

    pub(crate) fn diff(&self, want: &Want) -> Option<DocUpdate> {
        let doc = self.names.get(&want.document)?;
        let document = self.docs.get(doc)?;
        Some(DocUpdate {
            doc: doc.clone(),
            generation: 0,
            state_vector: Some(document.state_vector()),
            digest: Some(document.digest()),
            update: document.diff(&want.state_vector).into(),
        })
    }

    fn changed(&mut self, doc: &DocId, update: Vec<u8>) -> DocUpdate {
        let (hash, digest) = (doc.hash(), self.docs[doc].digest());
        self.names.insert(hash, doc.clone());
        if let Some(before) = self.digests.insert(hash, digest) {
            self.fingerprint.remove(hash, before);
        }
        self.fingerprint.insert(hash, digest);
        let (doc, update) = (doc.clone(), update.into());
        DocUpdate { doc, generation: 0, state_vector: None, digest: None, update }
    }
}
