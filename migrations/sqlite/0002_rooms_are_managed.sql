-- Rooms are managed: holds, plans, bookings, waiting lines, counters for items, blocks, certainty.

ALTER TABLE event ADD COLUMN warn_percent        INTEGER NOT NULL DEFAULT 90;
ALTER TABLE event ADD COLUMN prepare_percent     INTEGER NOT NULL DEFAULT 95;
ALTER TABLE event ADD COLUMN stop_percent        INTEGER NOT NULL DEFAULT 100;
ALTER TABLE event ADD COLUMN doors_open_min      INTEGER NOT NULL DEFAULT 15;
ALTER TABLE event ADD COLUMN unclaimed_after_min INTEGER NOT NULL DEFAULT 5;
ALTER TABLE event ADD COLUMN called_for_min      INTEGER NOT NULL DEFAULT 3;
ALTER TABLE event ADD COLUMN closes_after_min    INTEGER NOT NULL DEFAULT 120;
ALTER TABLE event ADD COLUMN drill         INTEGER NOT NULL DEFAULT 0;   -- the evacuation is a drill
ALTER TABLE event ADD COLUMN reentry_until INTEGER;                      -- after a drill: come back in unasked
ALTER TABLE event ADD COLUMN closed_at     INTEGER;                      -- the day is over: exits were assumed

ALTER TABLE attendee_group ADD COLUMN accredited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attendee_group ADD COLUMN hidden     INTEGER NOT NULL DEFAULT 0;

ALTER TABLE area ADD COLUMN wheelchair INTEGER NOT NULL DEFAULT 0 CHECK (wheelchair >= 0);
ALTER TABLE area ADD COLUMN companions INTEGER NOT NULL DEFAULT 0 CHECK (companions >= 0);
ALTER TABLE area ADD COLUMN step_free  INTEGER NOT NULL DEFAULT 1;
ALTER TABLE area ADD COLUMN way        TEXT    NOT NULL DEFAULT '';
ALTER TABLE area ADD COLUMN plan       TEXT;                             -- the seating plan in use; NULL: the layout's

-- Other seatings of an area with the numbers approved for them, from the layout or entered by the safety role.
CREATE TABLE plan (
    event       INTEGER NOT NULL REFERENCES event (id),
    area        TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    visitors    INTEGER CHECK (visitors >= 0),
    persons     INTEGER CHECK (persons >= 0),
    wheelchair  INTEGER NOT NULL DEFAULT 0 CHECK (wheelchair >= 0),
    companions  INTEGER NOT NULL DEFAULT 0 CHECK (companions >= 0),
    PRIMARY KEY (event, area, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    event    INTEGER NOT NULL REFERENCES event (id),
    id       TEXT    NOT NULL,
    position INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    kind     TEXT    NOT NULL CHECK (kind IN ('once', 'lent')),
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE door ADD COLUMN early TEXT NOT NULL DEFAULT '[]';            -- JSON array of group ids
ALTER TABLE door ADD COLUMN item  TEXT;

CREATE TABLE hold_new (
    event    INTEGER NOT NULL REFERENCES event (id),
    id       TEXT    NOT NULL,
    position INTEGER NOT NULL,
    area     TEXT    NOT NULL,
    "group"  TEXT,
    session  TEXT,
    seats    INTEGER NOT NULL CHECK (seats > 0),
    until    TEXT,
    released INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event, id),
    CHECK (("group" IS NULL) <> (session IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO hold_new (event, id, position, area, "group", seats, until)
    SELECT event, area || '-' || "group" || '-' || position, position, area, "group", seats, until FROM hold;
DROP TABLE hold;
ALTER TABLE hold_new RENAME TO hold;

ALTER TABLE attendee ADD COLUMN wheelchair     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attendee ADD COLUMN blocked        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attendee ADD COLUMN accredited     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attendee ADD COLUMN companion_of   TEXT;
ALTER TABLE attendee ADD COLUMN represented_by TEXT;                     -- the proxy who comes instead
CREATE INDEX attendee_by_booking_number ON attendee (event, upper(booking_number)) WHERE booking_number <> '';
CREATE INDEX attendee_of_group ON attendee (event, "group");

-- Why somebody may not come in: for the safety role alone.
CREATE TABLE block (
    event     INTEGER NOT NULL REFERENCES event (id),
    attendee  TEXT    NOT NULL REFERENCES attendee (id),
    reason    TEXT    NOT NULL,
    by        TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    lifted_by TEXT,
    lifted_at INTEGER
) STRICT;
CREATE INDEX block_of_attendee ON block (attendee);

ALTER TABLE session ADD COLUMN bookings_max INTEGER;
ALTER TABLE session ADD COLUMN cancelled    INTEGER NOT NULL DEFAULT 0;

-- The waiting line of an area; a number that was given up or came in has ended.
CREATE TABLE waiting (
    event     INTEGER NOT NULL REFERENCES event (id),
    area      TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    attendee  TEXT    NOT NULL REFERENCES attendee (id),
    since_at  INTEGER NOT NULL,
    called_at INTEGER,
    ended_at  INTEGER,
    PRIMARY KEY (event, area, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_now ON waiting (event) WHERE ended_at IS NULL;

-- Items in somebody's hands: what was handed out once, and what is lent.
CREATE TABLE handout (
    attendee TEXT    NOT NULL REFERENCES attendee (id),
    item     TEXT    NOT NULL,
    event    INTEGER NOT NULL REFERENCES event (id),
    at       INTEGER NOT NULL,
    door     TEXT    NOT NULL,
    PRIMARY KEY (attendee, item)
) STRICT, WITHOUT ROWID;

ALTER TABLE tally ADD COLUMN shares     TEXT    NOT NULL DEFAULT '{}';   -- claim → how many inside use it up
ALTER TABLE tally ADD COLUMN passages   INTEGER NOT NULL DEFAULT 0;      -- since the last headcount
ALTER TABLE tally ADD COLUMN surprises  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN counted_at INTEGER NOT NULL DEFAULT 0;      -- when that was; 0: never

-- What is no scan is rare, and read by itself (corrections, evacuations).
CREATE INDEX fact_beside_scans ON fact (event, kind, seq) WHERE kind <> 'scan';

-- A correction concerns the area itself; what it means for those around it stands in the fact from now on.
UPDATE tally SET uncounted = coalesce((
    SELECT sum(json_extract(CAST(body AS TEXT), '$.change')) FROM fact
    WHERE fact.event = tally.event AND fact.kind = 'correction' AND fact.area = tally.area
), 0);
