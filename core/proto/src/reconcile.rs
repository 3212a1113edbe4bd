//! Range-based set reconciliation over documents at their digests, by the `negentropy` crate.
//!
//! An item's id is 16 bytes of H(document) ‖ the first 16 of its digest; its timestamp is 0, since
//! the id already orders items and bounds then take a few bytes each.

use dunlin_model::{Digest, DocHash};
use negentropy::{Bound, Error, Id, Item, Negentropy, NegentropyStorageBase};

use crate::{
    error::PeerMisbehaved,
    limits::{MAX_RECONCILE_BYTES, RECONCILE_BYTES},
};

/// A document and the beginning of its digest.
pub(crate) type ItemId = [u8; 32];

/// A frozen set of documents at their digests, sorted.
#[derive(Debug)]
pub(crate) struct Items(Vec<ItemId>);

/// What the two sets do not have in common, as the initiator learns it.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Items here that the peer has not.
    pub(crate) have: Vec<ItemId>,
    /// Items of the peer that are not here.
    pub(crate) need: Vec<ItemId>,
}

impl Items {
    pub(crate) fn new(documents: impl IntoIterator<Item = (DocHash, Digest)>) -> Self {
        let mut items: Vec<_> =
            documents.into_iter().map(|(document, digest)| item(document, digest)).collect();
        items.sort_unstable();
        items.dedup();
        Self(items)
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = DocHash> + '_ {
        self.0.iter().map(document)
    }

    /// The first message.
    pub(crate) fn initiate(&self) -> Option<Vec<u8>> {
        Negentropy::borrowed(self, RECONCILE_BYTES as u64).ok()?.initiate().ok()
    }

    /// The responder's answer.
    pub(crate) fn respond(&self, message: &[u8]) -> Result<Vec<u8>, PeerMisbehaved> {
        check_length(message)?;
        Negentropy::borrowed(self, RECONCILE_BYTES as u64)
            .and_then(|mut negentropy| negentropy.reconcile(message))
            .map_err(|_| PeerMisbehaved::Reconcile)
    }

    /// The initiator's next message, none at the end; collects differences.
    pub(crate) fn advance(
        &self,
        message: &[u8],
        differences: &mut Differences,
    ) -> Result<Option<Vec<u8>>, PeerMisbehaved> {
        check_length(message)?;
        let (mut have, mut need) = (Vec::new(), Vec::new());
        let next = Negentropy::borrowed(self, RECONCILE_BYTES as u64)
            .and_then(|mut negentropy| {
                negentropy.set_initiator();
                negentropy.reconcile_with_ids(message, &mut have, &mut need)
            })
            .map_err(|_| PeerMisbehaved::Reconcile)?;
        differences.have.extend(have.iter().map(|id| id.to_bytes()));
        differences.need.extend(need.iter().map(|id| id.to_bytes()));
        Ok(next)
    }
}

impl Differences {
    pub(crate) fn len(&self) -> usize {
        self.have.len() + self.need.len()
    }

    /// Each document that differs, with what is here and what the peer has; sorted.
    pub(crate) fn documents(mut self) -> Vec<(DocHash, Option<ItemId>, Option<ItemId>)> {
        self.have.sort_unstable();
        self.need.sort_unstable();
        // Two items of one document can only come from a peer that makes them up.
        self.have.dedup_by_key(|item| document(item));
        self.need.dedup_by_key(|item| document(item));
        let mut need = self.need.into_iter().peekable();
        let mut documents = Vec::new();
        for ours in self.have {
            while let Some(theirs) = need.next_if(|theirs| document(theirs) < document(&ours)) {
                documents.push((document(&theirs), None, Some(theirs)));
            }
            let theirs = need.next_if(|theirs| document(theirs) == document(&ours));
            documents.push((document(&ours), Some(ours), theirs));
        }
        documents.extend(need.map(|theirs| (document(&theirs), None, Some(theirs))));
        documents
    }
}

impl NegentropyStorageBase for Items {
    fn size(&self) -> Result<usize, Error> {
        Ok(self.0.len())
    }

    fn get_item(&self, index: usize) -> Result<Option<Item>, Error> {
        Ok(self.0.get(index).map(as_item))
    }

    fn iterate(
        &self,
        begin: usize,
        end: usize,
        visit: &mut dyn FnMut(Item, usize) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let range = self.0.get(begin..end).ok_or(Error::BadRange)?;
        for (offset, item) in range.iter().enumerate() {
            if !visit(as_item(item), begin + offset)? {
                break;
            }
        }
        Ok(())
    }

