-- One space. Names that start with _ are internal: no query sees them, and no collection can be
-- called so. Tables that hold one row a document or a change are kept narrow on purpose.

CREATE TABLE _meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE _collections (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE _devices (
    id     INTEGER PRIMARY KEY,
    device BLOB NOT NULL UNIQUE
) STRICT;

-- A document's id and its projection are in the table `rows:COLLECTION`, made with the collection.
CREATE TABLE _documents (
    row         INTEGER PRIMARY KEY,
    collection  INTEGER NOT NULL REFERENCES _collections (id),
    generation  INTEGER NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0,
    stale       INTEGER NOT NULL DEFAULT 0, -- 1: the projection is older than the log
    last_seq    INTEGER NOT NULL DEFAULT 0,
    log_updates INTEGER NOT NULL DEFAULT 0,
    log_bytes   INTEGER NOT NULL DEFAULT 0,
    hash        BLOB NOT NULL,
    digest      BLOB                        -- NULL: has changed since it was computed
) STRICT;
CREATE UNIQUE INDEX _documents_hash ON _documents (hash);
CREATE INDEX _documents_undigested ON _documents (collection) WHERE digest IS NULL;
CREATE INDEX _documents_stale ON _documents (collection) WHERE stale = 1;

-- The first update of a document is complete in itself, so it starts out here.
CREATE TABLE _snapshots (
    doc  INTEGER PRIMARY KEY REFERENCES _documents (row),
    data BLOB NOT NULL
) STRICT;

CREATE TABLE _updates (
    doc  INTEGER NOT NULL REFERENCES _documents (row),
    seq  INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (doc, seq)
) STRICT, WITHOUT ROWID;

-- tags = 2 * kind of device + (1 if it came from a peer);
-- paths = for each path its length as LEB128 and its bytes.
CREATE TABLE _changes (
    seq    INTEGER PRIMARY KEY,
    doc    INTEGER NOT NULL,
    device INTEGER NOT NULL,
    tags   INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    paths  BLOB NOT NULL
) STRICT;

CREATE TABLE _consumers (
    name  TEXT PRIMARY KEY,
    acked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE _statements (
    id   INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE _quarantine (
    id       INTEGER PRIMARY KEY,
    peer     BLOB NOT NULL,
    document TEXT NOT NULL,
    reason   TEXT NOT NULL,
    size     INTEGER NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;
