//! Beginning a document anew from its present content, where removing gives no room and where two
//! copies contradict each other.
//!
//! What comes out is another document under the same name, of the next generation: nothing of the
//! older one's operations goes with it. Whoever has the older one takes the newer in its place, and
//! keeps what it alone had as [`left_behind`].

use super::{Applied, ApplyError, Change, Conflict, Document, Side, history::History};
use crate::{
    error::EditError, ids::Incarnation, limits::MAX_GENERATION, path::RegisterPath, value::Value,
};

/// Most places that are told of one by one; beyond that the whole content is.
const MAX_LEFT_BEHIND: usize = 64;

impl Document {
    /// A document of this generation without content, as of a local sequence number.
    pub fn begin(generation: u32, incarnation: Incarnation, seq: i64) -> Self {
        let mut document = Self::new(incarnation);
        document.known.generation = generation;
        document.seq = seq;
        document.history = History::since(seq);
        document
    }

    /// The document begun anew under the next generation, with the content that this one has.
    ///
    /// # Errors
    /// `NotFound` if there is none or it is deleted, `LimitExceeded` beyond the last generation or
    /// where the content is too large to be written at once.
    pub fn refound(&self, now_ms: i64) -> Result<(Self, Change), EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        if self.generation() >= MAX_GENERATION {
            let what = "the generation of the document".to_owned();
            return Err(EditError::LimitExceeded { what, limit: MAX_GENERATION.into() });
        }
        let mut anew = Self::begin(self.generation() + 1, self.incarnation, self.seq);
        // As after any other write, there may be as much as there was.
        anew.encoded_len = self.encoded_len;
        anew.is_measured = true;
        let change = anew.insert(&self.value(), now_ms)?;
        (anew.encoded_len, anew.is_measured) = (change.update.len(), false);
        Ok((anew, change))
    }

    /// Reads a document of a newer generation, which must be whole.
    ///
    /// # Errors
    /// As [`apply`](Self::apply), to a document without content.
    pub fn successor(
        &self,
        generation: u32,
        update: &[u8],
    ) -> Result<Option<(Self, Change)>, ApplyError> {
        let mut anew = Self::begin(generation, self.incarnation, self.seq);
        let applied = anew.apply(update)?;
        match applied {
            Applied::Changed(change) if anew.exists() => Ok(Some((anew, change))),
            _ => Ok(None),
        }
    }

    /// What this document shows or keeps as a conflict, and another that takes its place does not
    /// show: at the highest places that differ, as conflicts without writer and time.
    pub fn left_behind(&self, by: &Self) -> Vec<Conflict> {
        let mut left = self.conflicts();
        if !self.exists() {
            return left;
        }
        if self.is_deleted() {
            // What somebody deleted must not come back in silence.
            left.push(told(RegisterPath::root(), None));
            return left;
        }
        let (old, new) = (self.value(), by.value());
        let mut places = Vec::new();
        differences(&RegisterPath::root(), &old, Some(&new), &mut places);
        if places.len() > MAX_LEFT_BEHIND {
            places = vec![(RegisterPath::root(), old)];
        }
        left.extend(places.into_iter().map(|(path, value)| told(path, Some(value))));
        left
    }
}

fn told(path: RegisterPath, value: Option<Value>) -> Conflict {
    Conflict::new(path.to_string(), Side::default(), Side::of(value))
}

/// Where an older value says what a newer one does not.
fn differences(
    path: &RegisterPath,
    old: &Value,
    new: Option<&Value>,
    found: &mut Vec<(RegisterPath, Value)>,
) {
    match (old, new) {
        (old, Some(new)) if old == new => {}
        (Value::Object(old), Some(Value::Object(new))) => {
            for (key, field) in old {
                differences(&path.key(key), field, new.get(key), found);
            }
        }
        _ => found.push((path.clone(), old.clone())),
    }
}
