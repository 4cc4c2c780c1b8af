-- A print that waits can be withdrawn: the finger slipped, or the badge is not needed any more.
CREATE TABLE print_new (
    event        INTEGER NOT NULL REFERENCES event (id),
    id           TEXT    NOT NULL,
    badge        TEXT    NOT NULL REFERENCES badge (id),
    printer      TEXT    NOT NULL,                 -- '': any that asks
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'printing', 'printed', 'failed', 'withdrawn')),
    requested_at INTEGER NOT NULL,
    requested_by TEXT    NOT NULL,
    taken_at     INTEGER,
    taken_by     TEXT,                             -- the printer that has it
    ended_at     INTEGER,
    tries        INTEGER NOT NULL DEFAULT 0,
    fault        TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;
INSERT INTO print_new
    SELECT event, id, badge, printer, state, requested_at, requested_by, taken_at, taken_by, ended_at, tries, fault FROM print;
DROP TABLE print;
ALTER TABLE print_new RENAME TO print;
CREATE INDEX print_by_state ON print (event, state, requested_at);
CREATE INDEX print_of_badge ON print (badge);
