-- projection: timeline
-- version: 4
-- grain: one row per list and up to 64 of its positions
-- consumes: *
--
-- Where the events of a type, of a cycle and of a unit are among all the others: an inverted index.
--
--   kind         cycle_id  name         lists
--   TYPE         ''        a type       the events of the type
--   CYCLE        a cycle   a type       the events of the cycle and the type
--   UNIT         ''        a unit       the events about the unit
--   CYCLE_MOVES  a cycle   ''           what can move any result of the cycle
--   UNIT_MOVES   a cycle   a unit, ''   what can move the unit's results (and so its group's), or everybody's
--
-- A list goes on in its last row until that has 64 positions, wherever ranges were cut, and begins the next.
-- The last event that moves a group is what its results are remembered by.

-- :table
CREATE TABLE timeline (
    ledger_id      integer  NOT NULL,
    kind           text     COLLATE "C" NOT NULL,
    cycle_id       text     COLLATE "C" NOT NULL,
    name           text     COLLATE "C" NOT NULL,
    first_position bigint   NOT NULL,
    positions      bigint[] NOT NULL
) WITH (fillfactor = 80);
-- Which positions are the commonest is nothing to know, and takes long to find out.
ALTER TABLE timeline ALTER COLUMN positions SET STATISTICS 0;

-- :index
ALTER TABLE timeline ADD PRIMARY KEY (ledger_id, kind, cycle_id, name, first_position);

-- :fold
WITH told AS MATERIALIZED (
    SELECT
        e.position, e.type, e.cycle_id, e.unit_id,
        CASE
            WHEN e.cycle_id IS NULL THEN NULL
            WHEN e.type IN (
                'ScoreSelfReported', 'ScoreEntered', 'ScoreLateEntered', 'ScoreVerified', 'ScoreCorrected',
                'ScoreWithdrawn', 'TargetSet', 'TargetAdjusted', 'AdjustmentCarriedOver', 'AdjustmentRevoked',
                'BonusApproved', 'DeductionImposed', 'GradeExceptionGranted', 'SurveyResultImported',
                'VetoImposed', 'VetoLifted'
            ) THEN coalesce(e.unit_id, '')
            WHEN e.type IN (
                'CyclePlanned', 'PlanVersionIssued', 'CalendarAmended', 'UnitAssignedToGroup', 'IndicatorExempted',
                'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed', 'EvaluationOpened',
                'EvaluationTallied', 'TieResolved', 'UnitSplit', 'UnitsMerged'
            ) THEN ''
        END AS moves
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
),
-- One look for each kind: far quicker than making five rows of every event.
listed AS (
    SELECT 'TYPE' AS kind, '' AS cycle_id, type AS name, array_agg(position) AS positions
    FROM told
    GROUP BY type
    UNION ALL
    SELECT 'CYCLE', cycle_id, type, array_agg(position) FROM told WHERE cycle_id IS NOT NULL GROUP BY cycle_id, type
    UNION ALL
    SELECT 'UNIT', '', unit_id, array_agg(position) FROM told WHERE unit_id IS NOT NULL GROUP BY unit_id
    UNION ALL
    SELECT 'CYCLE_MOVES', cycle_id, '', array_agg(position) FROM told WHERE moves IS NOT NULL GROUP BY cycle_id
    UNION ALL
    SELECT 'UNIT_MOVES', cycle_id, moves, array_agg(position) FROM told WHERE moves IS NOT NULL GROUP BY cycle_id, moves
),
-- Kept, because each of its rows is cut into many.
grown AS MATERIALIZED (
    SELECT
        l.kind, l.cycle_id, l.name, last.row_id,
        coalesce(last.positions, '{}') || ledger.ascending(l.positions) AS positions
    FROM listed AS l
    LEFT JOIN LATERAL (
        SELECT t.ctid AS row_id, t.positions
        FROM timeline AS t
        WHERE t.ledger_id = %(ledger_id)s AND t.kind = l.kind AND t.cycle_id = l.cycle_id AND t.name = l.name
        ORDER BY t.first_position DESC
        LIMIT 1
    ) AS last ON %(after)s > 0 AND cardinality(last.positions) < 64
),
continued AS (
    UPDATE timeline AS t SET positions = g.positions[1:64] FROM grown AS g WHERE t.ctid = g.row_id
)
INSERT INTO timeline (ledger_id, kind, cycle_id, name, first_position, positions)
SELECT %(ledger_id)s, g.kind, g.cycle_id, g.name, g.positions[part.first], g.positions[part.first : part.first + 63]
FROM grown AS g
CROSS JOIN LATERAL generate_series(
    CASE WHEN g.row_id IS NULL THEN 1 ELSE 65 END, cardinality(g.positions), 64
) AS part (first);

