-- Stations: doors with a database of their own, which go on when the link is cut.

ALTER TABLE event ADD COLUMN stations  INTEGER NOT NULL DEFAULT 0;       -- 0: none; else another number with every change of the ledger
ALTER TABLE tally ADD COLUMN set_aside INTEGER NOT NULL DEFAULT 0;       -- places that are with stations, or in doubt

-- A door's device that was paired as a station.
CREATE TABLE station (
    device     TEXT    PRIMARY KEY REFERENCES device (id),
    event      INTEGER NOT NULL REFERENCES event (id),
    token_hash BLOB    NOT NULL UNIQUE,            -- of what it links with; it opens nothing else
    key        BLOB    NOT NULL,                   -- seals what it keeps on its disk
    paired_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX station_of_event ON station (event);

-- Whose the places are that are set aside: the rows of `checkin.core.allotment.Ledger`.
CREATE TABLE ledger (
    event INTEGER NOT NULL REFERENCES event (id),
    name  TEXT    NOT NULL,                        -- of the ledger's table
    key   TEXT    NOT NULL,                        -- JSON
    body  TEXT    NOT NULL,                        -- JSON
    PRIMARY KEY (event, name, key)
) STRICT, WITHOUT ROWID;

-- The logs of stations, as they came: what each has shown.
CREATE TABLE station_row (
    event       INTEGER NOT NULL REFERENCES event (id),
    station     TEXT    NOT NULL,
    epoch       TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    scan        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    PRIMARY KEY (event, station, epoch, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX station_row_by_scan ON station_row (event, scan);

-- Where doors, or a door and the centre, differ: for a person to settle.
CREATE TABLE conflict (
    event     INTEGER NOT NULL REFERENCES event (id),
    id        TEXT    NOT NULL,                    -- of the scan that opened it
    kind      TEXT    NOT NULL,
    body      TEXT    NOT NULL,                    -- JSON
    opened_at INTEGER NOT NULL,
    verdict   TEXT,
    closed_at INTEGER,
    closed_by TEXT,
    PRIMARY KEY (event, id, kind)
) STRICT, WITHOUT ROWID;
