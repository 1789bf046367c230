-- Grain: one row per ledger: how far the tables beside it have come, and which version of the
-- projection's file they were folded by.
CREATE TABLE checkpoint (
    ledger_id integer PRIMARY KEY,
    position  bigint  NOT NULL,
    version   integer NOT NULL
) WITH (fillfactor = 50);
