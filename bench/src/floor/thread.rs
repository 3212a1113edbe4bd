//! A thread of its own that the caller waits for: yrs and SQLite where an engine would be.

use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::{documents::BareDocument, sqlite::PlainStore};
use crate::Result;

/// Applies deltas to one document and stores each, one at a time.
pub(crate) struct BareEngine {
    deltas: SyncSender<Vec<u8>>,
    done: Receiver<()>,
    thread: JoinHandle<std::result::Result<(), String>>,
}

impl BareEngine {
    /// Loads the document before the first delta is taken.
    pub(crate) fn start(snapshot: Vec<u8>, path: PathBuf) -> Result<Self> {
        let (deltas, taken) = sync_channel::<Vec<u8>>(1);
        let (finish, done) = sync_channel(1);
        let thread = thread::Builder::new().name("bare".to_owned()).spawn(move || {
            serve(&snapshot, path, &taken, &finish).map_err(|error| error.to_string())
        })?;
        done.recv()?;
        Ok(Self { deltas, done, thread })
    }

    /// Returns once the delta is committed.
    pub(crate) fn commit(&self, delta: Vec<u8>) -> Result<()> {
        self.deltas.send(delta)?;
        Ok(self.done.recv()?)
    }

    /// Ends the thread.
    pub(crate) fn stop(self) -> Result<()> {
        drop(self.deltas);
        Ok(self.thread.join().map_err(|_| "the bare engine panicked")??)
    }
}

fn serve(
    snapshot: &[u8],
    path: PathBuf,
    deltas: &Receiver<Vec<u8>>,
    done: &SyncSender<()>,
) -> Result<()> {
    let document = BareDocument::unobserved(2);
    document.apply(snapshot)?;
    let mut store = PlainStore::create(&path, false)?;
    done.send(())?;
    for delta in deltas {
        document.apply(&delta)?;
        store.commit(|store| store.append(1, &delta))?;
        done.send(())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Splice;

    #[test]
    fn deltas_are_committed_before_the_caller_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plain.sqlite");
        let writer = BareDocument::new(1).unwrap();
        let engine = BareEngine::start(writer.snapshot(), path.clone()).unwrap();
        let insert = Splice { at: 0, delete: 0, insert: "a".into() };
        engine.commit(writer.splice(&[insert])).unwrap();
        let stored = rusqlite::Connection::open(path).unwrap();
        let count = stored.query_row("SELECT count(*) FROM updates", [], |row| row.get(0));
        assert_eq!(count, Ok(1));
        engine.stop().unwrap();
    }
}
