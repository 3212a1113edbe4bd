-- What this device alone had of a document when another generation took its place: shown as
-- conflicts here until somebody writes there. Never travels.

CREATE TABLE _journal (
    id    INTEGER PRIMARY KEY,
    doc   INTEGER NOT NULL REFERENCES _documents (row),
    path  TEXT NOT NULL,
    value TEXT,                             -- tagged JSON; NULL: it was removed
    time  INTEGER NOT NULL
) STRICT;
CREATE INDEX _journal_doc ON _journal (doc);
