-- projection: target_value
-- version: 3
-- grain: one row per target of a unit's own and stretch of positions in which it held
-- consumes: TargetSet, TargetAdjusted
--
-- What each unit is to reach on each indicator, from which baseline, and which event said how much of
-- it is due by when, at any position: [from_position, until_position), open while until_position is NULL.

-- :table
CREATE TABLE target_value (
    ledger_id      integer NOT NULL,
    cycle_id       text    COLLATE "C" NOT NULL,
    indicator_id   text    COLLATE "C" NOT NULL,
    unit_id        text    COLLATE "C" NOT NULL,
    from_position  bigint  NOT NULL,
    until_position bigint,
    value          numeric NOT NULL,
    baseline       numeric,
    set_position   bigint  NOT NULL
) WITH (fillfactor = 90);

-- :index
ALTER TABLE target_value ADD PRIMARY KEY (ledger_id, cycle_id, indicator_id, unit_id, from_position);

-- :fold
WITH change AS (
    SELECT
        e.stream,
        e.cycle_id,
        e.indicator_id,
        e.unit_id,
        e.version,
        e.value,
        e.baseline,
        e.position,
        -- A target that is moved keeps the schedule of the one that was set.
        max(e.position) FILTER (WHERE e.type = 'TargetSet') OVER of_target AS set_position,
        lag(e.position) OVER of_target  AS earlier_position,
        lead(e.position) OVER of_target AS later_position
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN ('TargetSet', 'TargetAdjusted')
    WINDOW of_target AS (PARTITION BY e.stream ORDER BY e.position)
),
held AS (
    -- Where the target stands that was in force before the range.
    SELECT newest.row_id, newest.set_position, c.stream, c.position
    FROM change AS c
    CROSS JOIN LATERAL (
        SELECT v.ctid AS row_id, v.set_position
        FROM target_value AS v
        WHERE v.ledger_id = %(ledger_id)s
          AND v.cycle_id = c.cycle_id
          AND v.indicator_id = c.indicator_id
          AND v.unit_id = c.unit_id
        ORDER BY v.from_position DESC
        LIMIT 1
    ) AS newest
    WHERE c.earlier_position IS NULL AND c.version > 1
),
closed AS (
    UPDATE target_value AS v
    SET until_position = h.position
    FROM held AS h
    WHERE v.ctid = h.row_id
)
INSERT INTO target_value
    (ledger_id, cycle_id, indicator_id, unit_id, from_position, until_position, value, baseline, set_position)
SELECT
    %(ledger_id)s, c.cycle_id, c.indicator_id, c.unit_id, c.position, c.later_position, c.value, c.baseline,
    coalesce(c.set_position, h.set_position)
FROM change AS c
LEFT JOIN held AS h ON h.stream = c.stream;

-- :read by_cycle
SELECT unit_id, indicator_id, value, from_position, baseline, set_position
FROM target_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND (%(unit_ids)s::text[] IS NULL OR unit_id = ANY(%(unit_ids)s::text[]))
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s)
ORDER BY indicator_id, unit_id;

-- :read by_group
SELECT unit_id, indicator_id, value, from_position, baseline, set_position
FROM target_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND indicator_id = ANY(%(indicator_ids)s::text[])
  AND unit_id = ANY(%(unit_ids)s::text[])
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s);
