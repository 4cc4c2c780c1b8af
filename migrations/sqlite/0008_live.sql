-- The organiser's live page: lanes of doors, the rate of no-shows, alerts with who took them.

ALTER TABLE event ADD COLUMN no_show_percent INTEGER;                    -- NULL: from the last events, else by default
ALTER TABLE door  ADD COLUMN lanes INTEGER NOT NULL DEFAULT 1;           -- how many can be opened

-- Lanes that are open by somebody's word; a door without a row has as many as devices are heard there.
CREATE TABLE lanes_open (
    event INTEGER NOT NULL REFERENCES event (id),
    door  TEXT    NOT NULL,
    lanes INTEGER NOT NULL CHECK (lanes >= 1),
    PRIMARY KEY (event, door)
) STRICT, WITHOUT ROWID;

-- What somebody should see to: raised when it began, ended when it was over by itself.
CREATE TABLE alert (
    id        TEXT    PRIMARY KEY,
    event     INTEGER NOT NULL REFERENCES event (id),
    kind      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,                    -- the area, door, device, printer or session it is about
    detail    TEXT    NOT NULL,                    -- JSON: ids and numbers at the moment it was raised
    raised_at INTEGER NOT NULL,
    taken_by  TEXT,
    taken_at  INTEGER,
    done_by   TEXT,
    done_at   INTEGER,
    ended_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX alert_going_on ON alert (event, kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alert_of_event ON alert (event, raised_at);
