-- Of several nodes on one database: which does what only one may do, and how often it has said so.
CREATE TABLE lease (
    "name" TEXT COLLATE "C" PRIMARY KEY,
    "holder" TEXT COLLATE "C" NOT NULL,
    "beat" BIGINT NOT NULL
);
