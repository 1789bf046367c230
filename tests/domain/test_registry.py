"""Units, persons, roles, scopes, delegations, and what must not meet in one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import combinations_with_replacement

import pytest
from city import (
    EVIDENCE,
    FOUNDED,
    MIDSUMMER,
    City,
    Refusal,
    claim,
    enter,
    grant,
    instant,
    verify,
)

from ledger.domain.commands import (
    GrantDelegation,
    RegisterPerson,
    RegisterUnit,
    RenameUnit,
    RevokeDelegation,
    RevokeRole,
)
from ledger.domain.commands.founding import FOUNDER, OpenLedger
from ledger.domain.facts import Actor
from ledger.domain.opening import LedgerOpened
from ledger.domain.persons import DelegationGranted, DelegationRevoked, PersonRegistered, RoleGranted, RoleRevoked
from ledger.domain.roles import EVERYTHING, Grant, Role, Scope, incompatible
from ledger.domain.units import UnitCategory, UnitRegistered, UnitRenamed

NEW_YEAR = date(2019, 1, 1)


def register(unit_id: str, name: str = "新区", **more: str) -> RegisterUnit:
    return RegisterUnit(unit_id=unit_id, name_zh=name, category=UnitCategory.DISTRICT, effective_on=NEW_YEAR, **more)


def lend(role: Role, to: str = "deputy", *, first: date = NEW_YEAR, last: date = date(2019, 1, 30)) -> GrantDelegation:
    return GrantDelegation(subject_id=to, role=role, valid_from=first, valid_to=last, reason="On leave.")


def revoke(person: str, position: int, day: date) -> RevokeRole:
    return RevokeRole(
        subject_id=person,
        granted_position=position,
        revoked_from=day,
        reason="Moved to another post.",
        approved_by="director",
    )


def position_of_role(city: City, person: str) -> int:
    return next(
        event.position
        for event in city.memory.events
        if isinstance(event.fact, RoleGranted) and event.fact.subject_id == person
    )


# The founding.


def test_a_ledger_is_founded_by_four_persons_in_four_roles() -> None:
    city = City()
    command = OpenLedger(
        title="Binhai", administrator_id="admin", director_id="director", office_id="office", leading_id="leading"
    )

    facts = city.when(command, by="anybody", at=FOUNDED)

    roles = {"admin": Role.SYSADMIN, "director": Role.DIRECTOR, "office": Role.OFFICE, "leading": Role.LEADING}
    expected: list[object] = [LedgerOpened(title="Binhai")]
    for person, role in roles.items():
        expected.append(PersonRegistered(subject_id=person, display_name=person))
        expected.append(
            RoleGranted(
                subject_id=person, role=role, scope=EVERYTHING, valid_from=date(2018, 1, 2), approved_by=FOUNDER
            )
        )
    assert facts == tuple(expected)
    assert city.memory.events[0].actor == Actor(FOUNDER, "FOUNDER")
    assert city.when(command, by="anybody", at=FOUNDED) == Refusal("DUPLICATE_ID", "title")


def test_two_founding_roles_never_fall_to_one_person() -> None:
    command = OpenLedger(title="Binhai", administrator_id="a", director_id="a", office_id="b", leading_id="c")

    assert City().when(command, by="anybody", at=FOUNDED) == Refusal("SEPARATION_OF_DUTIES")


# Units.


def test_a_unit_is_registered_once_under_a_parent_that_exists(city: City) -> None:
    assert city.when(register("U06", parent_unit_id="U01"), by="office") == (
        UnitRegistered(
            unit_id="U06",
            name_zh="新区",
            category=UnitCategory.DISTRICT,
            parent_unit_id="U01",
            effective_on=NEW_YEAR,
        ),
    )
    assert city.when(register("U06"), by="office") == Refusal("DUPLICATE_ID", "unit_id")
    assert city.when(register("U07", parent_unit_id="U99"), by="office") == Refusal("UNKNOWN_ID", "parent_unit_id")


@pytest.mark.parametrize("unit_id", ["", "U 7", "U:7", "U/7", "x" * 65, "e\u0301", "\ud800"])
def test_an_identifier_is_short_and_plain(city: City, unit_id: str) -> None:
    assert city.when(register(unit_id), by="office") == Refusal("MALFORMED_INPUT", "unit_id")


@pytest.mark.parametrize("name", ["", "  ", "长" * 201, "e\u0301"])
def test_a_name_can_be_read(city: City, name: str) -> None:
    assert city.when(register("U06", name), by="office") == Refusal("MALFORMED_INPUT", "name_zh")


def test_a_unit_is_renamed_with_a_document_and_keeps_its_id(city: City) -> None:
    rename = RenameUnit(unit_id="U01", new_name_zh="滨海新区", evidence=EVIDENCE, effective_on=NEW_YEAR)

    assert city.when(replace(rename, unit_id="U99"), by="office") == Refusal("UNKNOWN_ID", "unit_id")
    assert city.when(replace(rename, evidence=()), by="office") == Refusal("EVIDENCE_REQUIRED", "evidence")
    assert city.when(rename, by="office") == (
        UnitRenamed(unit_id="U01", new_name_zh="滨海新区", evidence=EVIDENCE, effective_on=NEW_YEAR),
    )
    assert city.when(rename, by="office") == Refusal("NO_CHANGE", "new_name_zh")


# Persons and roles.


def test_a_person_is_registered_once_by_the_administrator(city: City) -> None:
    person = RegisterPerson(subject_id="new", display_name="New", home_unit_id="U01")

    assert city.when(person, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(replace(person, home_unit_id="U99"), by="admin") == Refusal("UNKNOWN_ID", "home_unit_id")
    assert city.when(person, by="admin") == (
        PersonRegistered(subject_id="new", display_name="New", home_unit_id="U01"),
    )
    assert city.when(person, by="admin") == Refusal("DUPLICATE_ID", "subject_id")


def test_a_role_is_decided_by_the_director_and_executed_by_the_administrator(city: City) -> None:
    command = grant("deputy", Role.SCORER)

    assert city.when(command, by="director") == Refusal("FORBIDDEN_ROLE")
    assert city.when(replace(command, approved_by="office"), by="admin") == Refusal("FORBIDDEN_ROLE", "approved_by")
    assert city.when(command, by="admin") == (
        RoleGranted(
            subject_id="deputy",
            role=Role.SCORER,
            scope=EVERYTHING,
            valid_from=date(2018, 1, 1),
            approved_by="director",
        ),
    )


def test_nobody_executes_or_decides_a_role_of_their_own(city: City) -> None:
    assert city.when(grant("admin", Role.INSPECTOR), by="admin") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(grant("director", Role.OFFICE), by="admin") == Refusal("SEPARATION_OF_DUTIES", "approved_by")


def test_a_role_holds_from_its_first_to_its_last_day_in_the_city(city: City) -> None:
    role = replace(grant("deputy", Role.SCORER), valid_from=NEW_YEAR, valid_to=date(2019, 1, 5))
    city.given(role, by="admin", at=MIDSUMMER)

    early = replace(enter("7.4"), interim=True)
    assert city.when(early, by="deputy", at=instant("2018-12-31 23:59")) == Refusal("FORBIDDEN_ROLE")
    city.given(early, by="deputy", at=instant("2019-01-01 00:00"))
    city.given(enter("7.4"), by="deputy", at=instant("2019-01-05 23:59"))
    assert city.when(enter("7.5"), by="deputy", at=instant("2019-01-06 00:00")) == Refusal("FORBIDDEN_ROLE")


def test_a_revoked_role_is_gone_from_that_day_on_and_history_stays(city: City) -> None:
    entered = city.entered()
    granted = position_of_role(city, "scorer")

    assert city.when(revoke("scorer", granted, date(2018, 1, 1)), by="admin") == (
        RoleRevoked(
            subject_id="scorer",
            granted_position=granted,
            revoked_from=date(2019, 1, 5),
            reason="Moved to another post.",
            approved_by="director",
        ),
    )
    assert city.when(enter("7.5"), by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert city.memory.events[entered - 1].actor == Actor("scorer", "SCORER")


def test_a_revocation_never_prolongs_a_role_that_had_ended(city: City) -> None:
    ended = replace(grant("deputy", Role.SCORER), valid_to=date(2018, 12, 31))
    granted = city.given(ended, by="admin", at=MIDSUMMER)
    city.given(revoke("deputy", granted, date(2019, 1, 31)), by="admin")

    assert city.when(enter("7.4"), by="deputy") == Refusal("FORBIDDEN_ROLE")


def test_only_a_role_that_was_granted_is_revoked(city: City) -> None:
    assert city.when(revoke("scorer", 1, NEW_YEAR), by="admin") == Refusal("UNKNOWN_ID", "granted_position")


# Scopes.


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        (EVERYTHING, False),
        (Scope(unit_ids=("U04", "U05")), False),
        (Scope(unit_ids=("U05",)), True),
        (Scope(indicator_ids=("A",)), False),
        (Scope(indicator_ids=("B",)), True),
        (Scope(unit_ids=("U04",), indicator_ids=("B",)), True),
    ],
)
def test_a_role_extends_to_its_units_and_indicators(city: City, scope: Scope, refused: bool) -> None:
    city.given(grant("deputy", Role.SCORER, scope), by="admin")

    outcome = city.when(enter("7.4", "U04", "A"), by="deputy")
    assert outcome == Refusal("OUT_OF_SCOPE_UNIT") if refused else isinstance(outcome, tuple)


def test_of_two_grants_one_that_covers_is_enough(city: City) -> None:
    for unit in ("U01", "U04"):
        city.given(grant("deputy", Role.SCORER, Scope(unit_ids=(unit,))), by="admin")

    city.given(enter("7.4", "U04"), by="deputy")
    assert city.when(enter("7.4", "U02"), by="deputy") == Refusal("OUT_OF_SCOPE_UNIT")


# Incompatible roles, domain.md 7.

APART = {
    *(frozenset({Role.REPORTER, role}) for role in (Role.SCORER, Role.VERIFIER, Role.APPROVER)),
    *(frozenset({Role.INSPECTOR, role}) for role in (Role.SCORER, Role.VERIFIER, Role.APPROVER, Role.REPORTER)),
    *(frozenset({Role.PANEL, role}) for role in (Role.OFFICE, Role.SCORER, Role.VERIFIER, Role.APPROVER)),
    *(frozenset({Role.SYSADMIN, role}) for role in set(Role) - {Role.SYSADMIN, Role.PUBLIC}),
    frozenset({Role.LEADING, Role.SCORER}),
    frozenset({Role.SCORER, Role.VERIFIER}),
}


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(Role, 2)))
def test_two_roles_meet_in_one_person_only_if_they_are_compatible(one: Role, other: Role) -> None:
    for role, held in ((one, other), (other, one)):
        holds = Grant(role=held, scope=EVERYTHING, position=1, valid_from=NEW_YEAR)
        assert (incompatible(role, EVERYTHING, [holds]) is not None) == ({one, other} in APART)


def test_one_person_scores_and_verifies_different_indicators_only(city: City) -> None:
    city.given(grant("deputy", Role.SCORER, Scope(indicator_ids=("A",))), by="admin")

    for clash in (EVERYTHING, Scope(indicator_ids=("A", "B"))):
        refusal = city.when(grant("deputy", Role.VERIFIER, clash), by="admin")
        assert refusal == Refusal("SEPARATION_OF_DUTIES", "role")
    city.given(grant("deputy", Role.VERIFIER, Scope(indicator_ids=("B",))), by="admin")


def test_incompatible_roles_may_follow_each_other(city: City) -> None:
    until = replace(grant("deputy", Role.SCORER), valid_to=date(2018, 12, 31))
    city.given(until, by="admin", at=MIDSUMMER)
    inspector = replace(grant("deputy", Role.INSPECTOR), valid_from=date(2018, 12, 31))

    assert city.when(inspector, by="admin") == Refusal("SEPARATION_OF_DUTIES", "role")
    city.given(replace(inspector, valid_from=NEW_YEAR), by="admin")
    before = replace(grant("deputy", Role.VERIFIER), valid_from=date(2018, 1, 1), valid_to=date(2018, 1, 31))
    assert city.when(before, by="admin") == Refusal("SEPARATION_OF_DUTIES", "role")


def test_a_role_does_not_end_before_it_begins(city: City) -> None:
    command = replace(grant("deputy", Role.SCORER), valid_to=date(2017, 12, 31))

    assert city.when(command, by="admin") == Refusal("MALFORMED_INPUT", "valid_to")


# Delegation.


def test_a_delegate_acts_in_the_role_of_who_delegated_and_both_are_named(city: City) -> None:
    assert city.when(lend(Role.SCORER), by="scorer") == (
        DelegationGranted(
            subject_id="deputy",
            from_person_id="scorer",
            role=Role.SCORER,
            valid_from=NEW_YEAR,
            valid_to=date(2019, 1, 30),
            reason="On leave.",
        ),
    )
    city.given(enter("7.4"), by="deputy", on_behalf_of="scorer")

    assert city.memory.events[-1].actor == Actor("deputy", "SCORER", None, "scorer")
    assert city.when(enter("7.4"), by="deputy") == Refusal("FORBIDDEN_ROLE")
    assert city.when(enter("7.4"), by="deputy", on_behalf_of="colleague") == Refusal("FORBIDDEN_ROLE")


def test_a_delegation_lends_one_role_with_its_scope(city: City) -> None:
    city.given(lend(Role.REPORTER), by="reporter")

    city.given(claim("7.4", "U04"), by="deputy", on_behalf_of="reporter")
    assert city.when(claim("7.4", "U05"), by="deputy", on_behalf_of="reporter") == Refusal("OUT_OF_SCOPE_UNIT")
    assert city.when(lend(Role.SCORER), by="reporter") == Refusal("FORBIDDEN_ROLE")


def test_a_delegation_ends_with_the_role_it_lends(city: City) -> None:
    city.given(lend(Role.SCORER), by="scorer")
    city.given(revoke("scorer", position_of_role(city, "scorer"), NEW_YEAR), by="admin")

    assert city.when(enter("7.4"), by="deputy", on_behalf_of="scorer") == Refusal("FORBIDDEN_ROLE")


def test_a_delegation_lasts_thirty_days_at_most(city: City) -> None:
    for last in (date(2018, 12, 31), date(2019, 1, 31)):
        assert city.when(lend(Role.SCORER, last=last), by="scorer") == Refusal("MALFORMED_INPUT", "valid_to")
    city.given(lend(Role.SCORER, last=date(2019, 1, 30)), by="scorer", at=MIDSUMMER)
    early = replace(enter("7.4"), interim=True)
    assert city.when(early, by="deputy", on_behalf_of="scorer", at=instant("2018-12-31 23:59")) == Refusal(
        "FORBIDDEN_ROLE"
    )
    city.given(early, by="deputy", on_behalf_of="scorer", at=instant("2019-01-01 00:00"))


def test_who_delegated_takes_it_back(city: City) -> None:
    given = city.given(lend(Role.SCORER), by="scorer")
    command = RevokeDelegation(subject_id="deputy", delegated_position=given)

    assert city.when(command, by="colleague") == Refusal("UNKNOWN_ID", "delegated_position")
    assert city.when(command, by="scorer") == (
        DelegationRevoked(
            subject_id="deputy", from_person_id="scorer", delegated_position=given, revoked_from=date(2019, 1, 5)
        ),
    )
    assert city.when(enter("7.4"), by="deputy", on_behalf_of="scorer") == Refusal("FORBIDDEN_ROLE")


def test_nobody_delegates_to_themselves_or_to_an_incompatible_person(city: City) -> None:
    assert city.when(lend(Role.SCORER, to="scorer"), by="scorer") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(lend(Role.SCORER, to="inspector"), by="scorer") == Refusal("SEPARATION_OF_DUTIES", "subject_id")
    assert city.when(lend(Role.SCORER, to="nobody"), by="scorer") == Refusal("UNKNOWN_ID", "subject_id")


def test_a_role_that_ended_is_no_bar_to_a_delegation(city: City) -> None:
    city.given(revoke("inspector", position_of_role(city, "inspector"), NEW_YEAR), by="admin")

    city.given(lend(Role.SCORER, to="inspector", first=date(2019, 1, 5)), by="scorer")


def test_separation_of_duties_binds_the_delegate_and_who_is_acted_for(city: City) -> None:
    city.given(lend(Role.SCORER), by="scorer")
    city.given(lend(Role.VERIFIER, to="office"), by="verifier")
    entered = city.given(enter("7.4"), by="deputy", on_behalf_of="scorer")
    city.give_role("scorer", Role.VERIFIER)
    city.give_role("deputy", Role.VERIFIER)

    assert city.when(verify(entered), by="scorer") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(verify(entered), by="deputy") == Refusal("SEPARATION_OF_DUTIES")
    city.given(verify(entered), by="office", on_behalf_of="verifier")


def test_nobody_has_their_own_unit_scored_through_a_delegate(city: City) -> None:
    city.given(RegisterPerson(subject_id="local", display_name="Local", home_unit_id="U04"), by="admin")
    city.given(grant("local", Role.SCORER), by="admin")
    city.given(lend(Role.SCORER), by="local")

    assert city.when(enter("7.4", "U04"), by="deputy", on_behalf_of="local") == Refusal(
        "SEPARATION_OF_DUTIES", "unit_id"
    )
    city.given(enter("7.4", "U05"), by="deputy", on_behalf_of="local")


def test_an_unknown_person_does_nothing(city: City) -> None:
    assert city.when(enter("7.4"), by="stranger") == Refusal("UNKNOWN_ID", "person_id")
    assert city.when(enter("7.4"), by="scorer", on_behalf_of="stranger") == Refusal("UNKNOWN_ID", "person_id")
