"""The rules of assessment, pure: facts, the states they add up to, and decisions.

The standard library only. No clock, no I/O, no randomness: time and ids come in as
arguments. Nothing here knows SQL, HTTP or GraphQL.

    a command ─ decide(World) ─▶ facts ─ recorded ─▶ events ─ evolve ─▶ states ─▶ the next decision
                                                       └─ recall, or the projections ─▶ slice ─ settle ─▶ results

Begin with `plan.Plan` (what is ruled), then `settlement.settle` (what follows), then one command,
`commands.scoring.EnterScore` (how a fact comes about). Where a rule stands, in the order of an
assessment year:

    units, and what becomes of them units, reorganisation
    who may do what                 roles, persons, world; what must not meet in one person: roles.INCOMPATIBLE;
                                    not in their own unit's matter: impartiality; who sees what: visibility
    what the plan says              plan, plan_rules, quota; what makes it sound: plan_check, plan_change; what two
                                    versions say otherwise: plan_difference; the standing rules and how an article
                                    is cited: measures, rule_reference
    the year and its phases         cycle, phases (what may be done in which), phase_shown, periods, working_days
    what is to be reached           targets, schedule (how much by when), responsibility, key_tasks, progress
    a value and its history         score; who may change it, when, on whose approval: commands/; documents: evidence
    how a value becomes points      formula (the parameters), formulas (all kinds), formula_kind, target_formulas,
                                    group_formulas, figure_formulas, curve; in words: formula_text
    points of a unit                columns (all units at once), goals (weights, exemptions), succession (mergers)
    appraisal by raters             evaluation, tallying
    bonus, deduction, veto          adjustment, adjusting, veto
    totals and ranks                settlement, on a slice of facts (results, rulings); why: explanation,
                                    explained
    grades by proportion            quota (the parameters), seats, allocation, tie, reason_path, grade_opening;
                                    recorded: grading, given_grades
    reports and restatements        publication, reporting, revision, tables; does it come out again: regrading,
                                    comparison
    rewards and punishments         decision; what is due and overdue: obligations
    being contested and checked     appeal, spot_check, inspection_case, source_revision
    cadres, posts, burden           cadres, posts, burden
    where points are lost           gaps
    what moved, what if             movement (two moments, one event), stepping (one event after the other), what_if:
                                    settle on another slice
    how it is written and proved    numbers, identifiers, reading (plain input), imports, fingerprint, commitments,
                                    merkle; the ledger's own record: opening

A fact is a frozen dataclass whose name is its type for ever (`facts`); a state folds facts; a
command in `commands/` decides facts from states or refuses (`refusals`). `recall` folds
events in memory into the slices that settle takes, as the projections do in SQL.
"""
