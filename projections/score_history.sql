-- projection: score_history
-- version: 2
-- grain: one row per event of a score
-- consumes: ScoreSelfReported, ScoreEntered, ScoreReturned, ScoreVerified, CorrectionRequested, CorrectionRejected,
--           CorrectionRequestWithdrawn, ScoreCorrected, ScoreWithdrawn, ScoreLateEntered
--
-- From what to what each event changed a score. `basis` is the basis that the event sets, NULL
-- if it sets none, and `before` that basis's value until then. The three last columns say what
-- the score stood at once it had happened. Who, when and why stands in the event, and nothing
-- here repeats it.

-- :table
CREATE TABLE score_history (
    ledger_id         integer NOT NULL,
    stream            text    COLLATE "C" NOT NULL,
    position          bigint  NOT NULL,
    basis             text    COLLATE "C",
    before            numeric,
    self_value        numeric,
    provisional_value numeric,
    official_value    numeric
);

-- :index
ALTER TABLE score_history ADD PRIMARY KEY (ledger_id, stream, position);

-- :fold
WITH recorded AS NOT MATERIALIZED (
    SELECT e.stream, e.version, e.position, e.type, e.value
    FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
      AND e.type IN (
          'ScoreSelfReported', 'ScoreEntered', 'ScoreReturned', 'ScoreVerified', 'CorrectionRequested',
          'CorrectionRejected', 'CorrectionRequestWithdrawn', 'ScoreCorrected', 'ScoreWithdrawn', 'ScoreLateEntered'
      )
),
resumed AS (
    -- Scores that began before the range; from position 0 on there is none.
    SELECT r.stream
    FROM recorded AS r
    WHERE %(after)s > 0
    GROUP BY r.stream
    HAVING min(r.version) > 1
),
known AS (
    SELECT
        r.stream, r.position, r.type, r.value,
        NULL::numeric AS self_value, NULL::numeric AS provisional_value, NULL::numeric AS official_value
    FROM recorded AS r
    UNION ALL
    -- What such a score stood at, as a row without a type before those of the range.
    SELECT resumed.stream, h.position, NULL, NULL, h.self_value, h.provisional_value, h.official_value
    FROM resumed
    CROSS JOIN LATERAL (
        SELECT p.position, p.self_value, p.provisional_value, p.official_value
        FROM score_history AS p
        WHERE p.ledger_id = %(ledger_id)s AND p.stream = resumed.stream
        ORDER BY p.position DESC
        LIMIT 1
    ) AS h
),
stood AS (
    -- A pair is the position and the value that an event gives to a basis; the greatest pair
    -- of a basis is the newest, so max() carries values forward in one pass over the range.
    SELECT
        k.stream, k.position, k.type, k.value,
        (max(CASE
            WHEN k.type = 'ScoreSelfReported' THEN ARRAY[k.position, k.value]
            WHEN k.type IS NULL THEN ARRAY[k.position, k.self_value]
        END) OVER earlier)[2] AS self_before,
        (max(CASE
            WHEN k.type IN ('ScoreCorrected', 'ScoreEntered', 'ScoreLateEntered', 'ScoreWithdrawn')
                THEN ARRAY[k.position, k.value]
            WHEN k.type IS NULL THEN ARRAY[k.position, k.provisional_value]
        END) OVER earlier)[2] AS provisional_before,
        (max(CASE
            WHEN k.type IN ('ScoreCorrected', 'ScoreVerified', 'ScoreWithdrawn') THEN ARRAY[k.position, k.value]
            WHEN k.type IS NULL THEN ARRAY[k.position, k.official_value]
        END) OVER earlier)[2] AS official_before
    FROM known AS k
    WINDOW earlier AS (
        PARTITION BY k.stream ORDER BY k.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
judged AS (
    SELECT
        s.stream, s.position, s.type, s.value, s.self_before, s.provisional_before, s.official_before,
        CASE
            WHEN s.type = 'ScoreSelfReported' THEN 'SELF'
            WHEN s.type IN ('ScoreEntered', 'ScoreLateEntered') THEN 'PROVISIONAL'
            WHEN s.type IN ('ScoreVerified', 'ScoreCorrected') THEN 'OFFICIAL'
            WHEN s.type = 'ScoreWithdrawn' AND s.official_before IS NOT NULL THEN 'OFFICIAL'
            WHEN s.type = 'ScoreWithdrawn' THEN 'PROVISIONAL'
        END AS basis
    FROM stood AS s
    WHERE s.type IS NOT NULL
)
INSERT INTO score_history (
    ledger_id, stream, position, basis, before, self_value, provisional_value, official_value
)
SELECT
    %(ledger_id)s, j.stream, j.position, j.basis,
    CASE j.basis
        WHEN 'SELF' THEN j.self_before
        WHEN 'PROVISIONAL' THEN j.provisional_before
        WHEN 'OFFICIAL' THEN j.official_before
    END,
    CASE WHEN j.type = 'ScoreSelfReported' THEN j.value ELSE j.self_before END,
    CASE
        WHEN j.type IN ('ScoreCorrected', 'ScoreEntered', 'ScoreLateEntered', 'ScoreWithdrawn') THEN j.value
        ELSE j.provisional_before
    END,
    CASE
        WHEN j.type IN ('ScoreCorrected', 'ScoreVerified', 'ScoreWithdrawn') THEN j.value
        ELSE j.official_before
    END
FROM judged AS j;

-- :page by_score position
SELECT
    position, h.basis, e.value, h.before, CASE WHEN h.basis IS NOT NULL THEN e.value END AS after,
    (
        SELECT newest.official_value
        FROM score_history AS newest
        WHERE newest.ledger_id = %(ledger_id)s AND newest.stream = %(stream)s AND newest.position <= %(as_of)s
        ORDER BY newest.position DESC
        LIMIT 1
    ) AS now,
    e.type, e.cites, e.request_position, e.requested_by, e.approved_by
FROM score_history AS h
CROSS JOIN LATERAL (
    SELECT named.type, named.value, named.cites, named.request_position, named.requested_by, named.approved_by
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = h.position
    OFFSET 0
) AS e
WHERE ledger_id = %(ledger_id)s
  AND h.stream = %(stream)s
  AND position <= %(as_of)s

-- :page told position
-- What clients see of each event of a score, in one statement, figures as they are written.
SELECT
    e.entry, h.basis, e.value::text AS value, h.before::text AS before,
    CASE WHEN h.basis IS NOT NULL THEN e.value END::text AS after,
    (
        SELECT newest.official_value
        FROM score_history AS newest
        WHERE newest.ledger_id = %(ledger_id)s AND newest.stream = %(stream)s AND newest.position <= %(as_of)s
        ORDER BY newest.position DESC
        LIMIT 1
    )::text AS now,
    e.cites, e.request_position, e.requested_by, e.approved_by
FROM score_history AS h
CROSS JOIN LATERAL (
    SELECT named.entry, named.value, named.cites, named.request_position, named.requested_by, named.approved_by
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = h.position
    OFFSET 0
) AS e
WHERE ledger_id = %(ledger_id)s
  AND h.stream = %(stream)s
  AND position <= %(as_of)s
