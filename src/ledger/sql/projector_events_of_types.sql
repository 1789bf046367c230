-- The events of some types in order. Each type's own timeline gives a page at most, so that a rare
-- type is found among millions of events as fast as a common one.
SELECT e.entry
FROM (
    SELECT first.position
    FROM unnest(%(types)s::text[]) AS wanted (type)
    CROSS JOIN LATERAL (
        SELECT t.position
        FROM timeline AS t
        WHERE t.ledger_id = %(ledger_id)s
          AND t.type = wanted.type
          AND t.position > coalesce(%(after)s::bigint, 0)
          AND t.position < coalesce(%(before)s::bigint, 9223372036854775807)
          AND t.position <= %(as_of)s
        ORDER BY t.position {direction}
        LIMIT %(limit)s::bigint
    ) AS first
    ORDER BY first.position {direction}
    LIMIT %(limit)s::bigint
) AS page
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = page.position
    OFFSET 0
) AS e
ORDER BY page.position {direction}
