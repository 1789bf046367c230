"""Whose eyes may see what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from city import CYCLE, EVIDENCE, NOW

from ledger.domain.appeal import AppealAssigned, AppealFact, AppealFiled, AppealKind, Appeals, PanelMember
from ledger.domain.cadres import CadreGradeDecided
from ledger.domain.facts import Actor, Event
from ledger.domain.grading import ReportAudience
from ledger.domain.persons import Person
from ledger.domain.publication import ReportKind, ReportPublished
from ledger.domain.roles import EVERYTHING, Grant, Role
from ledger.domain.visibility import SEES_ALL, visibility_of

DECIDED = CadreGradeDecided(
    cycle_id=CYCLE,
    unit_id="U01",
    subject_id="chen",
    result_position=1,
    grade="COMPETENT",
    unit_grade="EXCELLENT",
    share=Decimal("0.30"),
    seats=1,
    requested_by="orgdept",
    approved_by="leading",
    evidence=EVIDENCE,
)
EVENT = Event(2, NOW, DECIDED.stream, 1, DECIDED, Actor("leading", "LEADING"), UUID(int=2))


def sees(person_id: str, role: Role, event: Event = EVENT) -> bool:
    """Whether somebody who holds one role, for everything, sees an event."""
    held = Grant(role=role, scope=EVERYTHING, position=1, valid_from=date(2018, 1, 1))
    return visibility_of(person_id, Person(grants=(held,)), date(2019, 1, 5)).sees(event)


@pytest.mark.parametrize("role", Role)
def test_a_cadres_grade_is_for_the_leadership_the_organisation_department_and_inspectors(role: Role) -> None:
    assert sees("somebody", role) == (role in {Role.LEADING, Role.ORGDEPT, Role.INSPECTOR})


@pytest.mark.parametrize("role", Role)
def test_a_report_on_cadres_is_for_those_who_see_their_grades(role: Role) -> None:
    fact = ReportPublished(
        cycle_id=CYCLE,
        number="C-1",
        kind=ReportKind.CADRE,
        audience=ReportAudience.LEADERSHIP,
        group_ids=("G1",),
        as_of_position=1,
        plan_version=1,
        engine_version="1",
        rows=(),
        content_hash="0" * 64,
    )
    of_units = EVENT._replace(fact=replace(fact, kind=ReportKind.NOTICE))

    assert sees("somebody", role, EVENT._replace(fact=fact)) == sees("somebody", role)
    assert sees("somebody", role, of_units) == (role in {*SEES_ALL, Role.ORGDEPT})


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.ASSESSED, Role.SCORER])
def test_a_cadre_sees_their_own_grade_and_nobody_elses(role: Role) -> None:
    other = EVENT._replace(fact=replace(DECIDED, subject_id="li"))

    assert sees("chen", role)
    assert not sees("chen", role, other)


# ---- panels


def judged(*panels: tuple[str, ...]) -> Appeals:
    """A cadre's appeal with one panel after the other."""
    facts: list[AppealFact] = [
        AppealFiled(
            cycle_id=CYCLE,
            subject_id="chen",
            kind=AppealKind.GRADE,
            about_position=2,
            level=1,
            grounds="The tenure was counted wrongly.",
            remedy="Count it again.",
            evidence=EVIDENCE,
        )
    ]
    for panel in panels:
        members = tuple(PanelMember(person_id=person, declaration=EVIDENCE[0]) for person in panel)
        facts.append(AppealAssigned(cycle_id=CYCLE, subject_id="chen", appeal_position=3, panel=members))
    appeals = Appeals()
    for position, fact in enumerate(facts, start=3):
        event = Event(position, NOW, fact.stream, position, fact, Actor("office", "OFFICE"), UUID(int=position))
        appeals = appeals.evolve(event)
    return appeals


@pytest.mark.parametrize(
    ("role", "appeals", "seen"),
    [
        (Role.PANEL, judged(("li",)), True),
        (Role.PANEL, judged(("li", "wang")), True),
        (Role.PANEL, judged(("li",), ("wang",)), False),
        (Role.PANEL, judged(), False),
        (Role.SCORER, judged(("li",)), False),
    ],
)
def test_who_is_on_the_panel_of_a_cadres_appeal_sees_the_cadres_grade(role: Role, appeals: Appeals, seen: bool) -> None:
    held = Grant(role=role, scope=EVERYTHING, position=1, valid_from=date(2018, 1, 1))
    visibility = visibility_of("li", Person(grants=(held,)), date(2019, 1, 5), appeals)

    assert visibility.sees(EVENT) is seen
    assert not visibility.sees(EVENT._replace(fact=replace(DECIDED, subject_id="zhao")))
