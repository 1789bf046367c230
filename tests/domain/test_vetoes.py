"""Vetoes: who imposes and lifts them, and what they leave of a grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import BECAUSE, CYCLE, EVIDENCE, GROUP, NOW, PLAN, City, Refusal, found_city, grant
from hypothesis import given
from hypothesis import strategies as st
from serving import RULES as CADRE_RULES

from ledger.domain.allocation import Candidate, allocate
from ledger.domain.commands import ImposeVeto, IssuePlanVersion, LiftVeto, RegisterPerson
from ledger.domain.facts import Actor
from ledger.domain.grading import GradesOpened
from ledger.domain.plan_rules import AdjustmentKind, AdjustmentRule, AdjustmentRules
from ledger.domain.publication import RestatementOpened
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.refusals import ReferencedEntityInUse, UnknownId
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.rulings import Rulings
from ledger.domain.veto import Bounds, Veto, VetoEffect, Vetoes, VetoImposed, VetoLifted, veto_stream
from ledger.domain.world import Command

GRADING = GradingRules(
    grades=(
        GradeQuota(grade="EXCELLENT", share=Decimal("0.2"), total_min=Decimal(90)),
        GradeQuota(grade="GOOD", share=Decimal("0.4"), total_min=Decimal(80)),
    )
)
BONUS = AdjustmentRule(article="21", kind=AdjustmentKind.BONUS, points_max=Decimal(5))
VETOED = replace(
    PLAN, grading=GRADING, veto_articles=("41",), adjustments=AdjustmentRules(rules=(BONUS,)), cadres=CADRE_RULES
)
LADDER = GRADING.names


def article(number: str) -> RuleRef:
    return RuleRef(source=RuleSource.PLAN, version=1, article=number)


IMPOSE = ImposeVeto(
    cycle_id=CYCLE,
    unit_id="U01",
    rule=article("41"),
    matter="A serious safety accident.",
    occurred_on=date(2018, 9, 1),
    effect=VetoEffect.MAX_GRADE,
    grade="GOOD",
    evidence=EVIDENCE,
    determined_by="Work Safety Commission",
)
PERSONAL = replace(IMPOSE, unit_id=None, subject_id="reporter", grade="COMPETENT")


def lifting(position: int, *, approved_by: str = "director") -> LiftVeto:
    return LiftVeto(
        cycle_id=CYCLE,
        unit_id="U01",
        veto_position=position,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by=approved_by,
    )


@pytest.fixture
def city() -> City:
    """The city whose plan grades its units and allows a veto."""
    return found_city(VETOED)


def bounds(city: City, unit_id: str = "U01") -> Bounds:
    return city.memory.load(veto_stream(CYCLE, unit_id))[1].bounds(LADDER, unit_id)


def test_the_leading_group_alone_imposes_a_veto(city: City) -> None:
    assert city.when(IMPOSE, by="director") == Refusal("FORBIDDEN_ROLE")
    assert city.when(IMPOSE, by="leading") == (
        VetoImposed(
            cycle_id=CYCLE,
            unit_id="U01",
            rule=article("41"),
            matter="A serious safety accident.",
            occurred_on=date(2018, 9, 1),
            effect=VetoEffect.MAX_GRADE,
            grade="GOOD",
            evidence=EVIDENCE,
            determined_by="Work Safety Commission",
        ),
    )
    assert bounds(city) == (None, "GOOD", (city.head,))


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(IMPOSE, rule=article("99")), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(IMPOSE, rule=article("21")), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(IMPOSE, grade="SUPERB"), Refusal("UNKNOWN_ID", "grade")),
        (replace(IMPOSE, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
        (replace(IMPOSE, matter="Bad."), Refusal("REASON_TOO_SHORT", "matter")),
        (replace(IMPOSE, determined_by=" "), Refusal("MALFORMED_INPUT", "determined_by")),
        (replace(IMPOSE, occurred_on=date(2019, 1, 6)), Refusal("OUT_OF_RANGE", "occurred_on")),
        (replace(IMPOSE, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(IMPOSE, cycle_id="MINI-2019"), Refusal("UNKNOWN_ID", "cycle_id")),
        (replace(IMPOSE, unit_id=None), Refusal("MALFORMED_INPUT", "unit_id")),
        (replace(IMPOSE, subject_id="reporter"), Refusal("MALFORMED_INPUT", "unit_id")),
        (replace(PERSONAL, subject_id="nobody"), Refusal("UNKNOWN_ID", "subject_id")),
        # Cadres have grades of their own.
        (replace(PERSONAL, grade="GOOD"), Refusal("UNKNOWN_ID", "grade")),
        (replace(IMPOSE, grade="COMPETENT"), Refusal("UNKNOWN_ID", "grade")),
    ],
)
def test_a_veto_without_ground_subject_or_grade_is_refused(city: City, command: Command, refusal: Refusal) -> None:
    assert city.when(command, by="leading") == refusal


def test_a_plan_that_opens_no_grades_knows_none_to_veto() -> None:
    city = found_city(replace(VETOED, grading=None, cadres=None))

    assert city.when(IMPOSE, by="leading") == Refusal("UNKNOWN_ID", "grade")
    assert city.when(PERSONAL, by="leading") == Refusal("UNKNOWN_ID", "grade")


def test_a_veto_on_a_person_binds_no_unit(city: City) -> None:
    imposed = city.given(PERSONAL, by="leading")

    known = city.memory.load(veto_stream(CYCLE, "reporter"))[1]
    assert known.bounds(CADRE_RULES.grades, subject_id="reporter") == (None, "COMPETENT", (imposed,))
    # A unit may have the name of a person.
    assert known.bounds(LADDER, "reporter") == (None, None, ())
    city.given(replace(lifting(imposed), unit_id=None, subject_id="reporter"), by="leading")


def test_a_veto_is_lifted_once_on_anothers_approval(city: City) -> None:
    imposed = city.given(IMPOSE, by="leading")

    assert city.when(lifting(imposed), by="director") == Refusal("FORBIDDEN_ROLE")
    assert city.when(lifting(imposed, approved_by="leading"), by="leading") == Refusal(
        "SEPARATION_OF_DUTIES", "approved_by"
    )
    assert city.when(lifting(imposed, approved_by="office"), by="leading") == Refusal("FORBIDDEN_ROLE", "approved_by")
    assert city.when(lifting(imposed - 1), by="leading") == Refusal("UNKNOWN_ID", "veto_position")
    assert city.when(lifting(imposed), by="leading") == (
        VetoLifted(
            cycle_id=CYCLE,
            unit_id="U01",
            veto_position=imposed,
            reason=BECAUSE,
            evidence=EVIDENCE,
            approved_by="director",
        ),
    )
    assert bounds(city) == (None, None, ())
    veto = city.memory.load(veto_stream(CYCLE, "U01"))[1].items[imposed]
    assert (veto.occurred_on, veto.determined_by, veto.evidence) == (
        date(2018, 9, 1),
        "Work Safety Commission",
        EVIDENCE,
    )
    assert (veto.lifted_position, veto.lifted_because) == (city.head, BECAUSE)
    assert city.when(lifting(imposed), by="leading") == Refusal("NO_CHANGE", "veto_position")


def test_nobody_lifts_a_veto_on_their_own_unit(city: City) -> None:
    city.given(RegisterPerson(subject_id="head", display_name="head", home_unit_id="U01"), by="admin")
    city.given(grant("head", Role.LEADING), by="admin")
    imposed = city.given(IMPOSE, by="leading")

    assert city.when(lifting(imposed), by="head") == Refusal("CONFLICT_OF_INTEREST", "unit_id")


RENAMED = GradingRules(grades=(GradeQuota(grade="A", share=Decimal("0.6")),))


def reissue(grading: GradingRules | None) -> IssuePlanVersion:
    content = replace(VETOED, grading=grading, cadres=None)
    return IssuePlanVersion(cycle_id=CYCLE, content=content, based_on=1, summary="Grades", approved_by="leading")


@pytest.mark.parametrize("grading", [RENAMED, None])
@pytest.mark.parametrize("command", [IMPOSE, PERSONAL])
def test_a_plan_keeps_the_grades_that_active_vetoes_name(
    city: City, command: ImposeVeto, grading: GradingRules | None
) -> None:
    imposed = city.given(command, by="leading")

    path = "content.grading" if command.unit_id is not None else "content.cadres"
    assert city.when(reissue(grading), by="office") == Refusal("REFERENCED_ENTITY_IN_USE", path)
    with pytest.raises(ReferencedEntityInUse, match=f"veto_position: {imposed}"):
        city.given(reissue(grading), by="office")
    lifted = replace(lifting(imposed), unit_id=command.unit_id, subject_id=command.subject_id)
    city.given(lifted, by="leading")
    city.given(reissue(grading), by="office")


def test_a_plan_may_give_up_grades_that_no_veto_names(city: City) -> None:
    city.given(IMPOSE, by="leading")
    only_good = GradingRules(grades=(GradeQuota(grade="GOOD", share=Decimal("0.6")),))

    city.given(reissue(only_good), by="office")


def test_a_veto_that_no_grade_can_satisfy_leaves_totals_and_ranks_and_hinders_the_grades_alone(city: City) -> None:
    """As a ledger from before such a plan was refused has it."""
    before = city.ranking()
    city.given(reissue(RENAMED), by="office")
    veto = VetoImposed(
        cycle_id=CYCLE,
        unit_id="U01",
        rule=article("41"),
        matter=IMPOSE.matter,
        occurred_on=IMPOSE.occurred_on,
        effect=VetoEffect.MAX_GRADE,
        grade="GOOD",
        evidence=EVIDENCE,
        determined_by=IMPOSE.determined_by,
    )
    city.memory.record(veto, actor=Actor("leading", "LEADING"), at=NOW)

    opening = city.results().opening
    assert city.ranking() == before
    assert opening is not None
    assert opening.allocation is None
    assert opening.unknown_veto is not None
    assert opening.unknown_veto.facts["veto_position"] == city.head


@pytest.mark.parametrize("command", [IMPOSE, PERSONAL])
def test_vetoes_wait_until_the_cycle_is_opened(command: Command) -> None:
    assert found_city(VETOED, opened=False).when(command, by="leading") == Refusal("PHASE_VIOLATION")


def test_after_grades_are_opened_a_veto_is_imposed_and_lifted_inside_a_restatement_only(city: City) -> None:
    """The mini-ledger's event 74 stands in restatement R2."""
    earlier = city.given(IMPOSE, by="leading")
    leading = Actor("leading", "LEADING")
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=earlier)
    city.memory.record(opened, actor=leading, at=NOW)
    fraud = replace(IMPOSE, unit_id="U04", effect=VetoEffect.FORCE_GRADE, grade="UNQUALIFIED")

    assert city.when(fraud, by="leading") == Refusal("RESTATEMENT_REQUIRED")
    assert city.when(lifting(earlier), by="leading") == Refusal("RESTATEMENT_REQUIRED")
    restating = RestatementOpened(
        cycle_id=CYCLE, number="R2", cause="Fraud", group_ids=(GROUP,), evidence=EVIDENCE, approved_by="leading"
    )
    city.memory.record(restating, actor=leading, at=NOW)
    imposed = city.given(fraud, by="leading")
    city.given(lifting(earlier), by="leading")

    rulings = Rulings()
    for event in city.memory.events:
        rulings = rulings.evolve(event)
    assert rulings.vetoes.bounds(LADDER, "U04") == bounds(city, "U04") == ("UNQUALIFIED", None, (imposed,))
    assert rulings.vetoes.bounds(LADDER, "U01") == (None, None, ())


