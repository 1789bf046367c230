"""Whose matters a limited role extends to: those of its units and groups, and of the persons who belong to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import CYCLE, EVIDENCE, GROUP, City, Refusal, found_city
from rewarding import (
    DECIDED,
    FIRST,
    PAID,
    REWARDING,
    WARNING,
    article,
    honour,
    open_grades,
    punish,
    revoke,
)

from ledger.domain.commands import ImposeVeto, RegisterPerson
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.veto import VetoEffect
from ledger.domain.world import Command

OUTSIDE = (Scope(unit_ids=("U01",)), Scope(group_ids=("G9",)))
INSIDE = (Scope(unit_ids=("U04",)), Scope(group_ids=(GROUP,)), EVERYTHING)
OUT_OF_SCOPE = "OUT_OF_SCOPE_UNIT"
VETO = ImposeVeto(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("V1"),
    matter="A fatal accident was concealed.",
    occurred_on=DECIDED.date(),
    effect=VetoEffect.FORCE_GRADE,
    grade="UNQUALIFIED",
    evidence=EVIDENCE,
    determined_by="Safety commission",
)


def vice_city(role: Role, scope: Scope) -> tuple[City, int]:
    """A city whose grades are opened, and in which `vice` holds a role within a scope."""
    city = found_city(REWARDING)
    for person, home in (("vice", None), ("retired", None)):
        city.given(RegisterPerson(subject_id=person, display_name=person, home_unit_id=home), by="admin")
    city.give_role("vice", role, scope)
    return city, open_grades(city, {**FIRST, "U04": "UNQUALIFIED"})


def of_person(command: Command) -> Command:
    """The command about the reporter of U04 instead of the unit."""
    return replace(command, unit_id=None, subject_id="reporter")


@pytest.mark.parametrize("scope", [*OUTSIDE, *INSIDE], ids=str)
def test_the_leading_group_decides_on_units_and_persons_within_its_scope_only(scope: Scope) -> None:
    city, basis = vice_city(Role.LEADING, scope)
    of_unit = punish("U04", "UNQUALIFIED", basis)
    warning = of_person(punish("U04", "UNQUALIFIED", basis, WARNING))

    for command in (of_unit, warning):
        answer = city.when(command, by="vice", at=DECIDED)
        assert (answer == Refusal(OUT_OF_SCOPE)) is (scope in OUTSIDE)


@pytest.mark.parametrize("scope", [*OUTSIDE, *INSIDE], ids=str)
def test_a_decision_is_carried_out_within_the_scope_of_who_does_it(scope: Scope) -> None:
    city, basis = vice_city(Role.ORGDEPT, scope)
    position = city.given(of_person(punish("U04", "UNQUALIFIED", basis, WARNING)), by="leading", at=DECIDED)

    answer = city.when(of_person(honour("U04", position, None)), by="vice", at=PAID)
    assert (answer == Refusal(OUT_OF_SCOPE)) is (scope in OUTSIDE)


@pytest.mark.parametrize(
    ("role", "path"), [(Role.OFFICE, "proposed_by"), (Role.DIRECTOR, "approved_by")], ids=["proposes", "approves"]
)
@pytest.mark.parametrize("scope", [*OUTSIDE, *INSIDE], ids=str)
def test_who_is_named_in_a_decision_holds_the_role_for_its_subject(role: Role, path: str, scope: Scope) -> None:
    city, basis = vice_city(role, scope)
    decided = of_person(punish("U04", "UNQUALIFIED", basis, WARNING))
    if path == "proposed_by":
        command: Command = replace(decided, proposed_by="vice")
    else:
        position = city.given(decided, by="leading", at=DECIDED)
        command = of_person(replace(revoke("U04", position), approved_by="vice"))

    answer = city.when(command, by="leading", at=DECIDED)
    assert (answer == Refusal(OUT_OF_SCOPE, path)) is (scope in OUTSIDE)


@pytest.mark.parametrize("scope", [*OUTSIDE, *INSIDE], ids=str)
def test_the_leading_group_vetoes_within_its_scope_only(scope: Scope) -> None:
    city = found_city(REWARDING)
    for person in ("vice", "retired"):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin")
    city.give_role("vice", Role.LEADING, scope)
    of_nobodys_unit = replace(VETO, unit_id=None, subject_id="retired")

    for command in (VETO, of_person(VETO)):
        assert (city.when(command, by="vice", at=DECIDED) == Refusal(OUT_OF_SCOPE)) is (scope in OUTSIDE)
    assert (city.when(of_nobodys_unit, by="vice", at=DECIDED) == Refusal(OUT_OF_SCOPE)) is (scope is not EVERYTHING)
