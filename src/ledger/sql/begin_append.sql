SELECT head, recorded_at, versions
FROM ledger.begin_append(%(ledger_id)s, %(streams)s::text[])
