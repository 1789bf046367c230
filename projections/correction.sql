-- projection: correction
-- version: 1
-- grain: one row per correction request
-- consumes: CorrectionRequested, ScoreCorrected, CorrectionRejected, CorrectionRequestWithdrawn
--
-- What was asked for, by whom, and what became of it. At a position before the decision the
-- request is OPEN, whatever was decided later.

-- :table
CREATE TABLE correction (
    ledger_id         integer     NOT NULL,
    request_position  bigint      NOT NULL,
    cycle_id          text        COLLATE "C" NOT NULL,
    unit_id           text        COLLATE "C" NOT NULL,
    indicator_id      text        COLLATE "C" NOT NULL,
    period            text        COLLATE "C" NOT NULL,
    corrects_position bigint      NOT NULL,
    proposed_value    numeric     NOT NULL,
    reason_code       text        COLLATE "C" NOT NULL,
    requested_by      text        COLLATE "C" NOT NULL,
    requested_at      timestamptz NOT NULL,
    outcome           text        COLLATE "C" NOT NULL,
    decided_position  bigint,
    decided_by        text        COLLATE "C",
    decided_at        timestamptz,
    PRIMARY KEY (ledger_id, request_position)
);

-- :index
CREATE INDEX correction_by_unit ON correction (ledger_id, cycle_id, unit_id, request_position);

-- :fold
WITH requested AS (
    SELECT
        e.position AS request_position, e.cycle_id, e.unit_id, e.indicator_id, e.period, e.cites, e.value,
        e.reason_code, e.person_id, e.recorded_at
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type = 'CorrectionRequested'
),
decided AS (
    SELECT
        e.request_position,
        CASE e.type
            WHEN 'ScoreCorrected' THEN 'APPROVED'
            WHEN 'CorrectionRejected' THEN 'REJECTED'
            WHEN 'CorrectionRequestWithdrawn' THEN 'WITHDRAWN'
        END AS outcome,
        e.position, e.person_id, e.recorded_at
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN ('ScoreCorrected', 'CorrectionRejected', 'CorrectionRequestWithdrawn')
),
moved AS (
    SELECT
        request_position, r.cycle_id, r.unit_id, r.indicator_id, r.period, r.cites, r.value, r.reason_code,
        r.person_id AS requested_by, r.recorded_at AS requested_at,
        d.outcome, d.position AS decided_position, d.person_id AS decided_by, d.recorded_at AS decided_at
    FROM requested AS r
    FULL JOIN decided AS d USING (request_position)
)
MERGE INTO correction AS c
USING moved AS m ON c.ledger_id = %(ledger_id)s AND c.request_position = m.request_position
WHEN MATCHED THEN
    UPDATE SET
        outcome = m.outcome,
        decided_position = m.decided_position,
        decided_by = m.decided_by,
        decided_at = m.decided_at
WHEN NOT MATCHED THEN
    INSERT (
        ledger_id, request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value,
        reason_code, requested_by, requested_at, outcome, decided_position, decided_by, decided_at
    )
    VALUES (
        %(ledger_id)s, m.request_position, m.cycle_id, m.unit_id, m.indicator_id, m.period, m.cites, m.value,
        m.reason_code, m.requested_by, m.requested_at, coalesce(m.outcome, 'OPEN'), m.decided_position,
        m.decided_by, m.decided_at
    );

-- :page page request_position
SELECT
    request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value, reason_code,
    requested_by, requested_at,
    CASE WHEN decided_position <= %(as_of)s THEN outcome ELSE 'OPEN' END AS outcome,
    CASE WHEN decided_position <= %(as_of)s THEN decided_position END    AS decided_position,
    CASE WHEN decided_position <= %(as_of)s THEN decided_by END          AS decided_by,
    CASE WHEN decided_position <= %(as_of)s THEN decided_at END          AS decided_at
FROM correction
WHERE ledger_id = %(ledger_id)s
  AND (%(cycle_id)s::text IS NULL OR cycle_id = %(cycle_id)s)
  AND (%(unit_id)s::text IS NULL OR unit_id = %(unit_id)s)
  AND (%(indicator_id)s::text IS NULL OR indicator_id = %(indicator_id)s)
  AND (
      %(outcome)s::text IS NULL
      OR %(outcome)s = CASE WHEN decided_position <= %(as_of)s THEN outcome ELSE 'OPEN' END
  )
  AND request_position <= %(as_of)s

-- :page by_score request_position
SELECT
    request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value, reason_code,
    requested_by, requested_at,
    CASE WHEN decided_position <= %(as_of)s THEN outcome ELSE 'OPEN' END AS outcome,
    CASE WHEN decided_position <= %(as_of)s THEN decided_position END    AS decided_position,
    CASE WHEN decided_position <= %(as_of)s THEN decided_by END          AS decided_by,
    CASE WHEN decided_position <= %(as_of)s THEN decided_at END          AS decided_at
FROM correction
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND unit_id = %(unit_id)s
  AND indicator_id = %(indicator_id)s
  AND period = %(period)s
  AND request_position <= %(as_of)s

-- :read by_request
SELECT
    request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value, reason_code,
    requested_by, requested_at,
    CASE WHEN decided_position <= %(as_of)s THEN outcome ELSE 'OPEN' END AS outcome,
    CASE WHEN decided_position <= %(as_of)s THEN decided_position END    AS decided_position,
    CASE WHEN decided_position <= %(as_of)s THEN decided_by END          AS decided_by,
    CASE WHEN decided_position <= %(as_of)s THEN decided_at END          AS decided_at
FROM correction
WHERE ledger_id = %(ledger_id)s
  AND request_position = %(request_position)s
  AND request_position <= %(as_of)s;
