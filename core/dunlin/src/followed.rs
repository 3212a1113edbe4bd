//! Following one document.

use dunlin_model::{Conflict, Version};

use crate::{
    document::Document,
    engine::{EngineHandle, Follower, Mark, is_away},
    error::{Code, Result},
};

/// What a [`FollowedDocument`] gives.
#[derive(Clone, Debug, PartialEq)]
pub enum DocumentState {
    /// The document as it is.
    Present(Document),
    /// It is deleted: its last content.
    Deleted(Document),
    /// There is none.
    Missing,
}

impl DocumentState {
    /// The document, unless it is deleted.
    pub fn into_present(self) -> Option<Document> {
        match self {
            Self::Present(document) => Some(document),
            Self::Deleted(_) | Self::Missing => None,
        }
    }
}

impl From<Document> for DocumentState {
    fn from(document: Document) -> Self {
        match document.is_deleted {
            true => Self::Deleted(document),
            false => Self::Present(document),
        }
    }
}

/// Follows one document, which need not be there yet. Dropping it stops it.
///
/// Changes that come faster than they are taken are told as one. What is written to other documents
/// costs nothing here.
pub struct FollowedDocument {
    engine: EngineHandle,
    follower: Follower,
    /// When the document was last read.
    read: Option<Mark>,
    /// What the caller has heard of.
    told: Option<Told>,
}

/// What tells one state of a document from another: none for one that is missing.
type Told = Option<(Version, Vec<Conflict>)>;

impl FollowedDocument {
    pub(crate) fn new(engine: &EngineHandle, follower: Follower) -> Self {
        Self { engine: engine.clone(), follower, read: None, told: None }
    }

    /// The document: the first time as it is, then each time that it has changed. Waits until it
    /// has, and while the node is suspended; none once that is shut down.
    ///
    /// # Errors
    /// `Corrupt` where what is stored cannot be read.
    pub async fn next(&mut self) -> Result<Option<DocumentState>> {
        while let Some(mark) = self.follower.wait(self.read).await {
            let state = match self.engine.read_document(self.follower.doc().clone()).await {
                Ok(document) => document.into(),
                Err(error) if error.code() == Code::NotFound => DocumentState::Missing,
                Err(error) if is_away(&error) => continue,
                Err(error) => return Err(error),
            };
            self.read = Some(mark);
            let tells = match &state {
                DocumentState::Present(document) | DocumentState::Deleted(document) => {
                    Some((document.version.clone(), document.conflicts.clone()))
                }
                DocumentState::Missing => None,
            };
            // The read before this one may have seen the change already.
            if self.told.as_ref() != Some(&tells) {
                self.told = Some(tells);
                return Ok(Some(state));
            }
        }
        Ok(None)
    }
}
