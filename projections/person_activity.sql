-- projection: person_activity
-- version: 2
-- grain: one row per person and event that the person had to do with
-- consumes: *
--
-- Capacities: ACTED, ACTED_FOR (somebody else acted for them), REQUESTED, APPROVED, and
-- CONCERNED (the event is about them).

-- :table
CREATE TABLE person_activity (
    ledger_id integer NOT NULL,
    person_id text    COLLATE "C" NOT NULL,
    position  bigint  NOT NULL,
    type      text    COLLATE "C" NOT NULL,
    acted     boolean NOT NULL,
    acted_for boolean NOT NULL,
    approved  boolean NOT NULL,
    concerned boolean NOT NULL,
    requested boolean NOT NULL
);

-- :index
ALTER TABLE person_activity ADD PRIMARY KEY (ledger_id, person_id, position);

-- :fold
INSERT INTO person_activity (
    ledger_id, person_id, position, type, acted, acted_for, approved, concerned, requested
)
SELECT
    e.ledger_id, e.person_id, e.position, e.type,
    true,
    e.on_behalf_of IS NOT DISTINCT FROM e.person_id,
    e.approved_by IS NOT DISTINCT FROM e.person_id,
    e.subject_id IS NOT DISTINCT FROM e.person_id,
    e.requested_by IS NOT DISTINCT FROM e.person_id
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
UNION ALL
-- Whoever else is named, each once.
SELECT
    e.ledger_id, other.person_id, e.position, e.type,
    false,
    e.on_behalf_of IS NOT DISTINCT FROM other.person_id,
    e.approved_by IS NOT DISTINCT FROM other.person_id,
    e.subject_id IS NOT DISTINCT FROM other.person_id,
    e.requested_by IS NOT DISTINCT FROM other.person_id
FROM ledger.event AS e
CROSS JOIN LATERAL (
    SELECT DISTINCT named.person_id
    FROM (VALUES (e.on_behalf_of), (e.approved_by), (e.subject_id), (e.requested_by)) AS named (person_id)
    WHERE named.person_id <> e.person_id
) AS other
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
  AND coalesce(e.on_behalf_of, e.approved_by, e.subject_id, e.requested_by) IS NOT NULL;

-- :page by_person position
SELECT
    position, type,
    array_remove(
        ARRAY[
            CASE WHEN acted THEN 'ACTED' END,
            CASE WHEN acted_for THEN 'ACTED_FOR' END,
            CASE WHEN approved THEN 'APPROVED' END,
            CASE WHEN concerned THEN 'CONCERNED' END,
            CASE WHEN requested THEN 'REQUESTED' END
        ],
        NULL
    ) AS capacities
FROM person_activity
WHERE ledger_id = %(ledger_id)s
  AND person_id = %(person_id)s
  AND position <= %(as_of)s

-- :read counts
SELECT part.capacity, a.type, count(*) AS count
FROM person_activity AS a
CROSS JOIN LATERAL (
    VALUES
        ('ACTED', a.acted),
        ('ACTED_FOR', a.acted_for),
        ('APPROVED', a.approved),
        ('CONCERNED', a.concerned),
        ('REQUESTED', a.requested)
) AS part (capacity, held)
WHERE a.ledger_id = %(ledger_id)s
  AND a.person_id = %(person_id)s
  AND a.position <= %(as_of)s
  AND part.held
GROUP BY part.capacity, a.type
ORDER BY part.capacity, a.type;
