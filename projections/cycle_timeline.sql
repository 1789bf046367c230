-- projection: cycle_timeline
-- version: 2
-- grain: one row per event of a cycle
-- consumes: *
--
-- `moves` says whose results an event can move: a unit's (and so its group's), everybody's
-- ('', for whatever changes the cycle or its plan), or nobody's (NULL). The last event that
-- moves a group is what its results are remembered by.

-- :table
CREATE TABLE cycle_timeline (
    ledger_id integer NOT NULL,
    cycle_id  text    COLLATE "C" NOT NULL,
    position  bigint  NOT NULL,
    type      text    COLLATE "C" NOT NULL,
    moves     text    COLLATE "C"
);

-- :index
ALTER TABLE cycle_timeline ADD PRIMARY KEY (ledger_id, cycle_id, position);
CREATE INDEX cycle_timeline_by_move ON cycle_timeline (ledger_id, cycle_id, moves, position) WHERE moves IS NOT NULL;

-- :fold
INSERT INTO cycle_timeline (ledger_id, cycle_id, position, type, moves)
SELECT
    e.ledger_id, e.cycle_id, e.position, e.type,
    CASE
        WHEN e.type IN (
            'ScoreSelfReported', 'ScoreEntered', 'ScoreLateEntered', 'ScoreVerified', 'ScoreCorrected',
            'ScoreWithdrawn', 'TargetSet', 'TargetAdjusted', 'AdjustmentCarriedOver', 'AdjustmentRevoked',
            'BonusApproved', 'DeductionImposed', 'GradeExceptionGranted', 'SurveyResultImported',
            'VetoImposed', 'VetoLifted'
        ) THEN coalesce(e.unit_id, '')
        WHEN e.type IN (
            'CyclePlanned', 'PlanVersionIssued', 'CalendarAmended', 'UnitAssignedToGroup', 'IndicatorExempted',
            'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed', 'EvaluationTallied',
            'TieResolved', 'UnitSplit', 'UnitsMerged'
        ) THEN ''
    END
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
  AND e.cycle_id IS NOT NULL;

-- :read last_move
SELECT max(newest.position) AS position
FROM unnest(%(unit_ids)s::text[] || ''::text) AS moved (unit_id)
CROSS JOIN LATERAL (
    SELECT t.position
    FROM cycle_timeline AS t
    WHERE t.ledger_id = %(ledger_id)s
      AND t.cycle_id = %(cycle_id)s
      AND t.moves = moved.unit_id
      AND t.position <= %(as_of)s
    ORDER BY t.position DESC
    LIMIT 1
) AS newest;
