-- projection: type_timeline
-- version: 1
-- grain: one row per event
-- consumes: *
--
-- Finds the few events of a rare type among millions.

-- :table
CREATE TABLE type_timeline (
    ledger_id integer NOT NULL,
    type      text    COLLATE "C" NOT NULL,
    position  bigint  NOT NULL
);

-- :index
ALTER TABLE type_timeline ADD PRIMARY KEY (ledger_id, type, position);

-- :fold
INSERT INTO type_timeline (ledger_id, type, position)
SELECT e.ledger_id, e.type, e.position
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s;
