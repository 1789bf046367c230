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
WITH step AS (
    -- Whatever became of a request comes right after it in its own order.
    SELECT
        s.request_position, s.position, s.type, s.cycle_id, s.unit_id, s.indicator_id, s.period, s.cites, s.value,
        s.reason_code, s.person_id, s.recorded_at,
        lead(s.outcome) OVER of_request     AS outcome,
        lead(s.position) OVER of_request    AS decided_position,
        lead(s.person_id) OVER of_request   AS decided_by,
        lead(s.recorded_at) OVER of_request AS decided_at,
        lag(s.position) OVER of_request     AS earlier_position,
        s.outcome                           AS own_outcome
    FROM (
        SELECT
            CASE e.type WHEN 'CorrectionRequested' THEN e.position ELSE e.request_position END AS request_position,
            e.position, e.type, e.cycle_id, e.unit_id, e.indicator_id, e.period, e.cites, e.value, e.reason_code,
            e.person_id, e.recorded_at,
            CASE e.type
                WHEN 'ScoreCorrected' THEN 'APPROVED'
                WHEN 'CorrectionRejected' THEN 'REJECTED'
                WHEN 'CorrectionRequestWithdrawn' THEN 'WITHDRAWN'
            END AS outcome
        FROM ledger.event AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
          AND e.type IN ('CorrectionRequested', 'ScoreCorrected', 'CorrectionRejected', 'CorrectionRequestWithdrawn')
    ) AS s
    WINDOW of_request AS (PARTITION BY s.request_position ORDER BY s.position)
)
INSERT INTO correction (
    ledger_id, request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value,
    reason_code, requested_by, requested_at, outcome, decided_position, decided_by, decided_at
)
SELECT
    %(ledger_id)s, s.request_position, s.cycle_id, s.unit_id, s.indicator_id, s.period, s.cites, s.value,
    s.reason_code, s.person_id, s.recorded_at, coalesce(s.outcome, 'OPEN'), s.decided_position, s.decided_by,
    s.decided_at
FROM step AS s
WHERE s.type = 'CorrectionRequested'
UNION ALL
-- A decision about a request of an earlier range. If there is no such request, nothing but its
-- position is known, and the table refuses the row.
SELECT
    %(ledger_id)s, s.request_position, c.cycle_id, c.unit_id, c.indicator_id, c.period, c.corrects_position,
    c.proposed_value, c.reason_code, c.requested_by, c.requested_at, s.own_outcome, s.position, s.person_id,
    s.recorded_at
FROM step AS s
LEFT JOIN LATERAL (
    SELECT
        r.cycle_id, r.unit_id, r.indicator_id, r.period, r.corrects_position, r.proposed_value, r.reason_code,
        r.requested_by, r.requested_at
    FROM correction AS r
    WHERE r.ledger_id = %(ledger_id)s AND r.request_position = s.request_position
    LIMIT 1
) AS c ON true
WHERE s.type <> 'CorrectionRequested' AND s.earlier_position IS NULL
ON CONFLICT (ledger_id, request_position) DO UPDATE SET
    outcome = EXCLUDED.outcome,
    decided_position = EXCLUDED.decided_position,
    decided_by = EXCLUDED.decided_by,
    decided_at = EXCLUDED.decided_at;

-- :page page request_position
SELECT
    request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value, reason_code,
    requested_by, requested_at,
    CASE WHEN decided_position <= %(as_of)s THEN outcome ELSE 'OPEN' END AS outcome,
    CASE WHEN decided_position <= %(as_of)s THEN decided_position END    AS decided_position,
    CASE WHEN decided_position <= %(as_of)s THEN decided_by END          AS decided_by,
    CASE WHEN decided_position <= %(as_of)s THEN decided_at END          AS decided_at,
    (
        SELECT e.value
        FROM ledger.event AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.position = corrects_position
    ) AS corrected_value
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
