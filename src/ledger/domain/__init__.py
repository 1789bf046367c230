"""The rules of assessment, pure: facts, the states they add up to, and decisions.

The standard library only. No clock, no I/O, no randomness: time and ids come in as
arguments. Nothing here knows SQL, HTTP or GraphQL.

Where a rule stands, in the order of an assessment year:

    who may do what                 roles, persons, world; what must not meet in one person: roles.INCOMPATIBLE;
                                    not in their own unit's matter: impartiality
    what the plan says              plan, plan_rules, quota; what makes it sound: plan_check, plan_change
    the year and its phases         cycle, phases (what may be done in which), phase_shown, periods, working_days
    what is to be reached           targets, responsibility, key_tasks, progress
    a value and its history         score; who may change it, when, on whose approval: commands/
    how a value becomes points      formula, formulas, goals (weights, exemptions, periods), succession (mergers)
    appraisal by raters             evaluation, tallying
    bonus, deduction, veto          adjustment, adjusting, veto
    totals and ranks                settlement, on a slice of facts (results); why: explanation
    grades by proportion            quota (the parameters), seats, allocation, grade_opening; recorded: grading,
                                    given_grades
    reports and restatements        publication, reporting, revision, tables; does it come out again: regrading,
                                    comparison
    rewards and punishments         decision; what is due and overdue: obligations
    being contested and checked     appeal, spot_check, inspection_case, source_revision
    cadres, posts, burden           cadres, posts, burden
    where points are lost           gaps
    what moved, what if             movement (two moments, one event), what_if: settle on another slice

A fact is a frozen dataclass whose name is its type for ever (`facts`); a state folds facts; a
command in `commands/` decides facts from states or refuses (`refusals`). `recall` folds
events in memory into the slices that settle takes, as the projections do in SQL.
"""
