-- Since when a station is linked, and what it runs: for whoever looks after the doors.

ALTER TABLE station ADD COLUMN linked_at INTEGER;                   -- when the link that it has, or had last, was opened
ALTER TABLE station ADD COLUMN program   TEXT NOT NULL DEFAULT '';  -- its own word for what it is, with the version
