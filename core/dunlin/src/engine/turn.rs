//! What happens in a turn, on the engine: reads that are remembered, and the commit.

use std::sync::Arc;

use dunlin_model::DocId;
use dunlin_store::Rows;
use serde_json::Value as Json;
use tokio::{sync::oneshot, time::sleep_until};

use super::{
    Attempt, Command, Engine, EngineHandle, Order, Run, Together, desk::load, upkeep::not_found,
    write::perform,
};
use crate::{
    document::Document,
    error::{Code, Error, Result},
};

/// How often a query is tried again that others have overtaken, before the run is.
const QUERIES: usize = 3;

impl EngineHandle {
    /// Waits for its turn.
    pub(crate) async fn begin_turn(&self) -> Result<Run> {
        self.check_running()?;
        let mut heads = self.outlets().heads();
        let place = tokio::select! {
            biased;
            _ = heads.wait_for(|heads| heads.suspended || heads.closed) => return Err(self.ended()),
            place = self.turns().line().acquire_owned() => place.map_err(|_| self.ended())?,
        };
        let run = self.turns().begin(place);
        let engine = self.clone();
        let alarm = tokio::spawn(async move { engine.end_when_due(run).await });
        self.turns().set_alarm(run, alarm.abort_handle());
        Ok(run)
    }

    async fn end_when_due(&self, run: Run) {
        while let Some(due) = self.turns().due(run) {
            sleep_until(due).await;
            if self.turns().expire(run) {
                self.wake();
            }
        }
    }

    /// Says of a turn that was lost why, if the engine is suspended or has ended.
    pub(crate) fn told_why<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match error.code() {
            Code::Busy => self.check_running().err().unwrap_or(error),
            _ => error,
        })
    }

    /// Ends a turn, whatever it was at.
    pub(crate) fn give_back(&self, run: Run) {
        self.turns().give_back(run);
        self.wake();
    }

    /// Reads a document, deleted or not, as it is behind what the turn means to write.
    pub(crate) async fn read_in_turn(
        &self,
        run: Run,
        doc: DocId,
        orders: Vec<Arc<Order>>,
    ) -> Result<Document> {
        self.call(move |engine| engine.read_in_turn(run, &doc, &orders)).await
    }

    /// Runs a query on what is committed, and remembers what it read.
    pub(crate) async fn query_in_turn(
        &self,
        run: Run,
        sql: &str,
        parameters: &[Json],
    ) -> Result<Rows> {
        for _ in 0..QUERIES {
            let rows = self.query(sql, parameters).await?;
            let (collections, seq) = (rows.collections.clone(), rows.seq);
            let note = move |engine: &mut Engine| {
                let turns = &engine.desk.turns;
                turns.check(run)?;
                turns.note_queried(run, &collections)?;
                let heads = engine.outlets.heads();
                let heads = heads.borrow();
                let last = |collection| heads.collections.get(collection).copied();
                Ok(collections.iter().all(|collection| last(collection) <= Some(seq)))
            };
            if self.call(note).await? {
                return Ok(rows);
            }
        }
        self.turns().overtake(run)?;
        Err(Error::overtaken())
    }

    /// Commits what a turn means to write. After `Again` its next run has to begin.
    pub(crate) async fn commit_turn(&self, run: Run, orders: Vec<Arc<Order>>) -> Result<Attempt> {
        self.check_running()?;
        if self.turns().is_overtaken(run)? {
            return Ok(Attempt::Again);
        }
        if orders.is_empty() {
            return Ok(Attempt::Committed(Vec::new()));
        }
        self.turns().begin_commit(run)?;
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |result| drop(answer.send(result)));
        self.send(Command::Together(Together { run, orders, reply })).await?;
        answered.await.map_err(|_| self.ended())?
    }
}

impl Engine {
    fn read_in_turn(&mut self, run: Run, doc: &DocId, orders: &[Arc<Order>]) -> Result<Document> {
        self.desk.turns.check(run)?;
        if orders.is_empty() {
            self.desk.turns.note_read(run, doc, None)?;
            return self.read(doc);
        }
        let open = self.desk.open.peek(doc).map(|open| open.document.incarnation());
        let incarnation = open.map_or_else(|| self.desk.incarnation(), Ok)?;
        self.desk.turns.note_read(run, doc, Some(incarnation))?;
        let head = self.store.head(doc)?;
        let (mut copy, row) = match head {
            Some(head) => (load(&self.store.load(&head)?, incarnation)?, Some(head.row)),
            None => (dunlin_model::Document::new(incarnation), None),
        };
        let time_ms = self.desk.clock.now_ms();
        for order in orders {
            let change = perform(&mut copy, &order.operation, time_ms);
            if !change.map_err(|refusal| Error::from(refusal).about(doc))?.is_empty() {
                // The number is made up: the commit puts the real one in its place.
                copy.committed(copy.version().seq + 1);
            }
        }
        if !copy.exists() && !copy.is_deleted() {
            return Err(not_found(doc));
        }
        let shown = self.show(doc, &copy, row)?;
        self.name_authors(shown)
    }
}
