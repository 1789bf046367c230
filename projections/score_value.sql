-- projection: score_value
-- version: 1
-- grain: one row per basis of a score and stretch of positions in which one value held
-- consumes: ScoreSelfReported, ScoreEntered, ScoreLateEntered, ScoreVerified, ScoreCorrected, ScoreWithdrawn
--
-- What every score is worth on each basis, at any position: [from_position, until_position),
-- open while until_position is NULL. The same meaning as `effects` in domain/recall.py.

-- :table
CREATE TABLE score_value (
    ledger_id      integer NOT NULL,
    cycle_id       text    COLLATE "C" NOT NULL,
    basis          text    COLLATE "C" NOT NULL,
    indicator_id   text    COLLATE "C" NOT NULL,
    unit_id        text    COLLATE "C" NOT NULL,
    period         text    COLLATE "C" NOT NULL,
    from_position  bigint  NOT NULL,
    until_position bigint,
    value          numeric NOT NULL
) WITH (fillfactor = 90);

-- :index
ALTER TABLE score_value ADD PRIMARY KEY (ledger_id, cycle_id, basis, indicator_id, unit_id, period, from_position);

-- :fold
WITH effect (type, basis) AS (
    VALUES
        ('ScoreSelfReported', 'SELF'),
        ('ScoreEntered', 'PROVISIONAL'),
        ('ScoreLateEntered', 'PROVISIONAL'),
        ('ScoreVerified', 'OFFICIAL'),
        ('ScoreCorrected', 'PROVISIONAL'),
        ('ScoreCorrected', 'OFFICIAL'),
        ('ScoreWithdrawn', 'PROVISIONAL'),
        ('ScoreWithdrawn', 'OFFICIAL')
),
held AS (
    -- Where the value stands that was in force before the range; from position 0 on there is none.
    SELECT newest.row_id, first.position
    FROM (
        SELECT e.cycle_id, effect.basis, e.indicator_id, e.unit_id, e.period, min(e.position) AS position
        FROM ledger.event AS e
        JOIN effect ON effect.type = e.type
        WHERE %(after)s > 0
          AND e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
          AND e.version > 1
        GROUP BY e.cycle_id, effect.basis, e.indicator_id, e.unit_id, e.period
    ) AS first
    CROSS JOIN LATERAL (
        SELECT v.ctid AS row_id, v.until_position
        FROM score_value AS v
        WHERE v.ledger_id = %(ledger_id)s
          AND v.cycle_id = first.cycle_id
          AND v.basis = first.basis
          AND v.indicator_id = first.indicator_id
          AND v.unit_id = first.unit_id
          AND v.period = first.period
        ORDER BY v.from_position DESC
        LIMIT 1
    ) AS newest
    WHERE newest.until_position IS NULL
),
closed AS (
    UPDATE score_value AS v
    SET until_position = h.position
    FROM held AS h
    WHERE v.ctid = h.row_id
)
INSERT INTO score_value (
    ledger_id, cycle_id, basis, indicator_id, unit_id, period, from_position, until_position, value
)
SELECT
    %(ledger_id)s, c.cycle_id, c.basis, c.indicator_id, c.unit_id, c.period, c.position, c.later_position, c.value
FROM (
    SELECT
        e.cycle_id, effect.basis, e.indicator_id, e.unit_id, e.period, e.type, e.value, e.position,
        lead(e.position) OVER of_basis AS later_position
    FROM ledger.event AS e
    JOIN effect ON effect.type = e.type
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
    -- In the order of the primary key, which makes that quick to build and the rows of a group neighbours.
    WINDOW of_basis AS (
        PARTITION BY concat_ws(' ', e.cycle_id, effect.basis, e.indicator_id, e.unit_id, e.period) COLLATE "C"
        ORDER BY e.position
    )
) AS c
WHERE c.type <> 'ScoreWithdrawn';

-- :read by_score
SELECT basis, value, from_position
FROM score_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND basis IN ('SELF', 'PROVISIONAL', 'OFFICIAL')
  AND indicator_id = %(indicator_id)s
  AND unit_id = %(unit_id)s
  AND period = %(period)s
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s);

-- :read by_cycle
SELECT unit_id, indicator_id, period, value, from_position
FROM score_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND basis = %(basis)s
  AND (%(unit_ids)s::text[] IS NULL OR unit_id = ANY(%(unit_ids)s::text[]))
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s)
ORDER BY indicator_id, unit_id, period;

-- :page by_gap from_position
SELECT unit_id, indicator_id, period, claimed, claimed_position, value, from_position
FROM (
    SELECT
        official.unit_id, official.indicator_id, official.period,
        claim.value AS claimed, claim.from_position AS claimed_position,
        official.value, official.from_position
    FROM score_value AS official
    JOIN score_value AS claim USING (ledger_id, cycle_id, indicator_id, unit_id, period)
    WHERE official.ledger_id = %(ledger_id)s
      AND official.cycle_id = %(cycle_id)s
      AND official.basis = 'OFFICIAL'
      AND official.from_position <= %(as_of)s
      AND (official.until_position IS NULL OR official.until_position > %(as_of)s)
      AND claim.basis = 'SELF'
      AND claim.from_position <= %(as_of)s
      AND (claim.until_position IS NULL OR claim.until_position > %(as_of)s)
) AS compared
WHERE claimed <> value
  AND abs(claimed - value) >= %(gap_min)s::numeric

-- :read by_group
SELECT unit_id, indicator_id, period, value, from_position
FROM score_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND basis = %(basis)s
  AND indicator_id = ANY(%(indicator_ids)s::text[])
  AND unit_id = ANY(%(unit_ids)s::text[])
  AND period = ANY(%(periods)s::text[])
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s);

-- :read by_indicator
SELECT unit_id, period, value, from_position
FROM score_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND basis = %(basis)s
  AND indicator_id = %(indicator_id)s
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s)
ORDER BY unit_id, period;

-- :read indicator_page
SELECT unit_id, period, value, from_position
FROM score_value
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND basis = %(basis)s
  AND indicator_id = %(indicator_id)s
  AND from_position <= %(as_of)s
  AND (until_position IS NULL OR until_position > %(as_of)s)
  AND (unit_id, period) > (%(after_unit_id)s::text, %(after_period)s::text)
ORDER BY unit_id, period
LIMIT %(limit)s::bigint;

-- :read history
-- What became of one score, event by event; what each value was before and after follows from these.
SELECT e.entry
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s
  AND e.stream = %(stream)s
  AND e.position > coalesce(%(after)s, 0)
  AND e.position <= %(as_of)s
ORDER BY e.version
LIMIT %(limit)s::bigint;
