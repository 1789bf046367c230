WITH moved AS (
    UPDATE ledger.ledger
    SET head = %(first)s::bigint + %(count)s::bigint - 1, recorded_at = %(recorded_at)s, peaks = %(peaks)b
    WHERE ledger_id = %(ledger_id)s
)
INSERT INTO ledger.event (
    ledger_id, position, recorded_at, stream, version, type, command_id, command_digest, person_id, on_behalf_of,
    cycle_id, group_id, unit_id, indicator_id, period, subject_id, requested_by, approved_by,
    value, cites, request_position, reason_code, baseline, entry
)
SELECT
    %(ledger_id)s, %(first)s::bigint + drafted.place - 1, %(recorded_at)s, drafted.stream, drafted.version, drafted.type,
    drafted.command_id, drafted.command_digest, drafted.person_id, drafted.on_behalf_of,
    drafted.cycle_id, drafted.group_id, drafted.unit_id, drafted.indicator_id, drafted.period, drafted.subject_id,
    drafted.requested_by, drafted.approved_by,
    drafted.value, drafted.cites, drafted.request_position, drafted.reason_code, drafted.baseline, drafted.entry
FROM unnest(
    %(stream)b::text[], %(version)b::integer[], %(type)b::text[], %(command_id)b::uuid[], %(command_digest)b::bytea[],
    %(person_id)b::text[], %(on_behalf_of)b::text[],
    %(cycle_id)b::text[], %(group_id)b::text[], %(unit_id)b::text[], %(indicator_id)b::text[], %(period)b::text[],
    %(subject_id)b::text[], %(requested_by)b::text[], %(approved_by)b::text[],
    %(value)b::numeric[], %(cites)b::bigint[], %(request_position)b::bigint[], %(reason_code)b::text[],
    %(baseline)b::numeric[], %(entry)b::bytea[]
) WITH ORDINALITY AS drafted (
    stream, version, type, command_id, command_digest, person_id, on_behalf_of,
    cycle_id, group_id, unit_id, indicator_id, period, subject_id, requested_by, approved_by,
    value, cites, request_position, reason_code, baseline, entry, place
)
