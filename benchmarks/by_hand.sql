-- The projections that SQL folds, as somebody would write them who folds a whole ledger once: a statement
-- for each table, from the first event to the last, keys and indexes after it. No ranges, no checkpoints, no
-- inspection, no standings.
CREATE SCHEMA by_hand;
SET LOCAL search_path TO by_hand;

CREATE TABLE timeline (LIKE timeline.timeline);
INSERT INTO timeline
WITH told AS MATERIALIZED (
    SELECT
        position, type, cycle_id, unit_id,
        CASE
            WHEN type IN ('ScoreSelfReported', 'ScoreEntered', 'ScoreVerified', 'ScoreCorrected') THEN unit_id
            WHEN type IN ('CyclePlanned', 'PlanVersionIssued', 'CycleOpened') THEN ''
        END AS moves
    FROM ledger.event
    WHERE ledger_id = 1
    ORDER BY position
),
listed AS MATERIALIZED (
    SELECT 'TYPE' AS kind, '' AS cycle_id, type AS name, array_agg(position) AS positions FROM told GROUP BY type
    UNION ALL
    SELECT 'CYCLE', cycle_id, type, array_agg(position) FROM told WHERE cycle_id IS NOT NULL GROUP BY cycle_id, type
    UNION ALL
    SELECT 'UNIT', '', unit_id, array_agg(position) FROM told WHERE unit_id IS NOT NULL GROUP BY unit_id
    UNION ALL
    SELECT 'CYCLE_MOVES', cycle_id, '', array_agg(position) FROM told WHERE moves IS NOT NULL GROUP BY cycle_id
    UNION ALL
    SELECT 'UNIT_MOVES', cycle_id, moves, array_agg(position) FROM told WHERE moves IS NOT NULL GROUP BY cycle_id, moves
)
SELECT 1, kind, cycle_id, name, positions[part.first], positions[part.first : part.first + 63]
FROM listed
CROSS JOIN LATERAL generate_series(1, cardinality(positions), 64) AS part (first);
ALTER TABLE timeline ADD PRIMARY KEY (ledger_id, kind, cycle_id, name, first_position);

CREATE TABLE person_activity (LIKE person_activity.person_activity);
INSERT INTO person_activity
WITH told AS MATERIALIZED (
    SELECT position, type, person_id, approved_by, requested_by FROM ledger.event WHERE ledger_id = 1 ORDER BY position
),
listed AS MATERIALIZED (
    SELECT person_id, 'ACTED' AS capacity, type, array_agg(position) AS positions FROM told GROUP BY person_id, type
    UNION ALL
    SELECT approved_by, 'APPROVED', type, array_agg(position)
    FROM told
    WHERE approved_by IS NOT NULL
    GROUP BY approved_by, type
    UNION ALL
    SELECT requested_by, 'REQUESTED', type, array_agg(position)
    FROM told
    WHERE requested_by IS NOT NULL
    GROUP BY requested_by, type
)
SELECT 1, person_id, capacity, type, positions[part.first], positions[part.first : part.first + 63]
FROM listed
CROSS JOIN LATERAL generate_series(1, cardinality(positions), 64) AS part (first);
ALTER TABLE person_activity ADD PRIMARY KEY (ledger_id, person_id, capacity, type, first_position);

CREATE TABLE score_value (LIKE score_value.score_value);
INSERT INTO score_value
SELECT 1, cycle_id, basis, indicator_id, unit_id, period, position, later_position, value
FROM (
    SELECT
        e.cycle_id, effect.basis, e.indicator_id, e.unit_id, e.period, e.position, e.type, e.value,
        lead(e.position) OVER (PARTITION BY e.stream, effect.basis ORDER BY e.position) AS later_position
    FROM ledger.event AS e
    JOIN (
        VALUES
            ('ScoreSelfReported', 'SELF'), ('ScoreEntered', 'PROVISIONAL'), ('ScoreLateEntered', 'PROVISIONAL'),
            ('ScoreVerified', 'OFFICIAL'), ('ScoreCorrected', 'PROVISIONAL'), ('ScoreCorrected', 'OFFICIAL'),
            ('ScoreWithdrawn', 'PROVISIONAL'), ('ScoreWithdrawn', 'OFFICIAL')
    ) AS effect (type, basis) ON effect.type = e.type
    WHERE e.ledger_id = 1
) AS change
WHERE type <> 'ScoreWithdrawn';
ALTER TABLE score_value ADD PRIMARY KEY (ledger_id, cycle_id, basis, indicator_id, unit_id, period, from_position);

CREATE TABLE correction (LIKE correction.correction);
INSERT INTO correction
SELECT
    1, r.position, r.cycle_id, r.unit_id, r.indicator_id, r.period, r.cites, r.value, r.reason_code, r.person_id,
    r.recorded_at, CASE WHEN d.position IS NULL THEN 'OPEN' ELSE 'APPROVED' END, d.position, d.person_id, d.recorded_at
FROM ledger.event AS r
LEFT JOIN ledger.event AS d
    ON d.ledger_id = 1 AND d.request_position = r.position AND d.type = 'ScoreCorrected'
WHERE r.ledger_id = 1 AND r.type = 'CorrectionRequested';
ALTER TABLE correction ADD PRIMARY KEY (ledger_id, request_position);
CREATE INDEX ON correction (ledger_id, cycle_id, unit_id, request_position);