-- :read last_move
SELECT max(newest.position) AS position
FROM unnest(%(unit_ids)s::text[] || ''::text) AS moved (unit_id)
CROSS JOIN LATERAL (
    SELECT (
        SELECT max(each.position) FROM unnest(t.positions) AS each (position) WHERE each.position <= %(as_of)s
    ) AS position
    FROM timeline AS t
    WHERE t.ledger_id = %(ledger_id)s
      AND t.kind = 'UNIT_MOVES'
      AND t.cycle_id = %(cycle_id)s
      AND t.name = moved.unit_id
      AND t.first_position <= %(as_of)s
    ORDER BY t.first_position DESC
    LIMIT 1
) AS newest;

-- :read moves
-- What can move the results of some units, in order: the first of them.
SELECT listed.position, e.entry
FROM (
    SELECT DISTINCT each.position
    FROM unnest(%(unit_ids)s::text[] || ''::text) AS moved (unit_id)
    JOIN timeline AS t
      ON t.ledger_id = %(ledger_id)s
     AND t.kind = 'UNIT_MOVES'
     AND t.cycle_id = %(cycle_id)s
     AND t.name = moved.unit_id
     -- From the row on that `after` is in.
     AND t.first_position >= coalesce((
         SELECT max(f.first_position)
         FROM timeline AS f
         WHERE f.ledger_id = %(ledger_id)s
           AND f.kind = 'UNIT_MOVES'
           AND f.cycle_id = %(cycle_id)s
           AND f.name = moved.unit_id
           AND f.first_position <= %(after)s
     ), 0)
     AND t.first_position <= %(as_of)s
    CROSS JOIN LATERAL unnest(t.positions) AS each (position)
    WHERE each.position > %(after)s AND each.position <= %(as_of)s
    ORDER BY each.position
    LIMIT %(limit)s::bigint
) AS listed
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = listed.position
    OFFSET 0
) AS e
ORDER BY listed.position;

-- :read of_cycle
-- The events of a cycle and some types; beyond values, targets and ballots these are few.
SELECT listed.position, e.entry
FROM unnest(%(types)s::text[]) AS wanted (type)
CROSS JOIN LATERAL (
    SELECT each.position
    FROM timeline AS t
    CROSS JOIN LATERAL unnest(t.positions) AS each (position)
    WHERE t.ledger_id = %(ledger_id)s
      AND t.kind = 'CYCLE'
      AND t.cycle_id = %(cycle_id)s
      AND t.name = wanted.type
      -- From the row on that `after` is in.
      AND t.first_position >= coalesce((
          SELECT max(f.first_position)
          FROM timeline AS f
          WHERE f.ledger_id = %(ledger_id)s
            AND f.kind = 'CYCLE'
            AND f.cycle_id = %(cycle_id)s
            AND f.name = wanted.type
            AND f.first_position <= %(after)s
      ), 0)
      AND t.first_position <= %(as_of)s
      AND each.position > %(after)s
      AND each.position <= %(as_of)s
) AS listed
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = listed.position
    OFFSET 0
) AS e
ORDER BY listed.position;
