//! Reading documents and queries: on the engine, or beside it while it is busy.

use std::{future::pending, pin::pin, time::Duration};

use dunlin_model::{Conflict, DocId, Incarnation};
use dunlin_store::{DocRow, Limits, Rows};
use serde_json::Value as Json;
use tokio::time::{sleep, sleep_until};

use super::{Engine, EngineHandle, desk::load, refound::journal, upkeep::not_found};
use crate::{document::Document, error::Result};

/// How long a read waits for the engine before it looks into the file itself.
const PATIENCE: Duration = Duration::from_millis(5);

impl EngineHandle {
    /// Reads a document, deleted or not. While the engine is at something long, the document is
    /// loaded from the file beside it: what has been committed is there.
    pub(crate) async fn read_document(&self, doc: DocId) -> Result<Document> {
        let named = doc.clone();
        let mut asked = pin!(self.call(move |engine| engine.read(&named)));
        if self.is_simulated() {
            return asked.await;
        }
        tokio::select! {
            biased;
            answer = &mut asked => return answer,
            () = sleep(PATIENCE) => {}
        }
        tokio::select! {
            biased;
            answer = &mut asked => answer,
            document = self.read_beside(doc) => Ok(document),
        }
    }

    /// The document as the file has it; never ends where the engine has to say what is the matter.
    async fn read_beside(&self, doc: DocId) -> Document {
        if let Ok(_permit) = self.read_permits().acquire().await {
            let read = self.read(move |reader| {
                let Some(stored) = reader.load(&doc)? else { return Ok(None) };
                // Nobody writes with this copy.
                let document = load(&stored, Incarnation::from_random([0; 8]))?;
                let mut read = Document::new(&doc, &document);
                if may_name_items(&read.conflicts) {
                    let gone = reader.gone(&doc)?;
                    document.name_items(&mut read.conflicts, |item| gone.get(item).cloned());
                }
                Ok(Some(read))
            });
            if let Ok(Some(document)) = read.await {
                return document;
            }
        }
        pending().await
    }

    /// Runs a query on current projections; tells which collections it read.
    ///
    /// Long projections are rebuilt once a second at most: a query that reads one which has been
    /// rebuilt and edited again within that time waits for it.
    pub(crate) async fn query(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        let later = self.refresh_projections().await?;
        let rows = self.query_as_is(sql, parameters).await?;
        let waits_for = |(collection, _): &&(_, _)| rows.collections.contains(collection);
        let Some((_, due)) = later.iter().filter(waits_for).max_by_key(|(_, due)| *due) else {
            return Ok(rows);
        };
        sleep_until(*due).await;
        self.refresh_projections().await?;
        self.query_as_is(sql, parameters).await
    }

    /// Runs a query; its result takes into account what had been committed when it was asked.
    async fn query_as_is(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        let known = self.outlets().seq();
        let (sql, parameters) = (sql.to_owned(), parameters.to_vec());
        let query =
            self.read(move |reader| Ok(reader.query(&sql, &parameters, &Limits::default())?));
        let mut rows = query.await?;
        if self.outlets().is_stale() {
            // A document may have been committed meanwhile whose projection is to come.
            rows.seq = rows.seq.min(known);
        }
        Ok(rows)
    }
}

impl Engine {
    /// A document as a caller sees it, deleted or not; kept open, since an edit often follows.
    pub(super) fn read(&mut self, doc: &DocId) -> Result<Document> {
        self.stored(doc)?;
        let open = self.desk.open.peek(doc).ok_or_else(|| not_found(doc))?;
        self.show(doc, &open.document, open.row)
    }

    /// A document with what only this device knows of it.
    pub(super) fn show(
        &self,
        doc: &DocId,
        document: &dunlin_model::Document,
        row: Option<DocRow>,
    ) -> Result<Document> {
        let mut shown = Document::new(doc, document);
        let Some(row) = row else { return Ok(shown) };
        if self.desk.open.peek(doc).is_some_and(|open| open.is_journaled) {
            shown.conflicts.extend(journal(&self.store, row)?);
        }
        if may_name_items(&shown.conflicts) {
            let gone = self.store.gone(row)?;
            document.name_items(&mut shown.conflicts, |item| gone.get(item).cloned());
        }
        Ok(shown)
    }
}

/// Whether some conflict is in a list item, of which there may be a note.
fn may_name_items(conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.path.contains("/@"))
}
