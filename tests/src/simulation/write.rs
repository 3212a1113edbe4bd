//! Writes as they are handed to a node, with what they promise.

use dunlin::{
    Attempt, Code, Committed, Document, Edit, Error, ListKeys, Result, Space, Value, Version,
};
use serde_json::Value as Json;

use super::ledger::Fact;

/// Documents whose content the ledger knows. Nobody deletes them or writes anything there that
/// buries another's write.
pub(super) const LEDGER: &str = "ledger";
/// Documents that only the device that made one deletes and restores.
pub(super) const NOTES: &str = "notes";
/// Documents where anything goes.
pub(super) const CHAOS: &str = "chaos";

/// A write that is ready to be made.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) operation: &'static str,
    pub(super) call: Call,
    pub(super) facts: Vec<Fact>,
    pub(super) tolerance: Tolerance,
}

#[derive(Clone, Debug)]
pub(super) enum Call {
    Edit { collection: &'static str, key: String, edits: Json, base: Option<Version> },
    Put { collection: &'static str, key: String, patch: Json, base: Option<Version> },
    PutMany { collection: &'static str, patches: Vec<(String, Json)> },
    Transaction { collection: &'static str, patches: Vec<(String, Json)> },
    Save { collection: &'static str, read: Box<Document>, new: Json },
    Insert { collection: &'static str, value: Json },
    Delete { collection: &'static str, key: String },
    Restore { collection: &'static str, key: String },
}

/// Which refusals a write may meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tolerance {
    Nothing,
    /// What it is based on may be too old or gone.
    Stale,
    /// Whatever the state of the document makes of it.
    Refusal,
}

impl Tolerance {
    pub(super) fn allows(self, error: &Error) -> bool {
        match self {
            Self::Nothing => false,
            Self::Stale => matches!(error.code(), Code::StaleVersion | Code::NotFound),
            Self::Refusal => matches!(
                error.code(),
                Code::StaleVersion | Code::NotFound | Code::WrongKind | Code::InvalidInput
            ),
        }
    }
}

impl Call {
    pub(super) fn collection(&self) -> &'static str {
        match self {
            Self::Edit { collection, .. }
            | Self::Put { collection, .. }
            | Self::PutMany { collection, .. }
            | Self::Transaction { collection, .. }
            | Self::Save { collection, .. }
            | Self::Insert { collection, .. }
            | Self::Delete { collection, .. }
            | Self::Restore { collection, .. } => collection,
        }
    }

    pub(super) async fn perform(self, space: &Space) -> Result<Vec<Committed>> {
        let committed = match self {
            Self::Edit { collection, key, edits, base } => {
                let edits = Edit::list_from_json(&edits)?;
                space.collection(collection)?.edit(&key.parse()?, edits, base).await?
            }
            Self::Put { collection, key, patch, base } => {
                let patch = Value::from_json(&patch)?;
                let keys = ListKeys::default();
                space.collection(collection)?.put_based(&key.parse()?, patch, base, keys).await?
            }
            Self::PutMany { collection, patches } => {
                let patches = patches
                    .into_iter()
                    .map(|(key, patch)| Ok((key.parse()?, Value::from_json(&patch)?)));
                let patches = patches.collect::<Result<Vec<_>>>()?;
                let answers =
                    space.collection(collection)?.put_many(patches, ListKeys::default()).await?;
                return answers.into_iter().collect();
            }
            Self::Transaction { collection, patches } => {
                return transact(space, collection, &patches).await;
            }
            Self::Save { collection, read, new } => {
                let new = Value::from_json(&new)?;
                space.collection(collection)?.save(&read, new, ListKeys::default()).await?
            }
            Self::Insert { collection, value } => {
                space.collection(collection)?.insert(Value::from_json(&value)?).await?
            }
            Self::Delete { collection, key } => {
                space.collection(collection)?.delete(&key.parse()?).await?
            }
            Self::Restore { collection, key } => {
                space.collection(collection)?.restore(&key.parse()?).await?
            }
        };
        Ok(vec![committed])
    }
}

/// Reads documents and merges patches into them, all or none.
async fn transact(
    space: &Space,
    collection: &str,
    patches: &[(String, Json)],
) -> Result<Vec<Committed>> {
    let documents = space.collection(collection)?;
    let turn = space.turn(&[]).await?;
    loop {
        let run = turn.transaction();
        let stage = async {
            for (key, patch) in patches {
                let (key, patch) = (key.parse()?, Value::from_json(patch)?);
                run.find(&documents, &key).await?;
                run.put(&documents, &key, patch, None, ListKeys::default())?;
            }
            Ok::<_, Error>(())
        };
        let staged = stage.await;
        if turn.again()? {
            continue;
        }
        staged?;
        if let Attempt::Committed(committed) = turn.commit().await? {
            return Ok(committed);
        }
    }
}
