-- Changes that were committed as one unit are handed out together: each names the first of them.

ALTER TABLE _changes ADD COLUMN unit INTEGER; -- NULL: stands alone
