-- What a range of events looks like before it is folded: how many there are, and the first whose
-- type is unknown or whose bytes do not end as its typed columns say. Bytes that are not JSON
-- raise an error, which the caller narrows down to a position.
SELECT
    count(convert_from(e.entry, 'UTF8')::json) AS events,
    min(e.position) FILTER (WHERE e.type <> ALL(%(types)s::text[])) AS unknown_position,
    min(e.position) FILTER (
        WHERE substr(e.entry, octet_length(e.entry) - octet_length(e.type) - octet_length(e.version::text) - 20)
            <> convert_to('"type":"' || e.type || '","version":' || e.version || '}', 'UTF8')
    ) AS damaged_position
FROM ledger.event AS e
WHERE e.ledger_id = %(ledger_id)s AND e.position > %(after)s AND e.position <= %(through)s
