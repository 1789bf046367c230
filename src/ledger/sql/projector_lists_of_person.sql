-- The lists of a person by capacity and type, of all types if none is given.
SELECT DISTINCT t.capacity, t.type
FROM person_activity AS t
WHERE t.ledger_id = %(ledger_id)s
  AND t.person_id = %(person_id)s
  AND (%(types)s::text[] IS NULL OR t.type = ANY(%(types)s::text[]))
