//! Lists of documents that somebody has to look at.

use dunlin_model::{Collection, DocId};
use dunlin_store::{Listed, Listing};
use tokio::time::sleep_until;

use super::EngineHandle;
use crate::error::Result;

/// Most documents that one call lists.
pub(crate) const AT_MOST: usize = 1000;

impl EngineHandle {
    /// Documents of a list, those behind `after`, at most [`AT_MOST`].
    ///
    /// Whether a long document is contested is found out once a second at most: the list waits for
    /// those that have been edited within that time.
    pub(crate) async fn list(
        &self,
        listing: Listing,
        collection: Option<Collection>,
        after: Option<DocId>,
    ) -> Result<Vec<Listed>> {
        let later = self.refresh_projections().await?;
        let due = later.into_iter().map(|(_, due)| due).max();
        if let Some(due) = due.filter(|_| listing == Listing::Contested) {
            sleep_until(due).await;
            self.refresh_projections().await?;
        }
        self.call(move |engine| {
            Ok(engine.store.list(listing, collection.as_ref(), after.as_ref(), AT_MOST)?)
        })
        .await
    }
}
