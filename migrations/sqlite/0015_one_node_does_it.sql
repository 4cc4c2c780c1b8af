-- Of several nodes on one database: which does what only one may do, and how often it has said so.
CREATE TABLE lease (
    name   TEXT    PRIMARY KEY,
    holder TEXT    NOT NULL,
    beat   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
