-- Of a ledger that began after the last ANALYZE, statistics say that it is empty: whatever index begins with
-- the ledger then seems as good as any other, and all of it is walked through for a few streams. Without
-- statistics each ledger counts as one of many. A column's type, given once more, forgets those there are.
ALTER TABLE ledger.event
    ALTER COLUMN ledger_id TYPE integer,
    ALTER COLUMN ledger_id SET STATISTICS 0;
