-- The events that a timeline names, filtered further by what they are about. OFFSET 0 keeps the
-- planner to the timeline's order: it would rather sort all of it if it knew no statistics.
SELECT e.entry
FROM {timeline} AS t
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s
      AND named.position = t.position
      AND (%(unit_id)s::text IS NULL OR named.unit_id = %(unit_id)s)
      AND (%(cycle_id)s::text IS NULL OR named.cycle_id = %(cycle_id)s)
      AND (
          %(person_id)s::text IS NULL
          OR %(person_id)s IN (
              named.person_id, named.on_behalf_of, named.requested_by, named.approved_by, named.subject_id
          )
      )
    OFFSET 0
) AS e
WHERE t.ledger_id = %(ledger_id)s
  AND {key}
  AND t.position > coalesce(%(after)s::bigint, 0)
  AND t.position < coalesce(%(before)s::bigint, 9223372036854775807)
  AND t.position <= %(as_of)s
  AND (%(types)s::text[] IS NULL OR t.type = ANY(%(types)s::text[]))
ORDER BY t.position {direction}
LIMIT %(limit)s::bigint
