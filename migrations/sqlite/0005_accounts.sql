-- Accounts are made and kept in the browser: invitations, a second factor, deeds; the layout before the last change.

ALTER TABLE operator ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE operator ADD COLUMN factor       BLOB;                         -- the TOTP secret, sealed by the password
ALTER TABLE operator ADD COLUMN factor_step  INTEGER NOT NULL DEFAULT 0;   -- of the last code taken (RFC 6238: T)

-- Codes in the place of the second factor, each taken once: kept as SHA-256 of 80 random bits.
CREATE TABLE recovery_code (
    hash     BLOB PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operator (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_code_of ON recovery_code (operator);

-- What was done to accounts, in their order. Never changed; ids, no names.
CREATE TABLE deed (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,                       -- operator:ID, command, setup
    what   TEXT    NOT NULL,
    about  TEXT    NOT NULL DEFAULT '',            -- operator:ID
    note   TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE token_new (
    hash       BLOB    PRIMARY KEY,
    operator   TEXT    REFERENCES operator (id),
    device     TEXT    REFERENCES device (id),
    purpose    TEXT    NOT NULL CHECK (purpose IN ('bearer', 'cookie', 'pairing', 'invitation', 'setup')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    CHECK ((operator IS NOT NULL) + (device IS NOT NULL) + (purpose = 'setup') = 1)
) STRICT, WITHOUT ROWID;
INSERT INTO token_new (hash, operator, device, purpose, created_at, expires_at)
    SELECT hash, operator, device, purpose, created_at, expires_at FROM token;
DROP TABLE token;
ALTER TABLE token_new RENAME TO token;
CREATE INDEX token_of_operator ON token (operator) WHERE operator IS NOT NULL;

-- The venue as it was before the last import or change, as a layout file: the way back.
CREATE TABLE earlier_layout (
    event   INTEGER PRIMARY KEY REFERENCES event (id),
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    content TEXT    NOT NULL
) STRICT;
