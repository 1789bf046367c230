-- Names and texts about persons, outside the ledger: one SQLite file for each ledger.

-- Grain: one row per person who was not erased. `subject` is the SHA-256 of the person's id, in hex.
CREATE TABLE IF NOT EXISTS key (
    subject TEXT PRIMARY KEY,
    key     BLOB NOT NULL CHECK (length(key) = 32)
) WITHOUT ROWID;

-- Grain: one row per text, under the commitment that stands in the entry.
CREATE TABLE IF NOT EXISTS text (
    commitment TEXT PRIMARY KEY,
    ciphertext BLOB NOT NULL
) WITHOUT ROWID;

-- Grain: one row per text and person whom it is about.
CREATE TABLE IF NOT EXISTS about (
    subject    TEXT NOT NULL,
    commitment TEXT NOT NULL,
    PRIMARY KEY (subject, commitment)
) WITHOUT ROWID;
