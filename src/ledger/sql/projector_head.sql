-- The position that every projection has reached, and when it was recorded.
WITH reached AS (
    SELECT coalesce(min(checkpoint.position), 0) AS position
    FROM ({checkpoints}) AS checkpoint (position)
)
SELECT reached.position, e.recorded_at
FROM reached
LEFT JOIN ledger.event AS e ON e.ledger_id = %(ledger_id)s AND e.position = reached.position
