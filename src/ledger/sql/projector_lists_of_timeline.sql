-- The lists of a kind and a cycle by their names, all of them if none is given.
SELECT unnest(%(names)s::text[]) AS name
UNION
SELECT t.name
FROM timeline AS t
WHERE %(names)s::text[] IS NULL
  AND t.ledger_id = %(ledger_id)s
  AND t.kind = %(kind)s
  AND t.cycle_id = %(of_cycle)s
