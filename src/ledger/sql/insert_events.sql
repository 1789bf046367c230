COPY ledger.event (
    ledger_id, position, recorded_at, stream, version, type, command_id, command_digest, person_id, on_behalf_of,
    cycle_id, group_id, unit_id, indicator_id, period, subject_id, requested_by, approved_by,
    request_position, reason_code, baseline, value, cites, entry
) FROM STDIN (FORMAT BINARY)
