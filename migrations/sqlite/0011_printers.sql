-- Why a print failed by a key, with what belongs to it; and printers that their programs cannot reach.
ALTER TABLE print ADD COLUMN said TEXT NOT NULL DEFAULT '';
UPDATE print SET said = fault, fault = 'said' WHERE fault NOT IN ('', 'replaced');
CREATE TABLE printer_fault (
    event    INTEGER NOT NULL REFERENCES event (id),
    name     TEXT    NOT NULL,
    since_at INTEGER NOT NULL,
    fault    TEXT    NOT NULL,
    PRIMARY KEY (event, name)
) STRICT, WITHOUT ROWID;
