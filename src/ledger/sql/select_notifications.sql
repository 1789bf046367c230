SELECT position, stream, version, type, entry
FROM ledger.event
WHERE ledger_id = %(ledger_id)s
  AND position > %(after)s::bigint
  AND position <= coalesce(%(through)s::bigint, 9223372036854775807)
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s::text[]))
ORDER BY position
LIMIT %(limit)s::bigint
