-- The events of some lists in order. Each list gives a page at most, so that a rare type is found among
-- millions of events as fast as a common one. Where lists say all there is to say, no event is looked at
-- that is not on the page.
SELECT e.entry
FROM (
    SELECT DISTINCT listed.position
    FROM (
        {lists}
    ) AS list
    CROSS JOIN LATERAL (
        SELECT each.position
        FROM {table} AS t
        CROSS JOIN LATERAL unnest(t.positions) AS each (position)
        WHERE t.ledger_id = %(ledger_id)s
          AND {of_list}
          -- From the row on that `after` is in; `t` is any row of the list in there.
          AND t.first_position >= coalesce((
              SELECT max(t.first_position)
              FROM {table} AS t
              WHERE t.ledger_id = %(ledger_id)s AND {of_list} AND t.first_position <= %(after)s
          ), 0)
          AND t.first_position < coalesce(%(before)s::bigint, 9223372036854775807)
          AND t.first_position <= %(as_of)s
          AND each.position > coalesce(%(after)s::bigint, 0)
          AND each.position < coalesce(%(before)s::bigint, 9223372036854775807)
          AND each.position <= %(as_of)s
          AND (
              NOT %(filtered)s
              OR EXISTS (
                  SELECT
                  FROM ledger.event AS named
                  WHERE named.ledger_id = %(ledger_id)s
                    AND named.position = each.position
                    AND (%(types)s::text[] IS NULL OR named.type = ANY(%(types)s::text[]))
                    AND (%(cycle_id)s::text IS NULL OR named.cycle_id = %(cycle_id)s)
                    AND (
                        %(person_id)s::text IS NULL
                        OR %(person_id)s IN (
                            named.person_id, named.on_behalf_of, named.requested_by, named.approved_by, named.subject_id
                        )
                    )
              )
          )
        ORDER BY t.first_position {direction}, each.position {direction}
        LIMIT %(limit)s::bigint
    ) AS listed
    ORDER BY listed.position {direction}
    LIMIT %(limit)s::bigint
) AS page
CROSS JOIN LATERAL (
    SELECT named.entry
    FROM ledger.event AS named
    WHERE named.ledger_id = %(ledger_id)s AND named.position = page.position
    OFFSET 0
) AS e
ORDER BY page.position {direction}
