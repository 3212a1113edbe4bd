-- The seed may be sealed: then only whoever sealed it can tell what it is.

ALTER TABLE device ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1));
