-- Entries with everything the columns beside them say, for a signer that believes neither without the other.
SELECT
    position, recorded_at, entry, stream, version, type, command_id, person_id, on_behalf_of,
    cycle_id, group_id, unit_id, indicator_id, period, subject_id, requested_by, approved_by,
    request_position, reason_code, baseline, value, cites
FROM ledger.event
WHERE ledger_id = %(ledger_id)s AND position > %(after)s AND position <= %(through)s
ORDER BY position
LIMIT %(limit)s
