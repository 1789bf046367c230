-- projection: person_activity
-- version: 3
-- grain: one row per person, capacity and type, and up to 64 positions of such events
-- consumes: *
--
-- What a person had to do with, and as what: ACTED, ACTED_FOR (somebody else acted for them),
-- REQUESTED, APPROVED, and CONCERNED (the event is about them). Lists as those of `timeline`.

-- :table
CREATE TABLE person_activity (
    ledger_id      integer  NOT NULL,
    person_id      text     COLLATE "C" NOT NULL,
    capacity       text     COLLATE "C" NOT NULL,
    type           text     COLLATE "C" NOT NULL,
    first_position bigint   NOT NULL,
    positions      bigint[] NOT NULL
) WITH (fillfactor = 80);
-- Which positions are the commonest is nothing to know, and takes long to find out.
ALTER TABLE person_activity ALTER COLUMN positions SET STATISTICS 0;

-- :index
ALTER TABLE person_activity ADD PRIMARY KEY (ledger_id, person_id, capacity, type, first_position);

-- :fold
WITH told AS MATERIALIZED (
    SELECT e.position, e.type, e.person_id, e.on_behalf_of, e.approved_by, e.subject_id, e.requested_by
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
),
listed AS (
    SELECT person_id, 'ACTED' AS capacity, type, array_agg(position) AS positions FROM told GROUP BY person_id, type
    UNION ALL
    SELECT on_behalf_of, 'ACTED_FOR', type, array_agg(position)
    FROM told
    WHERE on_behalf_of IS NOT NULL
    GROUP BY on_behalf_of, type
    UNION ALL
    SELECT approved_by, 'APPROVED', type, array_agg(position)
    FROM told
    WHERE approved_by IS NOT NULL
    GROUP BY approved_by, type
    UNION ALL
    SELECT subject_id, 'CONCERNED', type, array_agg(position)
    FROM told
    WHERE subject_id IS NOT NULL
    GROUP BY subject_id, type
    UNION ALL
    SELECT requested_by, 'REQUESTED', type, array_agg(position)
    FROM told
    WHERE requested_by IS NOT NULL
    GROUP BY requested_by, type
),
-- Kept, because each of its rows is cut into many.
grown AS MATERIALIZED (
    SELECT
        l.person_id, l.capacity, l.type, last.row_id,
        coalesce(last.positions, '{}') || ledger.ascending(l.positions) AS positions
    FROM listed AS l
    LEFT JOIN LATERAL (
        SELECT a.ctid AS row_id, a.positions
        FROM person_activity AS a
        WHERE a.ledger_id = %(ledger_id)s
          AND a.person_id = l.person_id
          AND a.capacity = l.capacity
          AND a.type = l.type
        ORDER BY a.first_position DESC
        LIMIT 1
    ) AS last ON %(after)s > 0 AND cardinality(last.positions) < 64
),
continued AS (
    UPDATE person_activity AS a SET positions = g.positions[1:64] FROM grown AS g WHERE a.ctid = g.row_id
)
INSERT INTO person_activity (ledger_id, person_id, capacity, type, first_position, positions)
SELECT %(ledger_id)s, g.person_id, g.capacity, g.type, g.positions[part.first], g.positions[part.first : part.first + 63]
FROM grown AS g
CROSS JOIN LATERAL generate_series(
    CASE WHEN g.row_id IS NULL THEN 1 ELSE 65 END, cardinality(g.positions), 64
) AS part (first);

-- :read by_person
SELECT listed.position, array_agg(list.capacity ORDER BY list.capacity) AS capacities
FROM (
    SELECT DISTINCT a.capacity, a.type
    FROM person_activity AS a
    WHERE a.ledger_id = %(ledger_id)s AND a.person_id = %(person_id)s
) AS list
CROSS JOIN LATERAL (
    SELECT each.position
    FROM person_activity AS a
    CROSS JOIN LATERAL unnest(a.positions) AS each (position)
    WHERE a.ledger_id = %(ledger_id)s
      AND a.person_id = %(person_id)s
      AND a.capacity = list.capacity
      AND a.type = list.type
      -- From the row on that `after` is in.
      AND a.first_position >= coalesce((
          SELECT max(f.first_position)
          FROM person_activity AS f
          WHERE f.ledger_id = %(ledger_id)s
            AND f.person_id = %(person_id)s
            AND f.capacity = list.capacity
            AND f.type = list.type
            AND f.first_position <= %(after)s
      ), 0)
      AND a.first_position <= %(as_of)s
      AND each.position > coalesce(%(after)s::bigint, 0)
      AND each.position <= %(as_of)s
    ORDER BY a.first_position, each.position
    LIMIT %(limit)s::bigint
) AS listed
GROUP BY listed.position
ORDER BY listed.position
LIMIT %(limit)s::bigint;

-- :read counts
SELECT
    a.capacity, a.type,
    sum((SELECT count(*) FROM unnest(a.positions) AS each (position) WHERE each.position <= %(as_of)s))::bigint AS count
FROM person_activity AS a
WHERE a.ledger_id = %(ledger_id)s
  AND a.person_id = %(person_id)s
  AND a.first_position <= %(as_of)s
GROUP BY a.capacity, a.type
ORDER BY a.capacity, a.type;
