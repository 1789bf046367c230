SELECT version, type, entry
FROM ledger.event
WHERE ledger_id = %(ledger_id)s
  AND stream = %(stream)s
  AND version > coalesce(%(gt)s::integer, 0)
  AND version <= coalesce(%(lte)s::integer, 2147483647)
ORDER BY version
LIMIT %(limit)s::bigint
