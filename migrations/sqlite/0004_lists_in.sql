-- Lists in: a file is looked at before it is saved, and what it changed can be taken back as a whole.

CREATE TABLE import (
    id         TEXT    PRIMARY KEY,
    event      INTEGER NOT NULL REFERENCES event (id),
    kind       TEXT    NOT NULL CHECK (kind IN ('attendees', 'schedule', 'layout')),
    state      TEXT    NOT NULL CHECK (state IN ('fetching', 'failed', 'previewed', 'applying', 'applied', 'undoing', 'undone')),
    name       TEXT    NOT NULL,                   -- of the file, as it was given
    created_at INTEGER NOT NULL,                   -- the event's clock
    created_by TEXT    NOT NULL,
    kept_until INTEGER NOT NULL,                   -- ours: then the file, or what an undo needs, is deleted
    touched_at INTEGER NOT NULL,                   -- ours: the last sign of whoever works on it
    content    BLOB,                               -- the file, packed; NULL once it is saved or forgotten
    reading    TEXT    NOT NULL DEFAULT '{}',      -- how it is to be read, as chosen by hand
    counts     TEXT    NOT NULL DEFAULT '{}',
    fault      TEXT    NOT NULL DEFAULT '',
    fault_code TEXT    NOT NULL DEFAULT '',
    done       INTEGER NOT NULL DEFAULT 0,
    total      INTEGER NOT NULL DEFAULT 0,
    applied_at INTEGER,
    applied_by TEXT,
    undone_at  INTEGER,
    undone_by  TEXT
) STRICT;
CREATE INDEX import_of_event ON import (event, created_at);

-- What an import did to whom: of what changed, the old and the new values. Personal data, kept for a limited time.
CREATE TABLE import_row (
    import  TEXT    NOT NULL REFERENCES import (id) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    what    TEXT    NOT NULL CHECK (what IN ('new', 'changed', 'gone')),
    subject TEXT    NOT NULL,                      -- an attendee, a session, or noun and id of a part of the venue
    line    INTEGER,
    before  TEXT    NOT NULL,
    after   TEXT    NOT NULL,
    outcome TEXT    NOT NULL DEFAULT '',           -- of taking it back
    PRIMARY KEY (import, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_row_of_subject ON import_row (subject);

-- What was mapped by hand: the next file with the same headings and categories maps itself.
CREATE TABLE import_memory (
    event  INTEGER NOT NULL REFERENCES event (id),
    kind   TEXT    NOT NULL CHECK (kind IN ('column', 'category')),
    text   TEXT    NOT NULL,                       -- folded
    target TEXT    NOT NULL,
    PRIMARY KEY (event, kind, text)
) STRICT, WITHOUT ROWID;

-- The import that brought or last named somebody; NULL: added by hand, and missing in no list.
ALTER TABLE attendee ADD COLUMN import TEXT;
UPDATE attendee SET import = '' WHERE id NOT IN (
    SELECT named.value FROM fact, json_each(CAST(fact.body AS TEXT), '$.ids') AS named
    WHERE fact.event = attendee.event AND fact.kind = 'change'
      AND json_extract(CAST(fact.body AS TEXT), '$.noun') = 'attendee'
      AND json_extract(CAST(fact.body AS TEXT), '$.what') IN ('added', 'represented')
);
