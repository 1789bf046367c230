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
    position  bigint  NOT NULL,
    PRIMARY KEY (ledger_id, type, position)
);

-- :fold
INSERT INTO type_timeline (ledger_id, type, position)
SELECT e.ledger_id, e.type, e.position
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s;

-- :page by_type position
SELECT position
FROM type_timeline
WHERE ledger_id = %(ledger_id)s
  AND type = %(type)s
  AND position <= %(as_of)s

-- :read counts
SELECT type, count(*) AS count
FROM type_timeline
WHERE ledger_id = %(ledger_id)s
  AND position <= %(as_of)s
GROUP BY type
ORDER BY type;
