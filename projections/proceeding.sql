-- projection: proceeding
-- version: 1
-- grain: one row per event of a cycle that is no value, target or ballot
-- consumes: *
--
-- Everything that happens in a cycle around its scores: plans, adjustments, vetoes, tallies, results, grades,
-- reports, decisions, appeals, checks, tasks. There are hundreds of them where there are ten thousands of
-- values, so they are read whole and folded in memory by the domain's own states.

-- :table
CREATE TABLE proceeding (
    ledger_id integer NOT NULL,
    cycle_id  text    COLLATE "C" NOT NULL,
    position  bigint  NOT NULL,
    type      text    COLLATE "C" NOT NULL
);

-- :index
ALTER TABLE proceeding ADD PRIMARY KEY (ledger_id, cycle_id, position);

-- :fold
INSERT INTO proceeding (ledger_id, cycle_id, position, type)
SELECT e.ledger_id, e.cycle_id, e.position, e.type
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
  AND e.cycle_id IS NOT NULL
  AND e.type NOT LIKE 'Score%%'
  AND e.type NOT LIKE 'Correction%%'
  AND e.type NOT IN ('TargetSet', 'TargetAdjusted', 'BallotCast');

-- :read by_types
SELECT p.position, e.entry
FROM proceeding AS p
JOIN ledger.event AS e ON e.ledger_id = p.ledger_id AND e.position = p.position
WHERE p.ledger_id = %(ledger_id)s
  AND p.cycle_id = %(cycle_id)s
  AND p.position > %(after)s
  AND p.position <= %(as_of)s
  AND p.type = ANY(%(types)s::text[])
ORDER BY p.position;
