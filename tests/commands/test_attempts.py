"""Attempts: privileged refusals are on record, counted and not repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from clock import Clock
from year import (
    CYCLE,
    INDICATOR,
    VERIFIER,
    YEAR,
    Year,
    entered,
    entry,
    recorded,
)

from ledger import attempts
from ledger.domain.commands import SetTarget
from ledger.domain.opening import CommandRefused
from ledger.domain.refusals import (
    ForbiddenRole,
    ScaleExceeded,
)
from ledger.store import Store

OUTSIDER = VERIFIER
"""Somebody who holds a role, but none that enters scores."""


def refused_entry(count: int, *, target: str = "U000") -> CommandRefused:
    return CommandRefused(
        command_type="EnterScore",
        target=f"score:{CYCLE}:{target}:{INDICATOR}:{YEAR}",
        code="FORBIDDEN_ROLE",
        message="None of the person's roles in force allows this. (person_id: verifier, needed: SCORER)",
        count=count,
        cycle_id=CYCLE,
        unit_id=target,
        indicator_id=INDICATOR,
        period=YEAR,
        person_id=OUTSIDER,
    )


def attempt(year: Year, unit_id: str = "U000") -> None:
    with pytest.raises(ForbiddenRole):
        year.execute(entry(unit_id), OUTSIDER)


def test_an_ordinary_refusal_is_not_recorded(year: Year, store: Store):
    head = store.head

    with pytest.raises(ScaleExceeded):
        year.execute(entry(value="1.234"))

    assert store.head == head


def test_a_privileged_refusal_is_recorded_with_who_tried_what(year: Year, store: Store):
    head = store.head
    request = year.request(entry(), OUTSIDER)

    with pytest.raises(ForbiddenRole):
        year.commands.execute(request)

    (event,) = recorded(store, after=head)
    assert event.fact == refused_entry(1)
    assert (event.actor.person_id, event.actor.role, event.correlation_id) == (OUTSIDER, "NONE", request.command_id)


def test_attempts_of_one_kind_are_recorded_once_in_sixty_seconds_with_their_number(
    year: Year, store: Store, clock: Clock
):
    head = store.head
    for _ in range(3):
        attempt(year)
        clock.advance(seconds=29)
    assert [event.fact for event in recorded(store, after=head)] == [refused_entry(1)]

    attempt(year)

    assert [event.fact for event in recorded(store, after=head)] == [refused_entry(1), refused_entry(3)]


def test_attempts_on_another_target_are_counted_apart(year: Year, store: Store):
    head = store.head

    attempt(year)
    attempt(year, "U001")

    assert [event.fact for event in recorded(store, after=head)] == [
        refused_entry(1),
        refused_entry(1, target="U001"),
    ]


def test_two_processes_together_record_one_attempt_in_sixty_seconds(
    year: Year, other: Year, store: Store, clock: Clock
):
    head = store.head
    for sender in (year, other, year):
        attempt(sender)
    clock.advance(seconds=61)
    attempt(year)
    attempt(other)
    attempt(other)

    assert [event.fact for event in recorded(store, after=head)] == [refused_entry(1), refused_entry(2)]


def test_an_attempt_is_recorded_after_what_came_before_it_in_its_batch(year: Year, store: Store):
    head = store.head

    year.execute_many(year.request(entry()), year.request(entry("U001"), OUTSIDER), year.request(entry("U002")))

    assert [event.fact for event in recorded(store, after=head)] == [
        entered(),
        refused_entry(1, target="U001"),
        entered("U002"),
    ]


def test_an_attempt_on_an_impossibly_long_target_is_recorded_all_the_same(year: Year, store: Store):
    """Its stream's name would not fit into an index, its fact not into an entry."""
    head = store.head
    target = SetTarget(cycle_id=CYCLE, unit_id="宝" * 30_000, indicator_id="x", target=entry().value, uom="CNY")

    with pytest.raises(ForbiddenRole):
        year.execute(entry("宝" * 30_000), OUTSIDER)
    with pytest.raises(ForbiddenRole):
        year.execute(target, OUTSIDER)

    first, second = recorded(store, after=head)
    name = f"score:{CYCLE}:{'宝' * 30_000}"[: attempts.TARGET_LENGTH_MAX]
    assert first.fact == replace(refused_entry(1), target=name, unit_id=None)
    assert isinstance(second.fact, CommandRefused)
    assert (second.fact.target, second.fact.unit_id) == ("SetTarget", None)


def test_counts_of_attempts_that_never_come_again_are_forgotten(
    year: Year, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(attempts, "COUNTS_MAX", 2)

    for unit_id in ("U000", "U001", "U002") * 2:
        attempt(year, unit_id)

    assert len(year.commands._attempts._counts) == 2


def test_threads_together_record_every_attempt_once(year: Year, store: Store, clock: Clock):
    head = store.head
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda _: attempt(year), range(20)):
            pass
    clock.advance(seconds=61)
    attempt(year)

    counts = [event.fact.count for event in recorded(store, after=head) if isinstance(event.fact, CommandRefused)]
    assert (len(counts), sum(counts)) == (2, 21)
