-- The log: a Merkle tree over the entries. What was recorded before has its part of it built by
-- the program (ledger.tiles.build_missing), in the transaction that this is applied in.
ALTER TABLE ledger.ledger ADD COLUMN peaks bytea NOT NULL DEFAULT '';

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

DROP FUNCTION ledger.begin_append(integer, text[]);

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
LANGUAGE plpgsql AS $$
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

GRANT SELECT, INSERT ON ledger.tile TO ledger_app;
GRANT UPDATE (peaks) ON ledger.ledger TO ledger_app;