    fn find_lower_bound(&self, first: usize, last: usize, bound: &Bound) -> usize {
        let range = self.0.get(first..last).unwrap_or_default();
        first + range.partition_point(|item| as_item(item) < bound.item)
    }
}

fn item(document: DocHash, digest: Digest) -> ItemId {
    let mut item = [0; 32];
    item[..16].copy_from_slice(&document.0);
    item[16..].copy_from_slice(&digest.0[..16]);
    item
}

fn document(item: &ItemId) -> DocHash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&item[..16]);
    DocHash(hash)
}

fn as_item(item: &ItemId) -> Item {
    Item::with_timestamp_and_id(0, Id::from_byte_array(*item))
}

fn check_length(message: &[u8]) -> Result<(), PeerMisbehaved> {
    if message.len() > MAX_RECONCILE_BYTES {
        return Err(PeerMisbehaved::TooMany("bytes in a reconciliation message"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(documents: impl Iterator<Item = (u32, u8)>) -> Items {
        Items::new(documents.map(|(name, digest)| {
            let hash = blake3::hash(&name.to_le_bytes());
            let mut document = [0; 16];
            document.copy_from_slice(&hash.as_bytes()[..16]);
            (DocHash(document), Digest([digest; 32]))
        }))
    }

    fn run(ours: &Items, theirs: &Items) -> (Differences, usize, usize) {
        let mut differences = Differences::default();
        let mut next = ours.initiate();
        let (mut bytes, mut rounds) = (0, 0);
        while let Some(message) = next {
            let answer = theirs.respond(&message).unwrap();
            bytes += message.len() + answer.len();
            rounds += 1;
            next = ours.advance(&answer, &mut differences).unwrap();
        }
        (differences, bytes, rounds)
    }

    #[test]
    fn finds_every_difference_and_tells_the_three_cases_apart() {
        let ours = set((0..3000).map(|name| (name, 0)));
        let theirs = set((5..3010).map(|name| (name, u8::from(name % 500 == 9))));
        let (differences, ..) = run(&ours, &theirs);
        let documents = differences.documents();
        let count = |here: bool, there: bool| {
            let case = |(_, ours, theirs): &&(DocHash, Option<ItemId>, Option<ItemId>)| {
                ours.is_some() == here && theirs.is_some() == there
            };
            documents.iter().filter(case).count()
        };
        assert_eq!((count(true, false), count(false, true), count(true, true)), (5, 10, 6));
        assert!(documents.is_sorted_by_key(|(document, ..)| *document));
    }

    #[test]
    fn one_difference_in_ten_thousand_takes_little() {
        let ours = set((0..10_000).map(|name| (name, 0)));
        let theirs = set((0..10_000).map(|name| (name, u8::from(name == 77))));
        let (differences, bytes, rounds) = run(&ours, &theirs);
        assert_eq!((differences.have.len(), differences.need.len()), (1, 1));
        assert!(bytes < 1500 && rounds <= 4, "{bytes} bytes in {rounds} rounds");
    }

    #[test]
    fn many_differences_are_split_over_bounded_messages() {
        let ours = set((0..20_000).map(|name| (name, 0)));
        let theirs = set((0..20_000).map(|name| (name, 1)));
        let mut differences = Differences::default();
        let mut next = ours.initiate();
        while let Some(message) = next {
            assert!(message.len() <= RECONCILE_BYTES);
            let answer = theirs.respond(&message).unwrap();
            assert!(answer.len() <= RECONCILE_BYTES);
            next = ours.advance(&answer, &mut differences).unwrap();
        }
        assert_eq!(differences.documents().len(), 20_000);
    }

    #[test]
    fn too_long_and_senseless_messages_are_the_peers_fault() {
        let items = set((0..10).map(|name| (name, 0)));
        let long = vec![0x61; MAX_RECONCILE_BYTES + 1];
        assert!(matches!(items.respond(&long), Err(PeerMisbehaved::TooMany(_))));
        assert_eq!(items.respond(&[]), Err(PeerMisbehaved::Reconcile));
        assert_eq!(items.respond(&[0x61, 0, 0, 9]), Err(PeerMisbehaved::Reconcile));
        let nothing = items.advance(&[0x62], &mut Differences::default());
        assert!(nothing.is_err());
    }
}
