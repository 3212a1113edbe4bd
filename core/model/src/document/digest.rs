//! Digests: equal digest = same document.

use yrs::{GetString, Out, ReadTxn, Transact};

use super::{Document, replica};
use crate::ids::Digest;

const CONTEXT: &str = "dunlin 2026 document digest v2";

impl Document {
    /// Hash over generation, sorted state vector, sorted delete set and content; never over yrs
    /// encodings, which differ between converged replicas.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.known.generation.to_be_bytes());
        let Ok(txn) = self.doc.try_transact() else { return Digest([0; 32]) };
        let snapshot = txn.snapshot();
        put(&mut hasher, &replica::from_yrs(&snapshot.state_map).encode());

        let mut deleted: Vec<(u64, u32, u32)> = Vec::new();
        for (client, ranges) in snapshot.delete_set.iter() {
            for range in ranges.iter() {
                deleted.push((client.get(), range.start, range.end));
            }
        }
        deleted.sort_unstable();
        deleted.dedup_by(|next, last| {
            let joins = next.0 == last.0 && next.1 <= last.2;
            if joins {
                last.2 = last.2.max(next.2);
            }
            joins
        });
        hasher.update(&(deleted.len() as u64).to_be_bytes());
        for (client, start, end) in deleted {
            hasher.update(&client.to_be_bytes());
            hasher.update(&start.to_be_bytes());
            hasher.update(&end.to_be_bytes());
        }

        let mut entries: Vec<(&str, Out)> = yrs::Map::iter(&self.entries, &txn).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        hasher.update(&(entries.len() as u64).to_be_bytes());
        for (key, value) in entries {
            put(&mut hasher, key.as_bytes());
            if let Out::Any(yrs::Any::Buffer(payload)) = value {
                put(&mut hasher, &payload);
            }
        }
        for (root, text) in &self.texts {
            let content = text.get_string(&txn);
            if !content.is_empty() {
                put(&mut hasher, root.to_string().as_bytes());
                put(&mut hasher, content.as_bytes());
            }
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

fn put(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}
