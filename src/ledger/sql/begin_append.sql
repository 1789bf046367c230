SELECT head, recorded_at, peaks, versions
FROM ledger.begin_append(%(ledger_id)s, %(streams)s::text[])
