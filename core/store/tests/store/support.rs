//! A space in a directory of its own.

use std::path::PathBuf;

use dunlin_model::{DeviceId, DeviceKind, DocId};
use dunlin_store::{
    Change, Commit, DocRow, Durability, Limits, Origin, Projection, ProjectionState, QueryError,
    Rows, SpaceStore, StoreError, Writer,
};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const TIME: i64 = 1_700_000_000_123;

pub(crate) struct Space {
    pub(crate) store: SpaceStore,
    pub(crate) directory: TempDir,
}

impl Space {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("space.sqlite");
        Self { store: SpaceStore::open(&path, Durability::Relaxed).unwrap(), directory }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    pub(crate) fn reopen(self) -> Self {
        let (path, directory) = (self.path(), self.directory);
        drop(self.store);
        Self { store: SpaceStore::open(&path, Durability::Relaxed).unwrap(), directory }
    }

    /// Commits one change of a document with this JSON.
    pub(crate) fn put(&mut self, collection: &str, key: &str, json: &str) -> i64 {
        self.store.write(|writer| put(writer, collection, key, json)).unwrap()
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, QueryError> {
        self.store.reader().query(sql, parameters, &Limits::default())
    }

    /// The first column of the result.
    pub(crate) fn column(&self, sql: &str) -> Vec<Value> {
        let rows = self.query(sql, &[]).unwrap().rows;
        rows.iter().map(|row| row[0].clone()).collect()
    }
}

pub(crate) fn put(
    writer: &mut Writer<'_>,
    collection: &str,
    key: &str,
    json: &str,
) -> Result<i64, StoreError> {
    commit(writer, collection, key, plain(json))
}

/// Commits a change of a document, its first or a further one.
pub(crate) fn commit(
    writer: &mut Writer<'_>,
    collection: &str,
    key: &str,
    commit: Commit<'_>,
) -> Result<i64, StoreError> {
    let doc = doc(collection, key);
    match writer.head(&doc)? {
        Some(head) => writer.append(head.row, commit),
        None => Ok(writer.create(&doc, 0, commit)?.1),
    }
}

/// A change that makes this JSON of a document.
pub(crate) fn plain(json: &str) -> Commit<'_> {
    Commit {
        update: json.as_bytes(),
        projection: shown(json),
        change: change(&["/a"]),
        digest: None,
    }
}

/// A change after which queries keep the old row.
pub(crate) fn put_off() -> Commit<'static> {
    Commit { projection: dirty(), change: change(&["/body"]), ..plain("{}") }
}

/// A change that deletes a document.
pub(crate) fn gone() -> Commit<'static> {
    Commit { projection: deleted(), change: change(&[""]), ..plain("{}") }
}

pub(crate) fn row(
    writer: &mut Writer<'_>,
    collection: &str,
    key: &str,
) -> Result<DocRow, StoreError> {
    Ok(writer.head(&doc(collection, key))?.expect("a document of this name").row)
}

pub(crate) fn doc(collection: &str, key: &str) -> DocId {
    DocId::parse(collection, key).unwrap()
}

pub(crate) fn shown(json: &str) -> Projection {
    Projection {
        state: ProjectionState::Json(json.to_owned()),
        deleted: false,
        has_conflicts: false,
    }
}

pub(crate) fn dirty() -> Projection {
    Projection { state: ProjectionState::Dirty, deleted: false, has_conflicts: false }
}

pub(crate) fn deleted() -> Projection {
    Projection { deleted: true, ..shown("{}") }
}

pub(crate) fn change(paths: &[&str]) -> Change {
    Change {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        device: DeviceId([7; 32]),
        kind: DeviceKind::Human,
        origin: Origin::Local,
        time_ms: TIME,
    }
}
