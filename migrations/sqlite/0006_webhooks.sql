-- Programs of others that are told what happens, and the programme for everybody.

CREATE TABLE webhook (
    id             TEXT    PRIMARY KEY,
    event          INTEGER NOT NULL REFERENCES event (id),
    url            TEXT    NOT NULL,
    kinds          TEXT    NOT NULL,               -- JSON array: entry, exit, badge
    with_names     INTEGER NOT NULL DEFAULT 0,
    state          TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
    why            TEXT    NOT NULL DEFAULT '',    -- disabled: a code
    cursor_seq     INTEGER NOT NULL,               -- the last fact that was delivered, or did not concern it
    until_seq      INTEGER NOT NULL DEFAULT 0,     -- the last fact of a message that was not taken yet; 0: none
    attempt        INTEGER NOT NULL DEFAULT 0,     -- how often that message was sent
    next_at        INTEGER NOT NULL DEFAULT 0,     -- when it is sent again
    failing_since  INTEGER,
    created_at     INTEGER NOT NULL,
    created_by     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_of_event ON webhook (event);

-- What was sent and how it went, the newest of each webhook. No bodies: they can be made again from the facts.
CREATE TABLE delivery (
    webhook     TEXT    NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    message     TEXT    NOT NULL,
    what        TEXT    NOT NULL CHECK (what IN ('events', 'again', 'test')),
    after_seq   INTEGER NOT NULL,                  -- the facts after this one
    until_seq   INTEGER NOT NULL,                  -- up to this one
    events      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    status      INTEGER,                           -- of HTTP; NULL: no answer
    fault       TEXT    NOT NULL DEFAULT '',       -- a code; empty: taken
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (webhook, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE event ADD COLUMN programme_public INTEGER NOT NULL DEFAULT 0;   -- the schedule's feeds need no log-in
