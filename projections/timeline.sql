-- projection: timeline
-- version: 2
-- grain: one row per event
-- consumes: *
--
-- Where the events of a unit, of a cycle and of a type are among all the others.
--
-- `moves` says whose results an event can move: a unit's (and so its group's), everybody's
-- ('', for whatever changes the cycle or its plan), or nobody's (NULL). The last event that
-- moves a group is what its results are remembered by. A `proceeding` is an event of a cycle
-- that is no value, target or ballot: there are hundreds of them where there are ten thousands
-- of values, so they are read whole and folded in memory by the domain's own states.

-- :table
CREATE TABLE timeline (
    ledger_id  integer NOT NULL,
    type       text    COLLATE "C" NOT NULL,
    position   bigint  NOT NULL,
    cycle_id   text    COLLATE "C",
    unit_id    text    COLLATE "C",
    moves      text    COLLATE "C",
    proceeding boolean NOT NULL
);

-- :index
-- No two rows have a key in common, so there is nothing to deduplicate; looking for it takes a fifth of the time.
ALTER TABLE timeline ADD PRIMARY KEY (ledger_id, type, position);
CREATE INDEX timeline_of_unit ON timeline (ledger_id, unit_id, position)
    WITH (deduplicate_items = off) WHERE unit_id IS NOT NULL;
CREATE INDEX timeline_of_cycle ON timeline (ledger_id, cycle_id, position)
    WITH (deduplicate_items = off) WHERE cycle_id IS NOT NULL;
CREATE INDEX timeline_of_moves ON timeline (ledger_id, cycle_id, moves, position)
    WITH (deduplicate_items = off) WHERE moves IS NOT NULL;
CREATE INDEX timeline_of_proceedings ON timeline (ledger_id, cycle_id, position)
    WITH (deduplicate_items = off) WHERE proceeding;

-- :fold
INSERT INTO timeline (ledger_id, type, position, cycle_id, unit_id, moves, proceeding)
SELECT
    e.ledger_id, e.type, e.position, e.cycle_id, e.unit_id,
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
            'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed', 'EvaluationTallied',
            'TieResolved', 'UnitSplit', 'UnitsMerged'
        ) THEN ''
    END,
    e.cycle_id IS NOT NULL
        AND e.type NOT LIKE 'Score%%'
        AND e.type NOT LIKE 'Correction%%'
        AND e.type NOT IN ('BallotCast', 'TargetAdjusted', 'TargetSet')
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s;

-- :read last_move
SELECT max(newest.position) AS position
FROM unnest(%(unit_ids)s::text[] || ''::text) AS moved (unit_id)
CROSS JOIN LATERAL (
    SELECT t.position
    FROM timeline AS t
    WHERE t.ledger_id = %(ledger_id)s
      AND t.cycle_id = %(cycle_id)s
      AND t.moves = moved.unit_id
      AND t.position <= %(as_of)s
    ORDER BY t.position DESC
    LIMIT 1
) AS newest;

-- :read proceedings
SELECT p.position, e.entry
FROM timeline AS p
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = p.position
    OFFSET 0
) AS e
WHERE p.ledger_id = %(ledger_id)s
  AND p.cycle_id = %(cycle_id)s
  AND p.proceeding
  AND p.position > %(after)s
  AND p.position <= %(as_of)s
  AND p.type = ANY(%(types)s::text[])
ORDER BY p.position;
