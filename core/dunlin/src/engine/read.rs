//! Reading documents and queries: on the engine, or beside it while it is busy.

use std::{future::pending, pin::pin, time::Duration};

use dunlin_model::{Conflict, DocId, Incarnation};
use dunlin_store::{Beyond, DocRow, Rows, Run};
use serde_json::Value as Json;
use tokio::{
    sync::Semaphore,
    time::{sleep, sleep_until},
};

use super::{Engine, EngineHandle, book::Books, desk::load, refound::journal, upkeep::not_found};
use crate::{
    document::Document,
    error::{Error, Result},
    live::Question,
};

/// How long a read waits for the engine before it looks into the file itself.
const PATIENCE: Duration = Duration::from_millis(5);
/// Collections that one followed query may make known.
const MAX_ENSURED: usize = 8;

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
        let here = self.device();
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
                if !read.conflicts.is_empty() {
                    Books::read(&reader.books()?).name(&mut read.conflicts, here);
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
    pub(crate) async fn query(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        let question = Question::new(sql, parameters, usize::MAX);
        let run = self.run(&question, Beyond::Refuse, self.query_permits()).await?;
        run.map_err(|failed| failed.error.into())
    }

    /// Runs a query for those who follow it: rows beyond the limits are left out. Makes the
    /// collections known which it names, so that following one can begin before its first document.
    pub(crate) async fn follow(&self, question: &Question) -> Result<Run> {
        for _ in 0..MAX_ENSURED {
            let run = self.run(question, Beyond::LeaveOut, self.follow_permits());
            let unknown = match run.await {
                Err(error) => error.unknown_collection().ok_or(error)?,
                run => return run,
            };
            self.call(move |engine| {
                Ok(engine.store.write(|writer| writer.ensure_collection(&unknown))?)
            })
            .await?;
        }
        self.run(question, Beyond::LeaveOut, self.follow_permits()).await
    }

    /// Runs a query on current projections.
    ///
    /// Long projections are rebuilt once a second at most: a query that reads one which has been
    /// rebuilt and edited again within that time waits for it.
    async fn run(&self, question: &Question, beyond: Beyond, permits: &Semaphore) -> Result<Run> {
        let later = self.refresh_projections().await?;
        let run = self.run_as_is(question, beyond, permits).await?;
        let collections = match &run {
            Ok(rows) => &rows.collections,
            Err(failed) => &failed.collections,
        };
        let waits_for = |(collection, _): &&(_, _)| collections.contains(collection);
        let Some((_, due)) = later.iter().filter(waits_for).max_by_key(|(_, due)| *due) else {
            return Ok(run);
        };
        sleep_until(*due).await;
        self.refresh_projections().await?;
        self.run_as_is(question, beyond, permits).await
    }

    /// Runs a query; its result takes into account what had been committed when it was asked.
    async fn run_as_is(
        &self,
        question: &Question,
        beyond: Beyond,
        permits: &Semaphore,
    ) -> Result<Run> {
        let _permit = permits.acquire().await.map_err(|_| Error::closed())?;
        let known = self.outlets().seq();
        let Question { sql, parameters, limits } = question.clone();
        let run = self.read(move |reader| Ok(reader.run(&sql, &parameters, &limits, beyond)?));
        let mut run = run.await?;
        if self.outlets().is_stale() {
            // A document may have been committed meanwhile whose projection is to come.
            let seq = match &mut run {
                Ok(rows) => &mut rows.seq,
                Err(failed) => &mut failed.seq,
            };
            *seq = known.min(*seq);
        }
        Ok(run)
    }
}

impl Engine {
    /// A document as a caller sees it, deleted or not; kept open, since an edit often follows.
    pub(super) fn read(&mut self, doc: &DocId) -> Result<Document> {
        self.stored(doc)?;
        let open = self.desk.open.peek(doc).ok_or_else(|| not_found(doc))?;
        let shown = self.show(doc, &open.document, open.row)?;
        self.name_authors(shown)
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
            let notes = journal(&self.store, row, document)?;
            shown.conflicts.extend(notes.into_iter().map(|(_, conflict)| conflict));
        }
        if may_name_items(&shown.conflicts) {
            let gone = self.store.gone(row)?;
            document.name_items(&mut shown.conflicts, |item| gone.get(item).cloned());
        }
        Ok(shown)
    }

    /// Says who wrote both sides of the conflicts, as far as that is known.
    pub(super) fn name_authors(&mut self, mut shown: Document) -> Result<Document> {
        if !shown.conflicts.is_empty() {
            let here = self.desk.identity.device;
            self.books()?.name(&mut shown.conflicts, here);
        }
        Ok(shown)
    }
}

/// Whether some conflict is in a list item, of which there may be a note.
fn may_name_items(conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| conflict.path.contains("/@"))
}
