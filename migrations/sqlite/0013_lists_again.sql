-- What the last lists said of somebody, field by field as keyed digests (JSON): what was changed by hand since is told
-- from what a list changes. '': no list that was taken in since this version.
ALTER TABLE attendee ADD COLUMN list_said TEXT NOT NULL DEFAULT '';

-- Rooms of a programme's file are mapped by hand and remembered too.
CREATE TABLE import_memory_of_all (
    event  INTEGER NOT NULL REFERENCES event (id),
    kind   TEXT    NOT NULL CHECK (kind IN ('column', 'category', 'room')),
    text   TEXT    NOT NULL,                       -- folded
    target TEXT    NOT NULL,
    PRIMARY KEY (event, kind, text)
) STRICT, WITHOUT ROWID;
INSERT INTO import_memory_of_all (event, kind, text, target) SELECT event, kind, text, target FROM import_memory;
DROP TABLE import_memory;
ALTER TABLE import_memory_of_all RENAME TO import_memory;
