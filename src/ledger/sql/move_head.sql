UPDATE ledger.ledger
SET head = %(head)s, recorded_at = %(recorded_at)s, peaks = %(peaks)b
WHERE ledger_id = %(ledger_id)s
