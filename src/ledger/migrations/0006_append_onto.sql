-- Appends entries in one statement onto the head that their positions were given out after; returns
-- false, and does nothing, if the ledger is not there any more, or a stream that was relied on is at
-- another version. The peaks tell a head from the same head of another history, put back from a backup.
CREATE FUNCTION ledger.append_onto(
    the_ledger integer,
    known_head bigint,
    known_peaks bytea,
    relied_on json,
    stamped_at timestamptz,
    new_peaks bytea,
    entries json
)
RETURNS boolean
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    appended bigint;
BEGIN
    PERFORM
    FROM ledger.ledger AS l
    WHERE l.ledger_id = the_ledger AND l.head = known_head AND l.peaks = known_peaks
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    PERFORM
    FROM json_each_text(relied_on) AS named (stream, version)
    LEFT JOIN LATERAL (
        SELECT e.version
        FROM ledger.event AS e
        WHERE e.ledger_id = the_ledger AND e.stream = named.stream
        ORDER BY e.version DESC
        LIMIT 1
    ) AS newest ON true
    WHERE coalesce(newest.version, 0) <> named.version::integer;
    IF FOUND THEN
        RETURN false;
    END IF;

    INSERT INTO ledger.event (
        ledger_id, position, recorded_at, stream, version, type, command_id, command_digest, person_id, on_behalf_of,
        cycle_id, group_id, unit_id, indicator_id, period, subject_id, requested_by, approved_by,
        request_position, reason_code, baseline, value, cites, entry
    )
    SELECT
        the_ledger, known_head + e.place, stamped_at, e.stream, e.version, e.type, e.command_id,
        decode(e.command_digest, 'base64'), e.person_id, e.on_behalf_of,
        e.cycle_id, e.group_id, e.unit_id, e.indicator_id, e.period, e.subject_id, e.requested_by, e.approved_by,
        e.request_position, e.reason_code, e.baseline, e.value, e.cites, convert_to(e.entry, 'UTF8')
    FROM ROWS FROM (
        json_to_recordset(entries) AS (
            stream text, version integer, type text, command_id uuid, command_digest text, person_id text,
            on_behalf_of text, cycle_id text, group_id text, unit_id text, indicator_id text, period text,
            subject_id text, requested_by text, approved_by text, request_position bigint, reason_code text,
            baseline numeric, value numeric, cites bigint, entry text
        )
    ) WITH ORDINALITY AS e (
        stream, version, type, command_id, command_digest, person_id, on_behalf_of, cycle_id, group_id, unit_id,
        indicator_id, period, subject_id, requested_by, approved_by, request_position, reason_code, baseline,
        value, cites, entry, place
    );
    GET DIAGNOSTICS appended = ROW_COUNT;

    UPDATE ledger.ledger
    SET head = known_head + appended, recorded_at = stamped_at, peaks = new_peaks
    WHERE ledger_id = the_ledger;
    RETURN true;
END
$$;
