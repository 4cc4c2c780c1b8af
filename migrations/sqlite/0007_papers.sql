-- Papers and accountability: the rule of certificates, certificates, lists for when nothing works, dates of deletion.

ALTER TABLE event ADD COLUMN certificate_rule   TEXT    NOT NULL DEFAULT '{}'; -- JSON; what it does not name is as by default
ALTER TABLE event ADD COLUMN fallback_every_min INTEGER NOT NULL DEFAULT 0;    -- a new fallback list so often; 0: on demand

-- Days after the event after which something is deleted; nothing is until somebody has said so (`erases`).
ALTER TABLE event ADD COLUMN erase_needs_days    INTEGER NOT NULL DEFAULT 14;
ALTER TABLE event ADD COLUMN erase_passages_days INTEGER NOT NULL DEFAULT 183;
ALTER TABLE event ADD COLUMN erase_names_days    INTEGER NOT NULL DEFAULT 457; -- 15 months: travel expenses (BRKG)
ALTER TABLE event ADD COLUMN erases              INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN needs_erased_at     INTEGER;
ALTER TABLE event ADD COLUMN passages_erased_at  INTEGER;
ALTER TABLE event ADD COLUMN names_erased_at     INTEGER;

-- What was certified. `code` is a keyed MAC over it, which a paper can be checked by when all else is gone.
CREATE TABLE certificate (
    event         INTEGER NOT NULL REFERENCES event (id),
    number        INTEGER NOT NULL,                -- of the issue, from 1
    attendee      TEXT    REFERENCES attendee (id),-- NULL: the name was deleted
    code          TEXT    NOT NULL UNIQUE,
    issued_at     INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('valid', 'superseded', 'withdrawn')),
    content       BLOB,                            -- JSON without the name; NULL: deleted
    PRIMARY KEY (event, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_of_attendee ON certificate (attendee) WHERE attendee IS NOT NULL;

-- How long somebody was present, worked out when the passages that tell it were deleted.
CREATE TABLE attended (
    attendee TEXT    PRIMARY KEY REFERENCES attendee (id),
    event    INTEGER NOT NULL REFERENCES event (id),
    stays    BLOB    NOT NULL                      -- JSON: how long by session, and in the house
) STRICT, WITHOUT ROWID;
