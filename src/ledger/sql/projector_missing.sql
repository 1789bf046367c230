-- The first position of a range that has no event.
SELECT min(expected.position)
FROM generate_series(%(after)s::bigint + 1, %(through)s::bigint) AS expected (position)
WHERE NOT EXISTS (
    SELECT FROM ledger.event AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.position = expected.position
)
