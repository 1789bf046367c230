-- The projections that SQL folds, as somebody would write them who folds a whole ledger once: a statement
-- for each table, from the first event to the last, keys and indexes after it. No ranges, no checkpoints, no
-- inspection, no standings.
CREATE SCHEMA by_hand;
SET LOCAL search_path TO by_hand;

CREATE TABLE unit_timeline (LIKE unit_timeline.unit_timeline);
INSERT INTO unit_timeline
SELECT ledger_id, unit_id, position, type FROM ledger.event WHERE ledger_id = 1 AND unit_id IS NOT NULL;
ALTER TABLE unit_timeline ADD PRIMARY KEY (ledger_id, unit_id, position);

CREATE TABLE type_timeline (LIKE type_timeline.type_timeline);
INSERT INTO type_timeline
SELECT ledger_id, type, position FROM ledger.event WHERE ledger_id = 1;
ALTER TABLE type_timeline ADD PRIMARY KEY (ledger_id, type, position);

CREATE TABLE cycle_timeline (LIKE cycle_timeline.cycle_timeline);
INSERT INTO cycle_timeline
SELECT
    ledger_id, cycle_id, position, type,
    CASE
        WHEN type IN (
            'ScoreSelfReported', 'ScoreEntered', 'ScoreLateEntered', 'ScoreVerified', 'ScoreCorrected',
            'ScoreWithdrawn', 'TargetSet', 'TargetAdjusted', 'AdjustmentCarriedOver', 'AdjustmentRevoked',
            'BonusApproved', 'DeductionImposed', 'GradeExceptionGranted', 'SurveyResultImported',
            'VetoImposed', 'VetoLifted'
        ) THEN coalesce(unit_id, '')
        WHEN type IN (
            'CyclePlanned', 'PlanVersionIssued', 'CalendarAmended', 'UnitAssignedToGroup', 'IndicatorExempted',
            'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed', 'EvaluationTallied',
            'TieResolved', 'UnitSplit', 'UnitsMerged'
        ) THEN ''
    END
FROM ledger.event
WHERE ledger_id = 1 AND cycle_id IS NOT NULL;
ALTER TABLE cycle_timeline ADD PRIMARY KEY (ledger_id, cycle_id, position);
CREATE INDEX ON cycle_timeline (ledger_id, cycle_id, moves, position) WHERE moves IS NOT NULL;

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

CREATE TABLE score_history (LIKE score_history.score_history);
INSERT INTO score_history
SELECT
    1, stream, position, basis,
    CASE basis
        WHEN 'SELF' THEN self_before WHEN 'PROVISIONAL' THEN provisional_before WHEN 'OFFICIAL' THEN official_before
    END,
    CASE WHEN basis = 'SELF' THEN value ELSE self_before END,
    CASE WHEN basis = 'PROVISIONAL' OR type = 'ScoreCorrected' THEN value ELSE provisional_before END,
    CASE WHEN basis = 'OFFICIAL' THEN value ELSE official_before END
FROM (
    SELECT
        stream, position, type, value,
        CASE type
            WHEN 'ScoreSelfReported' THEN 'SELF' WHEN 'ScoreEntered' THEN 'PROVISIONAL'
            WHEN 'ScoreVerified' THEN 'OFFICIAL' WHEN 'ScoreCorrected' THEN 'OFFICIAL'
        END AS basis,
        (max(ARRAY[position, value]) FILTER (WHERE type = 'ScoreSelfReported') OVER earlier)[2] AS self_before,
        (
            max(ARRAY[position, value]) FILTER (WHERE type IN ('ScoreEntered', 'ScoreCorrected')) OVER earlier
        )[2] AS provisional_before,
        (
            max(ARRAY[position, value]) FILTER (WHERE type IN ('ScoreVerified', 'ScoreCorrected')) OVER earlier
        )[2] AS official_before
    FROM ledger.event
    WHERE ledger_id = 1
      AND type IN ('ScoreSelfReported', 'ScoreEntered', 'ScoreVerified', 'CorrectionRequested', 'ScoreCorrected')
    WINDOW earlier AS (PARTITION BY stream ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) AS stood;
ALTER TABLE score_history ADD PRIMARY KEY (ledger_id, stream, position);

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
