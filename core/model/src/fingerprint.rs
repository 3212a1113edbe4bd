//! One number for a whole set of documents, kept up to date one document at a time.

use std::fmt;

use data_encoding::HEXLOWER;

use crate::ids::{Digest, DocHash};

/// Sum modulo 2²⁵⁶ of one hash a document, and their count.
///
/// The order in which documents come and go does not matter, so two replicas that hold the same
/// documents at the same digests have the same fingerprint. It spots differences between honest
/// replicas; a member that computes collisions on purpose only cheats itself out of an exchange.
///
/// ```
/// use dunlin_model::{Digest, DocId, Fingerprint};
///
/// let task = DocId::parse("tasks", "1")?.hash();
/// let note = DocId::parse("notes", "1")?.hash();
/// let mut here = Fingerprint::default();
/// here.insert(task, Digest([1; 32]));
/// here.insert(note, Digest([2; 32]));
/// here.remove(task, Digest([1; 32]));
///
/// let mut there = Fingerprint::default();
/// there.insert(note, Digest([2; 32]));
/// assert_eq!(here, there);
/// # Ok::<(), dunlin_model::InvalidInput>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fingerprint {
    /// How many documents are in the set.
    pub count: u64,
    /// The sum of their hashes, little-endian.
    pub sum: [u8; 32],
}

impl Fingerprint {
    /// Adds one document at this digest.
    pub fn insert(&mut self, document: DocHash, digest: Digest) {
        self.count = self.count.wrapping_add(1);
        self.sum = add(&self.sum, &item(document, digest));
    }

    /// Takes out one document that was added at this digest.
    pub fn remove(&mut self, document: DocHash, digest: Digest) {
        self.count = self.count.wrapping_sub(1);
        self.sum = add(&self.sum, &negate(&item(document, digest)));
    }

    /// Joins the sets of two fingerprints that have no document in common.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.wrapping_add(other.count);
        self.sum = add(&self.sum, &other.sum);
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.sum))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({} documents, {})", self.count, HEXLOWER.encode(&self.sum[..5]))
    }
}

fn item(document: DocHash, digest: Digest) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 set item v1");
    hasher.update(document.as_bytes());
    hasher.update(&digest.0);
    *hasher.finalize().as_bytes()
}

fn add(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0u16;
    for (out, (a, b)) in sum.iter_mut().zip(left.iter().zip(right)) {
        let digit = u16::from(*a) + u16::from(*b) + carry;
        *out = digit as u8;
        carry = digit >> 8;
    }
    sum
}

/// Two's complement.
fn negate(value: &[u8; 32]) -> [u8; 32] {
    let mut one = [0; 32];
    one[0] = 1;
    add(&value.map(|byte| !byte), &one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_insertions_and_removals_does_not_matter() {
        let items: Vec<_> =
            (0..64u8).map(|byte| (DocHash([byte; 16]), Digest([byte ^ 0xa5; 32]))).collect();
        let mut forward = Fingerprint::default();
        let mut backward = Fingerprint::default();
        for (document, digest) in &items {
            forward.insert(*document, *digest);
        }
        for (document, digest) in items.iter().rev() {
            backward.insert(*document, *digest);
        }
        assert_eq!(forward, backward);
        assert_eq!(forward.count, 64);
        for (document, digest) in &items {
            forward.remove(*document, *digest);
        }
        assert_eq!(forward, Fingerprint::default());
    }

    #[test]
    fn a_removal_borrows_across_all_digits() {
        let mut fingerprint = Fingerprint::default();
        fingerprint.remove(DocHash([7; 16]), Digest([8; 32]));
        assert_ne!(fingerprint, Fingerprint::default());
        fingerprint.insert(DocHash([7; 16]), Digest([8; 32]));
        assert_eq!(fingerprint, Fingerprint::default());
        assert_eq!(add(&[0xff; 32], &negate(&[0xff; 32])), [0; 32]);
        assert_eq!(negate(&[0; 32]), [0; 32]);
    }

    #[test]
    fn another_digest_is_another_fingerprint() {
        let with = |digest| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.insert(DocHash([1; 16]), Digest([digest; 32]));
            fingerprint
        };
        assert_ne!(with(1), with(2));
        let golden = "f0b28fade924fa4173c41c31cd86f84733bd110836730a657e2a059ec9b19674";
        assert_eq!(with(1).to_string(), golden);
    }
}
