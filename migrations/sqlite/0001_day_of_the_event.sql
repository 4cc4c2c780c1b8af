-- One event and everything that belongs to it. Instants are milliseconds since 1970 UTC.

CREATE TABLE event (
    id             INTEGER PRIMARY KEY,
    slug           TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    date           TEXT    NOT NULL,
    timezone       TEXT    NOT NULL,
    arrival        TEXT    NOT NULL DEFAULT 'implied' CHECK (arrival IN ('implied', 'required')),
    key            BLOB    NOT NULL,               -- signs badge codes and the digests of scans
    seq            INTEGER NOT NULL DEFAULT 0,     -- the last fact committed
    layout_version INTEGER NOT NULL DEFAULT 0,
    evacuation     INTEGER NOT NULL DEFAULT 0,
    desk_number    INTEGER NOT NULL DEFAULT 1000   -- the last one given to a badge
) STRICT;

CREATE TABLE attendee_group (
    event     INTEGER NOT NULL REFERENCES event (id),
    id        TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    counts_as TEXT    NOT NULL CHECK (counts_as IN ('visitor', 'crew')),
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE area (
    event       INTEGER NOT NULL REFERENCES event (id),
    id          TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    parent      TEXT,
    visitors    INTEGER CHECK (visitors >= 0),
    persons     INTEGER CHECK (persons >= 0),
    overflow_of TEXT,
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE door (
    event         INTEGER NOT NULL REFERENCES event (id),
    id            TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    name          TEXT    NOT NULL,
    area          TEXT    NOT NULL,
    direction     TEXT    NOT NULL CHECK (direction IN ('entry', 'exit', 'both')),
    opens         TEXT,
    closes        TEXT,
    groups        TEXT    NOT NULL DEFAULT '[]',   -- JSON array of group ids; empty: everybody
    reentry       TEXT    NOT NULL CHECK (reentry IN ('allow', 'ask')),
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    event    INTEGER NOT NULL REFERENCES event (id),
    position INTEGER NOT NULL,
    area     TEXT    NOT NULL,
    "group"  TEXT    NOT NULL,
    seats    INTEGER NOT NULL CHECK (seats > 0),
    until    TEXT,
    PRIMARY KEY (event, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE attendee (
    id             TEXT    PRIMARY KEY,
    event          INTEGER NOT NULL REFERENCES event (id),
    "group"        TEXT    NOT NULL,
    registration   TEXT    NOT NULL CHECK (registration IN ('registered', 'waiting', 'cancelled')),
    given_name     TEXT    NOT NULL,
    family_name    TEXT    NOT NULL,
    salutation     TEXT    NOT NULL DEFAULT '',
    title          TEXT    NOT NULL DEFAULT '',
    organisation   TEXT    NOT NULL DEFAULT '',
    department     TEXT    NOT NULL DEFAULT '',
    position       TEXT    NOT NULL DEFAULT '',
    postcode       TEXT    NOT NULL DEFAULT '',
    town           TEXT    NOT NULL DEFAULT '',
    state          TEXT    NOT NULL DEFAULT '',
    email          TEXT    NOT NULL DEFAULT '',
    phone          TEXT    NOT NULL DEFAULT '',
    language       TEXT    NOT NULL DEFAULT '',
    diet           TEXT    NOT NULL DEFAULT '',
    needs          TEXT    NOT NULL DEFAULT '',
    listed         INTEGER NOT NULL DEFAULT 0,
    photo          INTEGER NOT NULL DEFAULT 0,
    chamber_number TEXT    NOT NULL DEFAULT '',
    booking_number TEXT    NOT NULL DEFAULT '',
    ticket         TEXT    NOT NULL DEFAULT '',
    registered_on  TEXT    NOT NULL DEFAULT '',
    remark         TEXT    NOT NULL DEFAULT '',
    search         TEXT    NOT NULL DEFAULT ''     -- folded words to find the person by
) STRICT;
CREATE INDEX attendee_of_event ON attendee (event, family_name, given_name);
CREATE INDEX attendee_by_ticket ON attendee (event, ticket) WHERE ticket <> '';

CREATE TABLE badge (
    id          TEXT    PRIMARY KEY,
    event       INTEGER NOT NULL REFERENCES event (id),
    attendee    TEXT    NOT NULL REFERENCES attendee (id),
    generation  INTEGER NOT NULL CHECK (generation >= 1),
    state       TEXT    NOT NULL CHECK (state IN ('valid', 'replaced', 'blocked')),
    code        TEXT    NOT NULL,
    desk_number INTEGER NOT NULL,
    issued_at   INTEGER NOT NULL,
    replaced_at INTEGER,
    UNIQUE (attendee, generation),
    UNIQUE (event, desk_number)
) STRICT;

-- What a door may read, and whom it leads to: badge codes, desk numbers, ticket codes of other systems.
CREATE TABLE code (
    event    INTEGER NOT NULL REFERENCES event (id),
    text     TEXT    NOT NULL,
    attendee TEXT    NOT NULL REFERENCES attendee (id),
    badge    TEXT    REFERENCES badge (id),
    PRIMARY KEY (event, text)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_of_attendee ON code (attendee);

CREATE TABLE session (
    event     INTEGER NOT NULL REFERENCES event (id),
    id        TEXT    NOT NULL,
    area      TEXT    NOT NULL,
    title     TEXT    NOT NULL,
    subtitle  TEXT    NOT NULL DEFAULT '',
    speakers  TEXT    NOT NULL DEFAULT '[]',       -- JSON array of names
    language  TEXT    NOT NULL DEFAULT '',
    starts_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    bookable  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE booking (
    event    INTEGER NOT NULL REFERENCES event (id),
    session  TEXT    NOT NULL,
    attendee TEXT    NOT NULL REFERENCES attendee (id),
    PRIMARY KEY (event, session, attendee)
) STRICT, WITHOUT ROWID;
CREATE INDEX booking_of_attendee ON booking (attendee);

-- Every committed fact, in order and without gaps. Never changed; it carries ids, no personal data.
CREATE TABLE fact (
    event    INTEGER NOT NULL REFERENCES event (id),
    seq      INTEGER NOT NULL,
    kind     TEXT    NOT NULL,                     -- scan, correction, change
    id       TEXT,                                 -- the client's id, where it gave one
    content  BLOB,                                 -- keyed digest of what the client sent under that id
    at       INTEGER NOT NULL,
    door     TEXT,
    area     TEXT,
    attendee TEXT,
    passage  TEXT,                                 -- of a scan: arrival, entry, reentry, exit; NULL: refused
    reason   TEXT,
    body     BLOB    NOT NULL,
    PRIMARY KEY (event, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX fact_by_id ON fact (event, id) WHERE id IS NOT NULL;

-- What the facts add up to: kept in the same transaction, re-derived by `checkin verify`.
CREATE TABLE presence (
    attendee   TEXT    PRIMARY KEY REFERENCES attendee (id),
    event      INTEGER NOT NULL REFERENCES event (id),
    area       TEXT,                               -- NULL: outside
    counts_as  TEXT    NOT NULL CHECK (counts_as IN ('visitor', 'crew')),
    since_at   INTEGER NOT NULL,
    door       TEXT    NOT NULL,
    arrived_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
    event     INTEGER NOT NULL REFERENCES event (id),
    area      TEXT    NOT NULL,
    visitors  INTEGER NOT NULL DEFAULT 0 CHECK (visitors >= 0),
    crew      INTEGER NOT NULL DEFAULT 0 CHECK (crew >= 0),
    uncounted INTEGER NOT NULL DEFAULT 0,
    seq       INTEGER NOT NULL DEFAULT 0,          -- of the fact that changed it last
    at        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (event, area)
) STRICT, WITHOUT ROWID;

CREATE TABLE operator (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    role          TEXT    NOT NULL CHECK (role IN ('steward', 'desk', 'organiser', 'safety', 'viewer')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
    id         TEXT    PRIMARY KEY,
    event      INTEGER NOT NULL REFERENCES event (id),
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('door', 'display', 'desk')),
    door       TEXT,
    created_at INTEGER NOT NULL,
    heard_at   INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX device_of_event ON device (event);

-- What lets somebody in: kept as SHA-256 of 256 random bits, never as itself.
CREATE TABLE token (
    hash       BLOB    PRIMARY KEY,
    operator   TEXT    REFERENCES operator (id),
    device     TEXT    REFERENCES device (id),
    purpose    TEXT    NOT NULL CHECK (purpose IN ('bearer', 'cookie', 'pairing')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    CHECK ((operator IS NULL) <> (device IS NULL))
) STRICT, WITHOUT ROWID;
