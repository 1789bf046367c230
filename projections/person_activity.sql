-- projection: person_activity
-- version: 1
-- grain: one row per person and event that the person had to do with
-- consumes: *
--
-- Capacities: ACTED, ACTED_FOR (somebody else acted for them), REQUESTED, APPROVED, and
-- CONCERNED (the event is about them).

-- :table
CREATE TABLE person_activity (
    ledger_id  integer NOT NULL,
    person_id  text    COLLATE "C" NOT NULL,
    position   bigint  NOT NULL,
    type       text    COLLATE "C" NOT NULL,
    capacities text[]  COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger_id, person_id, position)
);

-- :fold
INSERT INTO person_activity (ledger_id, person_id, position, type, capacities)
SELECT e.ledger_id, part.person_id, e.position, e.type, part.capacities
FROM ledger.event AS e
CROSS JOIN LATERAL (
    SELECT named.person_id, array_agg(named.capacity ORDER BY named.capacity) AS capacities
    FROM (
        VALUES
            ('ACTED', e.person_id),
            ('ACTED_FOR', e.on_behalf_of),
            ('APPROVED', e.approved_by),
            ('CONCERNED', e.subject_id),
            ('REQUESTED', e.requested_by)
    ) AS named (capacity, person_id)
    WHERE named.person_id IS NOT NULL
    GROUP BY named.person_id
) AS part
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s;

-- :page by_person position
SELECT position, type, capacities
FROM person_activity
WHERE ledger_id = %(ledger_id)s
  AND person_id = %(person_id)s
  AND (%(capacity)s::text IS NULL OR %(capacity)s = ANY(capacities))
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s::text[]))
  AND position <= %(as_of)s

-- :read counts
SELECT part.capacity, a.type, count(*) AS count
FROM person_activity AS a
CROSS JOIN LATERAL unnest(a.capacities) AS part (capacity)
WHERE a.ledger_id = %(ledger_id)s
  AND a.person_id = %(person_id)s
  AND a.position <= %(as_of)s
GROUP BY part.capacity, a.type
ORDER BY part.capacity, a.type;
