-- The events of a ledger in order.
SELECT e.entry
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s
  AND e.position > coalesce(%(after)s::bigint, 0)
  AND e.position < coalesce(%(before)s::bigint, 9223372036854775807)
  AND e.position <= %(as_of)s
ORDER BY e.position {direction}
LIMIT %(limit)s::bigint
