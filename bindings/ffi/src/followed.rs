//! Following one document.

use std::sync::Arc;

use crate::{
    document::Document,
    error::Result,
    pull::{Pull, Source},
};

/// What a followed document is at the moment.
#[derive(Clone, Debug, uniffi::Record)]
pub struct DocumentState {
    /// The document; none while there is none, or it is deleted.
    pub document: Option<Document>,
}

/// Follows one document. Dropping it stops it.
///
/// Changes that come faster than they are taken are told as one.
#[derive(uniffi::Object)]
pub struct FollowedDocument(Pull<dunlin::FollowedDocument>);

impl FollowedDocument {
    pub(crate) fn shared(followed: dunlin::FollowedDocument) -> Arc<Self> {
        Arc::new(Self(Pull::new(followed)))
    }
}

#[uniffi::export]
impl FollowedDocument {
    /// The document: the first time as it is, then each time that it has changed; none once it was
    /// stopped or the node is shut down.
    ///
    /// Fails with `Corrupt` where what is stored cannot be read.
    pub async fn next(&self) -> Result<Option<DocumentState>> {
        self.0.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Source for dunlin::FollowedDocument {
    type Item = DocumentState;

    async fn pull(&mut self) -> Result<Option<DocumentState>> {
        let state = self.next().await?;
        let present = |state: dunlin::DocumentState| state.into_present().map(Document::from);
        Ok(state.map(|state| DocumentState { document: present(state) }))
    }
}
