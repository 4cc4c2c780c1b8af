-- Since when a station is linked, and what it runs: for whoever looks after the doors.

ALTER TABLE station ADD COLUMN linked_at BIGINT;                    -- when the link that it has, or had last, was opened
ALTER TABLE station ADD COLUMN program   TEXT COLLATE "C" NOT NULL DEFAULT '';  -- its own word for what it is, with the version
