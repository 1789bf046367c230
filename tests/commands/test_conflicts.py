"""Decisions hold only on what is current: what others changed meanwhile is decided on again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from clock import Clock
from slow import slow_entry
from year import (
    CYCLE,
    SCORERS,
    Year,
    entered,
    entry,
    facts,
    recorded,
)

from ledger.commands import Outcome, Recorded
from ledger.domain.commands import CloseEntry, RevokeRole
from ledger.domain.refusals import (
    ForbiddenRole,
    PhaseViolation,
    Refused,
    ScaleExceeded,
    StaleExpectedVersion,
)
from ledger.store import Store


def test_of_two_concurrent_commands_with_one_expected_version_exactly_one_succeeds(year: Year, other: Year):
    def outcome(sender: Year, version: int, value: str) -> str:
        barrier.wait()
        try:
            sender.execute(entry(value=value, expected_version=version))
        except Refused as refused:
            return f"{refused.code()}, retryable: {refused.retryable}"
        return "recorded"

    barrier = threading.Barrier(2)
    for version in range(15):
        with ThreadPoolExecutor(2) as pool:
            tries = [pool.submit(outcome, sender, version, f"{version}.1") for sender in (year, other)]
        assert sorted(tried.result() for tried in tries) == [
            "STALE_EXPECTED_VERSION, retryable: True",
            "recorded",
        ]


def test_a_stale_expected_version_names_the_current_one(year: Year, store: Store):
    head = year.execute(entry()).position

    with pytest.raises(StaleExpectedVersion) as refused:
        year.execute(entry(expected_version=0))

    assert (refused.value.path, refused.value.current_version) == ("expected_version", 1)
    assert store.head == head


def test_a_plan_changed_between_decision_and_append_is_decided_on(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    changed: list[Recorded] = []
    meanwhile.append(lambda: changed.append(other.change_plan()))

    with pytest.raises(ScaleExceeded):
        year.execute(slow_entry())

    assert store.head == changed[0].position


def test_a_role_revoked_between_decision_and_append_is_missed(
    year: Year, other: Year, store: Store, clock: Clock, meanwhile: list[Callable[[], object]]
):
    granted = next(e for e in store.events_of(f"person:{SCORERS[0]}") if e.type == "RoleGranted")
    revocation = RevokeRole(
        subject_id=SCORERS[0],
        granted_position=granted.position,
        revoked_from=clock.now.date(),
        reason="Moved to another office",
        approved_by="director",
    )
    meanwhile.append(lambda: other.execute(revocation, "admin"))

    with pytest.raises(ForbiddenRole):
        year.execute(slow_entry())

    assert [event.type for event in recorded(store, after=0)[-2:]] == ["RoleRevoked", "CommandRefused"]


def test_a_phase_changed_between_decision_and_append_is_seen(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    meanwhile.append(lambda: other.execute(CloseEntry(cycle_id=CYCLE), "office"))

    with pytest.raises(PhaseViolation):
        year.execute(slow_entry())

    assert [event.type for event in recorded(store, after=0)[-2:]] == ["EntryClosed", "CommandRefused"]


def test_decisions_made_on_different_versions_of_a_plan_are_not_appended_together(
    year: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    """Another thread of this process changed the plan: the second decision saw it, the first did not."""
    changed: list[Recorded] = []
    meanwhile.append(lambda: changed.append(year.change_plan()))

    first, second = year.execute_many(year.request(slow_entry("U000", "1.5")), year.request(entry("U001", "5")))

    assert isinstance(first, ScaleExceeded)
    assert facts(second) == [entered("U001", "5")]
    assert store.head == changed[0].position + 1


def test_a_batch_that_lost_a_race_is_decided_again_one_by_one(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    meanwhile.append(lambda: other.execute(entry("U001", "5.0")))
    head = store.head

    outcomes = year.execute_many(
        year.request(entry("U000")), year.request(slow_entry("U001")), year.request(entry("U002"))
    )

    assert [facts(outcome) for outcome in outcomes] == [
        [entered("U000")],
        [entered("U001", replaces_position=head + 1)],
        [entered("U002")],
    ]
    assert store.head == head + 4


def test_a_command_that_others_overtake_every_time_is_answered_as_stale(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    head = store.head
    meanwhile.extend([lambda: other.execute(entry(value="1.0"))] * 10)

    with pytest.raises(StaleExpectedVersion) as refused:
        year.execute(slow_entry())

    assert refused.value.retryable
    assert all(event.fact.value == 1 for event in recorded(store, after=head))  # pyright: ignore[reportAttributeAccessIssue]


def test_processes_that_write_the_same_scores_lose_none_of_them(year: Year, other: Year, store: Store):
    """Two processes with two threads each enter values of three scores; all are recorded, each replacing the last."""
    head = store.head

    def enter(number: int) -> Outcome:
        sender = (year, other)[number % 2]
        request = sender.request(entry(f"U{number % 3:03}", f"{number}.0"), SCORERS[number % 8])
        while True:
            outcome = sender.commands.execute_many([request])[0]
            if not (isinstance(outcome, Refused) and outcome.retryable):
                return outcome

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(enter, range(60)))

    assert sorted(o.position for o in outcomes if isinstance(o, Recorded)) == list(range(head + 1, head + 61))
    newest: dict[str, int] = {}
    for event in recorded(store, after=head):
        assert event.fact.replaces_position == newest.get(event.stream)  # pyright: ignore[reportAttributeAccessIssue]
        newest[event.stream] = event.position
