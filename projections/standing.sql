-- projection: standing
-- version: 3
-- grain: one row per unit, group, cycle and period ('' is the cycle as a whole): its current official result
-- consumes: ScoreSelfReported, ScoreVerified, ScoreCorrected, ScoreWithdrawn, TargetSet, TargetAdjusted,
--           CyclePlanned, PlanVersionIssued, CalendarAmended, UnitAssignedToGroup, IndicatorExempted,
--           IndicatorExemptionEnded, CycleOpened, EntryClosed, CycleClosed, EvaluationOpened, EvaluationTallied,
--           TieResolved, UnitSplit, UnitsMerged, AdjustmentCarriedOver, AdjustmentRevoked, BonusApproved, DeductionImposed,
--           GradeExceptionGranted, SurveyResultImported, VetoImposed, VetoLifted
-- follows: score_value, target_value, timeline
--
-- The only projection that SQL alone cannot fold, because ranking arithmetic exists once, in
-- `settle`. `:touched` names what a range touched; standings.py settles each of those groups
-- once, as of the end of the range, and writes it with the checkpoint. `position` is the last
-- event that touched the group's results for the period, wherever the range was cut. Settling
-- takes its time, so nobody waits for it: standings may be behind the other projections.

-- :table
CREATE TABLE standing (
    ledger_id     integer NOT NULL,
    cycle_id      text    COLLATE "C" NOT NULL,
    group_id      text    COLLATE "C" NOT NULL,
    period        text    COLLATE "C" NOT NULL,
    unit_id       text    COLLATE "C" NOT NULL,
    place         integer NOT NULL,
    participation text    COLLATE "C" NOT NULL,
    rank          integer,
    total         numeric NOT NULL,
    exact         text    COLLATE "C" NOT NULL,
    complete      boolean NOT NULL,
    missing       integer NOT NULL,
    position      bigint  NOT NULL,
    PRIMARY KEY (ledger_id, cycle_id, group_id, period, unit_id)
);

-- :touched
-- unit_id '' is every unit of the cycle, period '' every period.
WITH told AS MATERIALIZED (
    SELECT
        e.cycle_id,
        CASE WHEN e.type IN (
            'CyclePlanned', 'PlanVersionIssued', 'CalendarAmended', 'UnitAssignedToGroup', 'IndicatorExempted',
            'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed'
        ) THEN '' ELSE coalesce(e.unit_id, '') END AS unit_id,
        CASE
            WHEN e.type IN ('ScoreSelfReported', 'ScoreVerified', 'ScoreCorrected', 'ScoreWithdrawn') THEN e.period
            ELSE ''
        END AS period,
        e.position
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN (
          'ScoreSelfReported', 'ScoreVerified', 'ScoreCorrected', 'ScoreWithdrawn', 'TargetSet', 'TargetAdjusted',
          'CyclePlanned', 'PlanVersionIssued', 'CalendarAmended', 'UnitAssignedToGroup', 'IndicatorExempted',
          'IndicatorExemptionEnded', 'CycleOpened', 'EntryClosed', 'CycleClosed', 'EvaluationOpened',
          'EvaluationTallied', 'TieResolved', 'UnitSplit', 'UnitsMerged', 'AdjustmentCarriedOver', 'AdjustmentRevoked', 'BonusApproved',
          'DeductionImposed', 'GradeExceptionGranted', 'SurveyResultImported', 'VetoImposed', 'VetoLifted'
      )
)
SELECT cycle_id, unit_id, period, max(position) AS position
FROM told
GROUP BY cycle_id, unit_id, period;

-- :clear
-- Before a whole cycle is written anew: groups and periods may be gone.
DELETE FROM standing
WHERE ledger_id = %(ledger_id)s AND cycle_id = %(cycle_id)s;

-- :write
INSERT INTO standing (
    ledger_id, cycle_id, group_id, period, unit_id, place, participation, rank, total, exact, complete, missing,
    position
)
SELECT
    %(ledger_id)s, %(cycle_id)s, %(group_id)s, %(period)s, settled.unit_id, settled.place, settled.participation,
    settled.rank, settled.total, settled.exact, settled.complete, settled.missing, %(position)s
FROM unnest(
    %(unit_id)s::text[], %(participation)s::text[], %(rank)s::integer[], %(total)s::numeric[], %(exact)s::text[],
    %(complete)s::boolean[], %(missing)s::integer[]
) WITH ORDINALITY AS settled (unit_id, participation, rank, total, exact, complete, missing, place)
ON CONFLICT (ledger_id, cycle_id, group_id, period, unit_id) DO UPDATE SET
    place = EXCLUDED.place,
    participation = EXCLUDED.participation,
    rank = EXCLUDED.rank,
    total = EXCLUDED.total,
    exact = EXCLUDED.exact,
    complete = EXCLUDED.complete,
    missing = EXCLUDED.missing,
    position = EXCLUDED.position;

-- :read kept
-- As it is now, whatever moment is asked for; nothing if something moved results of the cycle
-- before then that is not settled yet.
SELECT s.unit_id, s.participation, s.rank, s.total::text AS total, s.exact, s.complete, s.missing, s.position
FROM standing AS s
WHERE s.ledger_id = %(ledger_id)s
  AND s.cycle_id = %(cycle_id)s
  AND s.group_id = %(group_id)s
  AND s.period = %(period)s
  AND (
      (SELECT c.position FROM standing.checkpoint AS c WHERE c.ledger_id = %(ledger_id)s) >= %(as_of)s
      OR NOT EXISTS (
          SELECT
          FROM (
              SELECT t.positions
              FROM timeline AS t
              WHERE t.ledger_id = %(ledger_id)s
                AND t.kind = 'CYCLE_MOVES'
                AND t.cycle_id = %(cycle_id)s
                AND t.name = ''
                AND t.first_position <= %(as_of)s
              ORDER BY t.first_position DESC
              LIMIT 1
          ) AS newest
          CROSS JOIN LATERAL unnest(newest.positions) AS moving (position)
          WHERE moving.position > (SELECT c.position FROM standing.checkpoint AS c WHERE c.ledger_id = %(ledger_id)s)
            AND moving.position <= %(as_of)s
      )
  )
ORDER BY s.place;
