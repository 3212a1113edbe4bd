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

-- What list items were that are gone, on a device that had them: late edits of one are conflicts,
-- and the document knows it by its id alone. Never travels.
CREATE TABLE _gone (
    id   INTEGER PRIMARY KEY,
    doc  INTEGER NOT NULL REFERENCES _documents (row),
    item TEXT NOT NULL,                     -- the item's path
    name TEXT NOT NULL                      -- its key, or the beginning of what it said
) STRICT;
CREATE INDEX _gone_doc ON _gone (doc);

-- 1: something in it lost against a concurrent write, or came after its deletion.
ALTER TABLE _documents ADD COLUMN conflicts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX _documents_conflicts ON _documents (collection) WHERE conflicts = 1;
CREATE INDEX _documents_deleted ON _documents (collection) WHERE deleted = 1;

ALTER TABLE _quarantine ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
