-- projection: score_history
-- version: 1
-- grain: one row per event of a score
-- consumes: ScoreSelfReported, ScoreEntered, ScoreReturned, ScoreVerified, CorrectionRequested, CorrectionRejected,
--           CorrectionRequestWithdrawn, ScoreCorrected, ScoreWithdrawn, ScoreLateEntered
--
-- Who changed a score, when, from what to what, why, on whose approval. `basis` is the basis
-- that the event sets, NULL if it sets none; `before` and `after` are that basis's value
-- around the event. The three last columns say what the score stood at once it had happened.

-- :table
CREATE TABLE score_history (
    ledger_id         integer     NOT NULL,
    stream            text        COLLATE "C" NOT NULL,
    version           integer     NOT NULL,
    position          bigint      NOT NULL,
    cycle_id          text        COLLATE "C" NOT NULL,
    unit_id           text        COLLATE "C" NOT NULL,
    indicator_id      text        COLLATE "C" NOT NULL,
    period            text        COLLATE "C" NOT NULL,
    type              text        COLLATE "C" NOT NULL,
    recorded_at       timestamptz NOT NULL,
    person_id         text        COLLATE "C" NOT NULL,
    on_behalf_of      text        COLLATE "C",
    requested_by      text        COLLATE "C",
    approved_by       text        COLLATE "C",
    cites             bigint,
    request_position  bigint,
    reason_code       text        COLLATE "C",
    value             numeric,
    basis             text        COLLATE "C",
    before            numeric,
    after             numeric,
    self_value        numeric,
    provisional_value numeric,
    official_value    numeric,
    PRIMARY KEY (ledger_id, stream, version),
    CHECK (value IS NOT NULL OR type NOT IN (
        'ScoreSelfReported', 'ScoreEntered', 'ScoreLateEntered', 'ScoreVerified', 'ScoreCorrected'
    ))
);

-- :index
CREATE INDEX score_history_by_cycle ON score_history (ledger_id, cycle_id, position);

