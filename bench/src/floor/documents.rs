//! Bare yrs: one document, one text or one map, and the delta of each transaction.

use std::sync::{Arc, Mutex, PoisonError};

use yrs::{
    Any, ClientID, Doc, Map, MapRef, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef,
    Transact, Update, updates::decoder::Decode,
};

use crate::{Result, trace::Splice};

/// A yrs document that remembers the delta of its last transaction.
pub(crate) struct BareDocument {
    doc: Doc,
    text: TextRef,
    fields: MapRef,
    delta: Arc<Mutex<Vec<u8>>>,
}

impl BareDocument {
    /// An empty document, set up as the product sets up its own.
    pub(crate) fn new(client: u64) -> Result<Self> {
        let document = Self::unobserved(client);
        let seen = document.delta.clone();
        document.doc.observe_update_v1("bench", move |_, event| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&event.update);
        })?;
        Ok(document)
    }

    /// One that only takes deltas in: an observer costs time for every writer.
    pub(crate) fn unobserved(client: u64) -> Self {
        let mut options = Options::with_guid_and_client_id("".into(), ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        options.skip_gc = false;
        options.cleanup_formatting = false;
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("t");
        let fields = doc.get_or_insert_map("f");
        let delta = Arc::default();
        Self { doc, text, fields, delta }
    }

    /// A document from a snapshot or the updates that lead to it.
    pub(crate) fn load<'a>(
        client: u64,
        updates: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self> {
        let document = Self::new(client)?;
        let mut transaction = document.doc.transact_mut();
        for update in updates {
            transaction.apply_update(Update::decode_v1(update)?)?;
        }
        drop(transaction);
        Ok(document)
    }

    /// Puts text before all that is there, in a root of this name.
    pub(crate) fn prepend(&self, root: &str, texts: impl IntoIterator<Item = String>) {
        let text = self.doc.get_or_insert_text(root);
        let mut transaction = self.doc.transact_mut();
        for content in texts {
            text.insert(&mut transaction, 0, &content);
        }
    }

    /// The names of the roots.
    pub(crate) fn roots(&self) -> Vec<String> {
        self.doc.transact().root_refs().map(|(name, _)| name.to_owned()).collect()
    }

    /// Splices in one transaction; its delta.
    pub(crate) fn splice(&self, edits: &[Splice]) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        for Splice { at, delete, insert } in edits {
            if *delete > 0 {
                self.text.remove_range(&mut transaction, *at, *delete);
            }
            if !insert.is_empty() {
                self.text.insert(&mut transaction, *at, insert);
            }
        }
        drop(transaction);
        self.delta()
    }

    /// Sets fields in one transaction; its delta.
    pub(crate) fn set(&self, fields: impl IntoIterator<Item = (String, Any)>) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        for (name, value) in fields {
            self.fields.insert(&mut transaction, name, value);
        }
        drop(transaction);
        self.delta()
    }

    /// Applies a delta from elsewhere.
    pub(crate) fn apply(&self, update: &[u8]) -> Result<()> {
        self.doc.transact_mut().apply_update(Update::decode_v1(update)?)?;
        Ok(())
    }

    /// The whole document.
    pub(crate) fn snapshot(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    fn delta(&self) -> Vec<u8> {
        std::mem::take(&mut *self.delta.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_carry_a_document_to_another_replica() {
        let here = BareDocument::new(1).unwrap();
        let insert = Splice { at: 0, delete: 0, insert: "héllo".into() };
        let remove = Splice { at: 1, delete: 1, insert: String::new() };
        let deltas = [here.splice(&[insert]), here.splice(&[remove]), here.set(field(1))];
        let there = BareDocument::load(2, deltas.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(there.snapshot(), here.snapshot());
        there.apply(&here.set(field(2))).unwrap();
        assert_eq!(there.snapshot(), here.snapshot());
    }

    fn field(value: i64) -> [(String, Any); 1] {
        [("x".to_owned(), Any::from(value))]
    }
}
