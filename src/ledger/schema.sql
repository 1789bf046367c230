-- The whole current schema as one picture; migrations/ is the path to it, and a test proves that they meet.

CREATE SCHEMA ledger;

-- Roles belong to the whole server, so another ledger database may have made them already.
DO $$
BEGIN
    CREATE ROLE ledger_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    CREATE ROLE ledger_projector NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    CREATE ROLE ledger_signer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    EXECUTE format('GRANT ledger_app, ledger_projector, ledger_signer TO %I', current_user);
EXCEPTION WHEN unique_violation THEN
    -- Another database of this server was migrated at the same moment (PostgreSQL 15).
    NULL;
END
$$;

-- Grain: one row per ledger, the only row that ever changes. Its lock is the append order.
CREATE TABLE ledger.ledger (
    ledger_id   integer     PRIMARY KEY,
    head        bigint      NOT NULL DEFAULT 0,
    recorded_at timestamptz,
    -- The roots of the complete subtrees over the ledger's entries, the largest first: what it takes to
    -- go on with the log. A cache; nobody who checks anything goes by it.
    peaks       bytea       NOT NULL DEFAULT ''
) WITH (fillfactor = 50);

-- Grain: one row per event, for ever. `entry` is what is hashed, exported and verified;
-- the typed columns are a copy for folds and filters, sent by the writer beside it.
CREATE TABLE ledger.event (
    ledger_id        integer     NOT NULL,
    position         bigint      NOT NULL CHECK (position >= 1),
    stream           text        COLLATE "C" NOT NULL,
    version          integer     NOT NULL CHECK (version >= 1),
    type             text        COLLATE "C" NOT NULL,
    recorded_at      timestamptz NOT NULL,
    command_id       uuid        NOT NULL,
    command_digest   bytea,
    person_id        text        COLLATE "C" NOT NULL,
    on_behalf_of     text        COLLATE "C",
    cycle_id         text        COLLATE "C",
    group_id         text        COLLATE "C",
    unit_id          text        COLLATE "C",
    indicator_id     text        COLLATE "C",
    period           text        COLLATE "C",
    subject_id       text        COLLATE "C",
    requested_by     text        COLLATE "C",
    approved_by      text        COLLATE "C",
    value            numeric,
    cites            bigint,
    request_position bigint,
    reason_code      text        COLLATE "C",
    entry            bytea       NOT NULL,
    baseline         numeric,
    PRIMARY KEY (ledger_id, position),
    UNIQUE (ledger_id, stream, version)
);

-- Of a ledger that began after the last ANALYZE, statistics would say that it is empty: whatever index begins
-- with the ledger would seem as good as any other, and all of it be walked through for a few streams.
ALTER TABLE ledger.event ALTER COLUMN ledger_id SET STATISTICS 0;

-- The first event of a command carries its digest: a command is recorded at most once.
CREATE UNIQUE INDEX event_command ON ledger.event (ledger_id, command_id) WHERE command_digest IS NOT NULL;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are immutable: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Record a correction instead.';
END
$$;

CREATE TRIGGER event_rows_are_immutable
    BEFORE UPDATE OR DELETE ON ledger.event
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER event_table_is_immutable
    BEFORE TRUNCATE ON ledger.event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
-- ALWAYS: session_replication_role = replica does not switch them off.
ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER event_rows_are_immutable;
ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER event_table_is_immutable;

-- Grain: one row per full tile of the log, for ever: 256 hashes, each the root over 256^level leaves.
-- What is not yet a full tile is hashed from the entries.
CREATE TABLE ledger.tile (
    ledger_id  integer  NOT NULL,
    level      smallint NOT NULL CHECK (level >= 0),
    tile_index bigint   NOT NULL CHECK (tile_index >= 0),
    root       bytea    NOT NULL CHECK (length(root) = 32),
    data       bytea    NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (ledger_id, level, tile_index)
);
-- Hashes cannot be compressed; trying costs time.
ALTER TABLE ledger.tile ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TRIGGER tile_rows_are_immutable
    BEFORE UPDATE OR DELETE ON ledger.tile
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER tile_table_is_immutable
    BEFORE TRUNCATE ON ledger.tile
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.tile ENABLE ALWAYS TRIGGER tile_rows_are_immutable;
ALTER TABLE ledger.tile ENABLE ALWAYS TRIGGER tile_table_is_immutable;

-- Takes the ledger's append lock until the transaction ends, and returns its head, its clock, its peaks
-- and the version of each named stream. In plpgsql because each statement of a volatile
-- function sees what was committed while the lock was waited for; one SQL statement would not.
CREATE FUNCTION ledger.begin_append(
    the_ledger integer,
    streams text[],
    OUT head bigint,
    OUT recorded_at timestamptz,
    OUT peaks bytea,
    OUT versions integer[]
)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    SELECT l.head, l.recorded_at, l.peaks INTO STRICT head, recorded_at, peaks
    FROM ledger.ledger AS l
    WHERE l.ledger_id = the_ledger
    FOR UPDATE;

    SELECT array_agg(coalesce(newest.version, 0) ORDER BY named.place) INTO versions
    FROM unnest(streams) WITH ORDINALITY AS named (stream, place)
    LEFT JOIN LATERAL (
        SELECT e.version
        FROM ledger.event AS e
        WHERE e.ledger_id = the_ledger AND e.stream = named.stream
        ORDER BY e.version DESC
        LIMIT 1
    ) AS newest ON true;
END
$$;

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

-- The last position recorded at or before an instant, 0 if there is none. Because recorded_at
-- never runs back, bisecting the primary key finds it in about twenty look-ups and no index.
CREATE FUNCTION ledger.position_at(the_ledger integer, instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low  bigint := 0;
    high bigint;
    middle bigint;
    recorded timestamptz;
BEGIN
    SELECT coalesce(max(e.position), 0) INTO high FROM ledger.event AS e WHERE e.ledger_id = the_ledger;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at INTO recorded
        FROM ledger.event AS e
        WHERE e.ledger_id = the_ledger AND e.position = middle;
        IF recorded <= instant THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- The same positions, the lowest first. Lists of positions are made millions at a time, and PostgreSQL 18 has a
-- function for it that takes a quarter of the time.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
        CREATE FUNCTION ledger.ascending(positions bigint[]) RETURNS bigint[]
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN array_sort(positions);
    ELSE
        CREATE FUNCTION ledger.ascending(positions bigint[]) RETURNS bigint[]
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY(SELECT unnest(positions) ORDER BY 1);
    END IF;
END
$$;

GRANT USAGE ON SCHEMA ledger TO ledger_app, ledger_projector, ledger_signer;
GRANT SELECT, INSERT ON ledger.event, ledger.tile TO ledger_app;
GRANT SELECT ON ledger.event, ledger.ledger TO ledger_projector;
GRANT SELECT, INSERT, UPDATE (head, recorded_at, peaks) ON ledger.ledger TO ledger_app;
GRANT SELECT ON ledger.event, ledger.ledger, ledger.tile TO ledger_signer;
