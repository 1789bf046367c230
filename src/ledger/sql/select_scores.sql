-- Grain: one row per score of one indicator that was ever entered, of those named or of all: the event that decides where it
-- stands, the position of its value (a verification makes official the entry that it cites), and
-- the correction request that awaits its decision. One pass and no join: the planner cannot know
-- how many scores there are, and a nested loop over them takes half a minute.
WITH happened AS (
    SELECT
        stream, version, unit_id, period, type, value,
        CASE WHEN type = 'ScoreVerified' THEN cites ELSE position END AS position,
        type IN (
            'ScoreEntered', 'ScoreLateEntered', 'ScoreReturned', 'ScoreVerified', 'ScoreCorrected', 'ScoreWithdrawn'
        ) AS decides,
        type IN ('CorrectionRequested', 'CorrectionRejected', 'CorrectionRequestWithdrawn', 'ScoreCorrected') AS asks
    FROM ledger.event
    WHERE ledger_id = %(ledger_id)s
      AND stream >= 'score:' || %(cycle_id)s::text || ':'
      AND stream < 'score:' || %(cycle_id)s::text || ';'
      AND indicator_id = %(indicator_id)s
      AND (%(streams)s::text[] IS NULL OR stream = ANY(%(streams)s::text[]))
),
score AS (
    SELECT
        unit_id, period,
        (array_agg(type ORDER BY version DESC) FILTER (WHERE decides))[1] AS type,
        (array_agg(position ORDER BY version DESC) FILTER (WHERE decides))[1] AS position,
        (array_agg(value ORDER BY version DESC) FILTER (WHERE decides))[1] AS value,
        (array_agg(type ORDER BY version DESC) FILTER (WHERE asks))[1] = 'CorrectionRequested' AS asked,
        (array_agg(position ORDER BY version DESC) FILTER (WHERE asks))[1] AS request_position,
        (array_agg(value ORDER BY version DESC) FILTER (WHERE asks))[1] AS proposed_value
    FROM happened
    GROUP BY stream, unit_id, period
)
SELECT
    unit_id, period, type, position, value,
    CASE WHEN asked THEN request_position END AS request_position,
    CASE WHEN asked THEN proposed_value END AS proposed_value
FROM score
WHERE type IS NOT NULL
