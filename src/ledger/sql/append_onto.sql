SELECT ledger.append_onto(
    %(ledger_id)s, %(known_head)s, %(known_peaks)s, %(relied_on)s::json, %(recorded_at)s, %(peaks)s, %(rows)s::json
) AS appended
