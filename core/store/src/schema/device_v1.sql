-- One node: who it is, which spaces it is in, whom it has met.

CREATE TABLE device (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seed BLOB NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL
) STRICT;

CREATE TABLE spaces (
    id     BLOB PRIMARY KEY,
    name   TEXT NOT NULL,
    alias  TEXT,
    secret BLOB NOT NULL,
    extra  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peers (
    device  BLOB NOT NULL,
    address TEXT NOT NULL,
    seen    INTEGER NOT NULL,
    PRIMARY KEY (device, address)
) STRICT, WITHOUT ROWID;
