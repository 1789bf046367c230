-- Folds a few positions into several projections that have all come equally far, or raises an error.
-- For one session, in one statement and with plans that are made once: small ranges are looked up by keys,
-- whatever stale statistics say of scanning.
CREATE OR REPLACE FUNCTION pg_temp.fold_together(integer, bigint, bigint) RETURNS void LANGUAGE plpgsql AS $together$
BEGIN
    PERFORM
        set_config('search_path', {search_path}, true),
        set_config('plan_cache_mode', 'force_generic_plan', true),
        set_config('enable_seqscan', 'off', true),
        set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true);
    -- A switch of tables waits for these locks, and after it names mean the new tables.
    PERFORM pg_advisory_xact_lock_shared({switch_lock}, hashtext(named.name))
    FROM unnest({names}::text[]) AS named (name);
    {moves}
    IF NOT {sound} THEN
        RAISE EXCEPTION 'some event is damaged';
    END IF;
    {folds}
END
$together$