# ---- what vetoes leave of a grade


def vetoes(*imposed: tuple[VetoEffect, str]) -> Vetoes:
    items = (
        Veto(
            position=position,
            unit_id="U01",
            subject_id=None,
            rule=article("41"),
            matter="",
            effect=effect,
            grade=grade,
            occurred_on=IMPOSE.occurred_on,
            determined_by=IMPOSE.determined_by,
            evidence=EVIDENCE,
        )
        for position, (effect, grade) in enumerate(imposed, start=1)
    )
    return Vetoes({veto.position: veto for veto in items})


MAX, FORCE = VetoEffect.MAX_GRADE, VetoEffect.FORCE_GRADE


@pytest.mark.parametrize(
    ("imposed", "left"),
    [
        ((), (None, None, ())),
        (((MAX, "GOOD"), (MAX, "QUALIFIED")), (None, "QUALIFIED", (1, 2))),
        (((FORCE, "UNQUALIFIED"), (FORCE, "QUALIFIED")), ("UNQUALIFIED", None, (1, 2))),
        (((MAX, "GOOD"), (FORCE, "UNQUALIFIED")), ("UNQUALIFIED", "GOOD", (1, 2))),
        (((FORCE, "GOOD"), (MAX, "QUALIFIED")), ("QUALIFIED", "QUALIFIED", (1, 2))),
    ],
)
def test_of_several_vetoes_the_most_severe_holds(
    imposed: tuple[tuple[VetoEffect, str], ...], left: tuple[str | None, str | None, tuple[int, ...]]
) -> None:
    assert vetoes(*imposed).bounds(LADDER, "U01") == left
    assert vetoes(*imposed).bounds(LADDER, "U02") == (None, None, ())


