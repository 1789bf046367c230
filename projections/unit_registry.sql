-- projection: unit_registry
-- version: 2
-- grain: one row per unit and stretch of positions in which it bore one name
-- consumes: UnitRegistered, UnitRenamed
--
-- Which units there are and which event named them last. The names themselves are in those
-- two events: read them there, and nothing here repeats what an entry says.

-- :table
CREATE TABLE unit_registry (
    ledger_id           integer NOT NULL,
    unit_id             text    COLLATE "C" NOT NULL,
    registered_position bigint  NOT NULL,
    from_position       bigint  NOT NULL,
    until_position      bigint
);

-- :index
ALTER TABLE unit_registry ADD PRIMARY KEY (ledger_id, unit_id, from_position);
CREATE INDEX unit_registry_by_registration ON unit_registry (ledger_id, registered_position, from_position);
CREATE INDEX unit_registry_by_naming ON unit_registry (ledger_id, from_position);

-- :fold
WITH named AS (
    SELECT
        e.unit_id,
        e.position,
        min(e.position) FILTER (WHERE e.type = 'UnitRegistered') OVER (PARTITION BY e.unit_id) AS registered_position,
        lag(e.position) OVER of_unit  AS earlier_position,
        lead(e.position) OVER of_unit AS later_position
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN ('UnitRegistered', 'UnitRenamed')
    WINDOW of_unit AS (PARTITION BY e.unit_id ORDER BY e.position)
),
known AS (
    SELECT
        n.unit_id, n.position, n.earlier_position, n.later_position, newest.row_id,
        coalesce(n.registered_position, newest.registered_position) AS registered_position
    FROM named AS n
    LEFT JOIN LATERAL (
        SELECT r.ctid AS row_id, r.registered_position
        FROM unit_registry AS r
        WHERE n.registered_position IS NULL AND r.ledger_id = %(ledger_id)s AND r.unit_id = n.unit_id
        ORDER BY r.from_position DESC
        LIMIT 1
    ) AS newest ON true
),
closed AS (
    UPDATE unit_registry AS r
    SET until_position = k.position
    FROM known AS k
    WHERE k.earlier_position IS NULL AND r.ctid = k.row_id
)
INSERT INTO unit_registry (ledger_id, unit_id, registered_position, from_position, until_position)
SELECT %(ledger_id)s, k.unit_id, k.registered_position, k.position, k.later_position
FROM known AS k;

-- :read last_named
-- The event that named any unit last before the moment.
SELECT max(r.from_position) AS named_position
FROM unit_registry AS r
WHERE r.ledger_id = %(ledger_id)s AND r.from_position <= %(as_of)s;

-- :read by_id
SELECT
    r.unit_id,
    r.registered_position,
    r.from_position AS named_position,
    (
        SELECT e.entry
        FROM ledger.event AS e
        WHERE e.ledger_id = r.ledger_id AND e.position = r.registered_position
    ) AS registered_entry,
    (
        SELECT e.entry
        FROM ledger.event AS e
        WHERE e.ledger_id = r.ledger_id AND e.position = r.from_position
    ) AS named_entry
FROM unit_registry AS r
WHERE r.ledger_id = %(ledger_id)s
  AND r.unit_id = ANY(%(unit_ids)s::text[])
  AND r.from_position <= %(as_of)s
  AND (r.until_position IS NULL OR r.until_position > %(as_of)s);

-- :read page
SELECT
    r.unit_id,
    r.registered_position,
    r.from_position AS named_position,
    (
        SELECT e.entry
        FROM ledger.event AS e
        WHERE e.ledger_id = r.ledger_id AND e.position = r.registered_position
    ) AS registered_entry,
    (
        SELECT e.entry
        FROM ledger.event AS e
        WHERE e.ledger_id = r.ledger_id AND e.position = r.from_position
    ) AS named_entry
FROM unit_registry AS r
WHERE r.ledger_id = %(ledger_id)s
  AND r.registered_position > coalesce(%(after)s::bigint, 0)
  AND r.from_position <= %(as_of)s
  AND (r.until_position IS NULL OR r.until_position > %(as_of)s)
ORDER BY r.registered_position
LIMIT %(limit)s;
