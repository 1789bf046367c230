-- The projections that SQL folds, as somebody would write them who folds a whole ledger once: a statement
-- for each table, from the first event to the last, keys and indexes after it. No ranges, no checkpoints, no
-- inspection, no standings.
CREATE SCHEMA by_hand;
SET LOCAL search_path TO by_hand;

CREATE TABLE timeline (LIKE timeline.timeline);
INSERT INTO timeline
SELECT
    ledger_id, type, position, cycle_id, unit_id,
    CASE
        WHEN cycle_id IS NULL THEN NULL
        WHEN type IN ('ScoreSelfReported', 'ScoreEntered', 'ScoreVerified', 'ScoreCorrected') THEN unit_id
        WHEN type IN ('CyclePlanned', 'PlanVersionIssued', 'CycleOpened') THEN ''
    END,
    cycle_id IS NOT NULL AND type IN ('CyclePlanned', 'PlanVersionIssued', 'CycleOpened')
FROM ledger.event
WHERE ledger_id = 1;
ALTER TABLE timeline ADD PRIMARY KEY (ledger_id, type, position);
CREATE INDEX ON timeline (ledger_id, unit_id, position) WHERE unit_id IS NOT NULL;
CREATE INDEX ON timeline (ledger_id, cycle_id, position) WHERE cycle_id IS NOT NULL;
CREATE INDEX ON timeline (ledger_id, cycle_id, moves, position) WHERE moves IS NOT NULL;
CREATE INDEX ON timeline (ledger_id, cycle_id, position) WHERE proceeding;

CREATE TABLE person_activity (LIKE person_activity.person_activity);
INSERT INTO person_activity
SELECT
    e.ledger_id, named.person_id, e.position, e.type,
    bool_or(named.capacity = 'ACTED'), bool_or(named.capacity = 'ACTED_FOR'), bool_or(named.capacity = 'APPROVED'),
    bool_or(named.capacity = 'CONCERNED'), bool_or(named.capacity = 'REQUESTED')
FROM ledger.event AS e
CROSS JOIN LATERAL (
    VALUES
        ('ACTED', e.person_id), ('ACTED_FOR', e.on_behalf_of), ('APPROVED', e.approved_by),
        ('CONCERNED', e.subject_id), ('REQUESTED', e.requested_by)
) AS named (capacity, person_id)
WHERE e.ledger_id = 1 AND named.person_id IS NOT NULL
GROUP BY e.ledger_id, named.person_id, e.position, e.type;
ALTER TABLE person_activity ADD PRIMARY KEY (ledger_id, person_id, position);

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
