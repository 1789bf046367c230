-- Every append was planned anew, which took longer than carrying it out.
ALTER FUNCTION ledger.begin_append(integer, text[]) SET plan_cache_mode = force_generic_plan;