-- :fold
WITH recorded AS (
    -- A pair is the position and the value that an event gives to a basis; the greatest pair
    -- of a basis is the newest, so max() carries values forward in one pass over the range.
    SELECT
        e.stream, e.version, e.position, e.cycle_id, e.unit_id, e.indicator_id, e.period, e.type, e.recorded_at,
        e.person_id, e.on_behalf_of, e.requested_by, e.approved_by, e.cites, e.request_position, e.reason_code,
        e.value,
        CASE WHEN e.type = 'ScoreSelfReported'
            THEN ARRAY[e.position, e.value] END AS self_pair,
        CASE WHEN e.type IN ('ScoreEntered', 'ScoreLateEntered', 'ScoreCorrected', 'ScoreWithdrawn')
            THEN ARRAY[e.position, e.value] END AS provisional_pair,
        CASE WHEN e.type IN ('ScoreVerified', 'ScoreCorrected', 'ScoreWithdrawn')
            THEN ARRAY[e.position, e.value] END AS official_pair
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN (
          'ScoreSelfReported', 'ScoreEntered', 'ScoreReturned', 'ScoreVerified', 'CorrectionRequested',
          'CorrectionRejected', 'CorrectionRequestWithdrawn', 'ScoreCorrected', 'ScoreWithdrawn', 'ScoreLateEntered'
      )
),
resumed AS (
    SELECT r.stream, min(r.version) AS version
    FROM recorded AS r
    GROUP BY r.stream
    HAVING min(r.version) > 1
),
known AS (
    SELECT
        r.stream, r.version, r.position, r.cycle_id, r.unit_id, r.indicator_id, r.period, r.type, r.recorded_at,
        r.person_id, r.on_behalf_of, r.requested_by, r.approved_by, r.cites, r.request_position, r.reason_code,
        r.value, r.self_pair, r.provisional_pair, r.official_pair
    FROM recorded AS r
    UNION ALL
    SELECT
        h.stream, h.version, h.position, h.cycle_id, h.unit_id, h.indicator_id, h.period, h.type, h.recorded_at,
        h.person_id, h.on_behalf_of, h.requested_by, h.approved_by, h.cites, h.request_position, h.reason_code,
        h.value, ARRAY[h.position, h.self_value], ARRAY[h.position, h.provisional_value],
        ARRAY[h.position, h.official_value]
    FROM resumed
    CROSS JOIN LATERAL (
        SELECT
            p.stream, p.version, p.position, p.cycle_id, p.unit_id, p.indicator_id, p.period, p.type, p.recorded_at,
            p.person_id, p.on_behalf_of, p.requested_by, p.approved_by, p.cites, p.request_position, p.reason_code,
            p.value, p.self_value, p.provisional_value, p.official_value
        FROM score_history AS p
        WHERE p.ledger_id = %(ledger_id)s AND p.stream = resumed.stream AND p.version = resumed.version - 1
        LIMIT 1
    ) AS h
),
stood AS (
    SELECT
        k.*,
        (max(k.self_pair) OVER earlier)[2]        AS self_before,
        (max(k.provisional_pair) OVER earlier)[2] AS provisional_before,
        (max(k.official_pair) OVER earlier)[2]    AS official_before
    FROM known AS k
    WINDOW earlier AS (
        PARTITION BY k.stream ORDER BY k.version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
judged AS (
    SELECT
        s.*,
        CASE
            WHEN s.type = 'ScoreSelfReported' THEN 'SELF'
            WHEN s.type IN ('ScoreEntered', 'ScoreLateEntered') THEN 'PROVISIONAL'
            WHEN s.type IN ('ScoreVerified', 'ScoreCorrected') THEN 'OFFICIAL'
            WHEN s.type = 'ScoreWithdrawn' AND s.official_before IS NOT NULL THEN 'OFFICIAL'
            WHEN s.type = 'ScoreWithdrawn' THEN 'PROVISIONAL'
        END AS basis
    FROM stood AS s
    WHERE s.position > %(after)s
)
INSERT INTO score_history (
    ledger_id, stream, version, position, cycle_id, unit_id, indicator_id, period, type, recorded_at,
    person_id, on_behalf_of, requested_by, approved_by, cites, request_position, reason_code, value,
    basis, before, after, self_value, provisional_value, official_value
)
SELECT
    %(ledger_id)s, j.stream, j.version, j.position, j.cycle_id, j.unit_id, j.indicator_id, j.period, j.type,
    j.recorded_at, j.person_id, j.on_behalf_of, j.requested_by, j.approved_by, j.cites, j.request_position,
    j.reason_code, j.value, j.basis,
    CASE j.basis
        WHEN 'SELF' THEN j.self_before
        WHEN 'PROVISIONAL' THEN j.provisional_before
        WHEN 'OFFICIAL' THEN j.official_before
    END,
    CASE WHEN j.basis IS NOT NULL THEN j.value END,
    CASE WHEN j.self_pair IS NULL THEN j.self_before ELSE j.self_pair[2] END,
    CASE WHEN j.provisional_pair IS NULL THEN j.provisional_before ELSE j.provisional_pair[2] END,
    CASE WHEN j.official_pair IS NULL THEN j.official_before ELSE j.official_pair[2] END
FROM judged AS j;

-- :page by_score position
SELECT
    position, version, cycle_id, unit_id, indicator_id, period, type, recorded_at, person_id, on_behalf_of,
    requested_by, approved_by, cites, request_position, reason_code, value, basis, before, after,
    (
        SELECT newest.official_value
        FROM score_history AS newest
        WHERE newest.ledger_id = %(ledger_id)s AND newest.stream = %(stream)s AND newest.position <= %(as_of)s
        ORDER BY newest.version DESC
        LIMIT 1
    ) AS now
FROM score_history
WHERE ledger_id = %(ledger_id)s
  AND stream = %(stream)s
  AND position <= %(as_of)s

-- :page told position
-- What clients see of each event of a score, in one statement, figures as they are written.
SELECT
    (
        SELECT e.entry
        FROM ledger.event AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.position = score_history.position
    ) AS entry,
    basis, value::text AS value, before::text AS before, after::text AS after,
    (
        SELECT newest.official_value
        FROM score_history AS newest
        WHERE newest.ledger_id = %(ledger_id)s AND newest.stream = %(stream)s AND newest.position <= %(as_of)s
        ORDER BY newest.version DESC
        LIMIT 1
    )::text AS now,
    cites, request_position, requested_by, approved_by
FROM score_history
WHERE ledger_id = %(ledger_id)s
  AND stream = %(stream)s
  AND position <= %(as_of)s

-- :page by_cycle position
SELECT
    position, version, cycle_id, unit_id, indicator_id, period, type, recorded_at, person_id, on_behalf_of,
    requested_by, approved_by, cites, request_position, reason_code, value, basis, before, after
FROM score_history
WHERE ledger_id = %(ledger_id)s
  AND cycle_id = %(cycle_id)s
  AND (%(unit_id)s::text IS NULL OR unit_id = %(unit_id)s)
  AND (%(indicator_id)s::text IS NULL OR indicator_id = %(indicator_id)s)
  AND (%(person_id)s::text IS NULL OR %(person_id)s IN (person_id, on_behalf_of, requested_by, approved_by))
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s::text[]))
  AND position <= %(as_of)s
