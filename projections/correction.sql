-- projection: correction
-- version: 2
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
    decided_at        timestamptz
);

-- :index
ALTER TABLE correction ADD PRIMARY KEY (ledger_id, request_position);
-- Every row has a key of its own, so there is nothing to deduplicate.
CREATE INDEX correction_by_unit ON correction (ledger_id, cycle_id, unit_id, request_position)
    WITH (deduplicate_items = off);

-- :fold
WITH step AS NOT MATERIALIZED (
    -- Each request of the range with its decision; a decision alone is about a request of an earlier range.
    SELECT
        r.position AS asked_position, r.cycle_id, r.unit_id, r.indicator_id, r.period, r.cites, r.value, r.reason_code,
        r.person_id, r.recorded_at, d.request_position, d.outcome, d.position AS decided_position,
        d.person_id AS decided_by, d.recorded_at AS decided_at
    FROM (
        SELECT
            e.position, e.cycle_id, e.unit_id, e.indicator_id, e.period, e.cites, e.value, e.reason_code, e.person_id,
            e.recorded_at
        FROM ledger.event AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
          AND e.type = 'CorrectionRequested'
    ) AS r
    FULL JOIN (
        SELECT
            e.request_position, e.position, e.person_id, e.recorded_at,
            CASE e.type
                WHEN 'ScoreCorrected' THEN 'APPROVED'
                WHEN 'CorrectionRejected' THEN 'REJECTED'
                WHEN 'CorrectionRequestWithdrawn' THEN 'WITHDRAWN'
            END AS outcome
        FROM ledger.event AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
          AND e.type IN ('ScoreCorrected', 'CorrectionRejected', 'CorrectionRequestWithdrawn')
    ) AS d ON d.request_position = r.position
),
held AS (
    -- Where such a request stands; before position 1 there is none.
    SELECT newest.row_id, s.outcome, s.decided_position, s.decided_by, s.decided_at
    FROM step AS s
    CROSS JOIN LATERAL (
        SELECT c.ctid AS row_id
        FROM correction AS c
        WHERE c.ledger_id = %(ledger_id)s AND c.request_position = s.request_position
        LIMIT 1
    ) AS newest
    WHERE %(after)s > 0 AND s.asked_position IS NULL
),
decided AS (
    UPDATE correction AS c
    SET
        outcome = h.outcome,
        decided_position = h.decided_position,
        decided_by = h.decided_by,
        decided_at = h.decided_at
    FROM held AS h
    WHERE c.ctid = h.row_id
)
INSERT INTO correction (
    ledger_id, request_position, cycle_id, unit_id, indicator_id, period, corrects_position, proposed_value,
    reason_code, requested_by, requested_at, outcome, decided_position, decided_by, decided_at
)
SELECT
    %(ledger_id)s, s.asked_position, s.cycle_id, s.unit_id, s.indicator_id, s.period, s.cites, s.value, s.reason_code,
    s.person_id, s.recorded_at, coalesce(s.outcome, 'OPEN'), s.decided_position, s.decided_by, s.decided_at
FROM step AS s
LEFT JOIN LATERAL (
    SELECT true AS known
    FROM correction AS c
    WHERE c.ledger_id = %(ledger_id)s AND c.request_position = s.request_position
    LIMIT 1
) AS earlier ON %(after)s > 0 AND s.asked_position IS NULL
-- If there is no such request at all, nothing but its decision is known, and the table refuses the row.
WHERE earlier.known IS NULL;

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