def test_a_veto_whose_grade_the_plan_gave_up_is_not_passed_over() -> None:
    with pytest.raises(UnknownId):
        vetoes((MAX, "SUPERB")).bounds(LADDER, "U01")


@given(st.lists(st.tuples(st.sampled_from(VetoEffect), st.sampled_from(LADDER)), max_size=4))
def test_the_grade_satisfies_every_limit_and_no_forced_one_is_bettered(
    imposed: Sequence[tuple[VetoEffect, str]],
) -> None:
    """C7."""
    forced, best, positions = vetoes(*imposed).bounds(LADDER, "U01")
    given_grade = forced or best or LADDER[0]

    assert all(LADDER.index(given_grade) >= LADDER.index(grade) for _, grade in imposed)
    assert len(positions) == len(imposed)
    assert (forced is None) is all(effect is MAX for effect, _ in imposed)


TOTALS = {"U01": "100.05", "U02": "96.78", "U03": "97.00", "U04": "98.20", "U05": "78.50"}


def opened(totals: dict[str, str], known: Vetoes) -> dict[str, str]:
    candidates: list[Candidate] = []
    for unit_id, total in totals.items():
        forced, best, _ = known.bounds(LADDER, unit_id)
        candidates.append(Candidate(unit_id, Decimal(total), forced_grade=forced, grade_max=best))
    return dict(allocate(GRADING, candidates).grades)


def test_the_grades_of_the_mini_ledger_follow_from_its_vetoes() -> None:
    """Grades as of positions 50 and 76: U01 at most GOOD (47), then U04 UNQUALIFIED (74)."""
    first = vetoes((MAX, "GOOD"))
    forced = replace(first.items[1], position=2, unit_id="U04", effect=FORCE, grade="UNQUALIFIED")

    assert opened(TOTALS, first) == {
        "U01": "GOOD",
        "U02": "QUALIFIED",
        "U03": "GOOD",
        "U04": "EXCELLENT",
        "U05": "QUALIFIED",
    }
    later = {**TOTALS, "U02": "97.98", "U04": "94.45"}
    assert opened(later, Vetoes({**first.items, 2: forced})) == {
        "U01": "GOOD",
        "U02": "EXCELLENT",
        "U03": "GOOD",
        "U04": "UNQUALIFIED",
        "U05": "QUALIFIED",
    }
