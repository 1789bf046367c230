-- Grain: one row per score of one indicator that was ever entered: the event that decides where it
-- stands, the position of its value (a verification makes official the entry that it cites), and
-- the correction request that awaits its decision.
WITH happened AS (
    SELECT stream, version, position, unit_id, period, type, value, cites
    FROM ledger.event
    WHERE ledger_id = %(ledger_id)s
      AND stream >= 'score:' || %(cycle_id)s::text || ':'
      AND stream < 'score:' || %(cycle_id)s::text || ';'
      AND indicator_id = %(indicator_id)s
),
standing AS (
    SELECT DISTINCT ON (stream) stream, unit_id, period, type, value,
        CASE WHEN type = 'ScoreVerified' THEN cites ELSE position END AS position
    FROM happened
    WHERE type IN (
        'ScoreEntered', 'ScoreLateEntered', 'ScoreReturned', 'ScoreVerified', 'ScoreCorrected', 'ScoreWithdrawn'
    )
    ORDER BY stream, version DESC
),
asked AS (
    SELECT DISTINCT ON (stream) stream, type, position, value
    FROM happened
    WHERE type IN ('CorrectionRequested', 'CorrectionRejected', 'CorrectionRequestWithdrawn', 'ScoreCorrected')
    ORDER BY stream, version DESC
)
SELECT standing.unit_id, standing.period, standing.type, standing.position, standing.value,
    asked.position AS request_position, asked.value AS proposed_value
FROM standing
LEFT JOIN asked ON asked.stream = standing.stream AND asked.type = 'CorrectionRequested'
