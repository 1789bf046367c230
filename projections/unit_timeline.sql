-- projection: unit_timeline
-- version: 1
-- grain: one row per event about a unit
-- consumes: *

-- :table
CREATE TABLE unit_timeline (
    ledger_id integer NOT NULL,
    unit_id   text    COLLATE "C" NOT NULL,
    position  bigint  NOT NULL,
    type      text    COLLATE "C" NOT NULL
);

-- :index
ALTER TABLE unit_timeline ADD PRIMARY KEY (ledger_id, unit_id, position);

-- :fold
INSERT INTO unit_timeline (ledger_id, unit_id, position, type)
SELECT e.ledger_id, e.unit_id, e.position, e.type
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
  AND e.unit_id IS NOT NULL;
