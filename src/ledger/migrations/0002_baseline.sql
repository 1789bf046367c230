-- The figure that a target grows from, for folds. Rewriting the column fills it for the targets that were
-- recorded before, from their entries; no row is updated, so the triggers stay as they are.
ALTER TABLE ledger.event ADD COLUMN baseline numeric;
ALTER TABLE ledger.event ALTER COLUMN baseline TYPE numeric USING (
    CASE WHEN type = 'TargetSet' THEN (convert_from(entry, 'UTF8')::json -> 'data' ->> 'baseline')::numeric END
);
