"""Citing a rule: the article a command stands on has to exist and to be in force.

Source: domain.md 2.4 "Measures and plan".
"""

from __future__ import annotations

from ledger.domain.cycle import Cycle
from ledger.domain.measures import measures_stream
from ledger.domain.refusals import RuleNotFound, RuleNotInForce
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.world import World


def require_rule(world: World, cycle: Cycle, rule: RuleRef, *, path: str = "rule") -> None:
    """Require that the rule stands in its document and is in force. Raises RuleNotFound, RuleNotInForce.

    Of a plan only the newest version is in force; measures hold from their day on until repealed.
    """
    if rule.source is RuleSource.PLAN:
        version = next((v for v in cycle.versions if v.plan_version == rule.version), None)
        if version is None or rule.article not in version.plan.articles:
            raise RuleNotFound(path=path, rule_ref=str(rule), rule=rule)
        if version is not cycle.latest:
            raise RuleNotInForce(path=path, rule_ref=str(rule), newest=cycle.latest.plan_version)
        return
    measures = world.read(measures_stream(cycle.measures_id))
    issued = measures.version(rule.version)
    if issued is None or rule.article not in issued.articles:
        raise RuleNotFound(path=path, rule_ref=str(rule), rule=rule)
    if issued.in_force_from > world.today or (
        measures.repealed_from is not None and measures.repealed_from <= world.today
    ):
        raise RuleNotInForce(path=path, rule_ref=str(rule), rule=rule)
