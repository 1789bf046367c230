-- The signer reads what it signs, and may do nothing else.
DO $$
BEGIN
    CREATE ROLE ledger_signer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    EXECUTE format('GRANT ledger_signer TO %I', current_user);
EXCEPTION WHEN unique_violation THEN
    -- Another database of this server was migrated at the same moment (PostgreSQL 15).
    NULL;
END
$$;

GRANT USAGE ON SCHEMA ledger TO ledger_signer;
GRANT SELECT ON ledger.event, ledger.ledger, ledger.tile TO ledger_signer;
