-- The position that every projection has reached, when it was recorded, and the ledger's own head.
WITH reached AS (
    SELECT coalesce(min(checkpoint.position), 0) AS position
    FROM ({checkpoints}) AS checkpoint (position)
)
SELECT
    reached.position,
    e.recorded_at,
    (SELECT l.head FROM ledger.ledger AS l WHERE l.ledger_id = %(ledger_id)s) AS recorded
FROM reached
LEFT JOIN ledger.event AS e ON e.ledger_id = %(ledger_id)s AND e.position = reached.position
