-- The desk: what is printed, what was handed out, who is found.

ALTER TABLE hold ADD COLUMN entered INTEGER NOT NULL DEFAULT 0;          -- on the day, and in no layout file
ALTER TABLE badge ADD COLUMN handed_at  INTEGER;                         -- when it was handed out; NULL: not yet
ALTER TABLE badge ADD COLUMN replaced_at_desk TEXT NOT NULL DEFAULT ''; -- where it was replaced, in words for people
ALTER TABLE badge ADD COLUMN printed_at INTEGER;                         -- when it was printed last

-- What waits for a printer, is being printed, was, or failed.
CREATE TABLE print (
    event        INTEGER NOT NULL REFERENCES event (id),
    id           TEXT    NOT NULL,
    badge        TEXT    NOT NULL REFERENCES badge (id),
    printer      TEXT    NOT NULL,                 -- '': any that asks
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'printing', 'printed', 'failed')),
    requested_at INTEGER NOT NULL,
    requested_by TEXT    NOT NULL,
    taken_at     INTEGER,
    taken_by     TEXT,                             -- the printer that has it
    ended_at     INTEGER,
    tries        INTEGER NOT NULL DEFAULT 0,
    fault        TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX print_by_state ON print (event, state, requested_at);
CREATE INDEX print_of_badge ON print (badge);

CREATE INDEX attendee_of_proxy ON attendee (represented_by) WHERE represented_by IS NOT NULL;

-- The words a person is found by, one a row: a word's beginning is a range of this table.
CREATE TABLE attendee_word (
    event    INTEGER NOT NULL REFERENCES event (id),
    word     TEXT    NOT NULL,
    attendee TEXT    NOT NULL REFERENCES attendee (id) ON DELETE CASCADE,
    PRIMARY KEY (event, word, attendee)
) STRICT, WITHOUT ROWID;
CREATE INDEX attendee_word_of ON attendee_word (attendee);
INSERT OR IGNORE INTO attendee_word (event, word, attendee)
    SELECT a.event, word.value, a.id
    FROM attendee AS a, json_each('["' || replace(a.search, ' ', '","') || '"]') AS word WHERE a.search <> '';
