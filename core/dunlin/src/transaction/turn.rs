//! A transaction in single steps, for other languages: their closures run over there.

use std::sync::{Mutex, MutexGuard};

use super::Transaction;
use crate::{
    engine::{Attempt, EngineHandle},
    error::{Error, Result},
    lock::lock,
};

/// A turn on a space: nobody else's transaction runs there until it is over, which it is when this
/// is dropped, and when one run has taken 2 seconds.
///
/// A run begins with [`transaction`](Self::transaction) and ends with [`commit`](Self::commit). Use
/// [`Space::transaction`](crate::Space::transaction), which repeats that as often as needed, where
/// the closure is in this language.
pub struct Turn {
    engine: EngineHandle,
    current: Mutex<Transaction>,
}

impl Turn {
    /// Waits for it; `inside` are the names of the turns that the caller is in.
    pub(crate) async fn begin(engine: EngineHandle, inside: &[u64]) -> Result<Self> {
        if inside.contains(&engine.turns().name()) {
            return Err(Error::nested());
        }
        let run = engine.begin_turn().await?;
        let current = Mutex::new(Transaction::new(engine.clone(), run));
        Ok(Self { engine, current })
    }

    /// What the present run reads and means to write.
    pub fn transaction(&self) -> Transaction {
        self.current().clone()
    }

    /// Whether something that the run has read has changed since; then another run has begun, on
    /// nothing, and the closure is to be called again whatever it said.
    ///
    /// # Errors
    /// `Busy` if that was the fifth run, or if the turn is over.
    pub fn again(&self) -> Result<bool> {
        let is_overtaken = self.engine.turns().is_overtaken(self.transaction().0.run);
        let is_overtaken = self.engine.told_why(is_overtaken)?;
        if is_overtaken {
            self.run_again()?;
        }
        Ok(is_overtaken)
    }

    /// Commits what the run means to write, all of it or nothing; after that the turn is over. Where
    /// something that it has read has changed, another run has begun instead, on nothing.
    ///
    /// # Errors
    /// What refused one of the writes, with the document's name; `Busy` if that was the fifth run or
    /// if the turn is over; `Denied`, `StorageFull`, `Suspended`, `Closed`.
    pub async fn commit(&self) -> Result<Attempt> {
        let transaction = self.transaction();
        let (run, orders) = (transaction.0.run, transaction.0.staged.orders());
        let attempt = self.engine.told_why(self.engine.commit_turn(run, orders).await);
        match attempt {
            Ok(Attempt::Again) => self.run_again()?,
            _ => self.give_back(),
        }
        attempt
    }

    /// Ends the turn at once; nothing is written.
    pub fn give_back(&self) {
        self.engine.give_back(self.transaction().0.run);
    }

    fn run_again(&self) -> Result<()> {
        let mut current = self.current();
        let run = self.engine.told_why(self.engine.turns().run_again(current.0.run))?;
        *current = Transaction::new(self.engine.clone(), run);
        Ok(())
    }

    fn current(&self) -> MutexGuard<'_, Transaction> {
        lock(&self.current)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.give_back();
    }
}
