"""A command id names one command: sent again it gets its first outcome, whoever asks and however often."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from msgspec.structs import replace
from slow import late_verification
from year import (
    FOUNDED_EVENTS,
    OPENING,
    SCORERS,
    VERIFIER,
    Year,
    entered,
    entry,
    facts,
    recorded,
    verification,
    verified,
)

from ledger.commands import Recorded
from ledger.domain.refusals import (
    IdempotencyConflict,
    Refused,
)
from ledger.store import Store


def test_a_repeated_command_gets_its_first_outcome_and_is_recorded_once(
    year: Year, store: Store, new_id: Callable[[], UUID]
):
    request = year.request(entry(), command_id=new_id())
    first = year.commands.execute(request)

    assert year.commands.execute(request) == first
    assert recorded(store, after=first.position - 1) == [*first.events]


def test_a_repeated_command_that_left_many_facts_gets_all_of_them(year: Year, store: Store, other: Year):
    opening = recorded(store, after=0)[:FOUNDED_EVENTS]
    request = year.request(OPENING, command_id=opening[0].command_id)

    assert other.commands.execute(request) == Recorded(tuple(opening))


def test_a_command_id_used_for_another_command_is_refused(year: Year, store: Store):
    first = year.execute(entry(), command_id=UUID(int=77))
    other_payload = year.request(entry(value="12.35"), command_id=UUID(int=77))
    other_person = year.request(entry(), SCORERS[1], command_id=UUID(int=77))

    for request in (other_payload, other_person):
        with pytest.raises(IdempotencyConflict) as refused:
            year.commands.execute(request)
        assert refused.value.facts == {"command_id": UUID(int=77), "position": first.position}
    assert store.head == first.position


def test_another_process_gives_the_first_outcome_of_a_repeated_command(year: Year, other: Year, store: Store):
    request = year.request(entry())
    first = year.commands.execute(request)

    assert other.commands.execute(request) == first
    assert store.head == first.position


def test_a_refused_command_may_be_sent_again_with_its_id(year: Year, other: Year):
    request = year.request(verification(1), VERIFIER)
    with pytest.raises(Refused):
        year.commands.execute(request)

    position = other.execute(entry()).position
    accepted = replace(request, command=verification(position))

    assert facts(year.commands.execute(accepted)) == [verified(position)]


def test_two_threads_that_send_one_command_get_one_outcome(year: Year, store: Store):
    position = year.execute(entry()).position
    for turn in range(20):
        requests = [year.request(entry(value=f"{turn}.5"))] * 2
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(year.commands.execute, requests)
        assert first == second
        position += 1
        assert (first.position, store.head) == (position, position)


def test_a_command_recorded_by_another_process_after_it_was_looked_up_is_not_refused(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    position = other.execute(entry()).position
    request = year.request(late_verification(position), VERIFIER)
    elsewhere: list[Recorded] = []
    meanwhile.append(lambda: elsewhere.append(other.commands.execute(request)))

    assert [year.commands.execute(request)] == elsewhere
    assert store.head == position + 1


def test_a_command_repeated_within_a_batch_gets_its_first_outcome(year: Year, store: Store):
    position = year.execute(entry()).position
    verify = year.request(verification(position), VERIFIER)
    enter = year.request(entry("U001"))

    outcomes = year.execute_many(verify, enter, verify, enter, verify)

    assert [facts(outcome) for outcome in outcomes] == [
        [verified(position)],
        [entered("U001")],
        [verified(position)],
        [entered("U001")],
        [verified(position)],
    ]
    assert outcomes[2] == outcomes[4] == outcomes[0]
    assert store.head == position + 2


def test_a_command_id_used_twice_within_a_batch_is_refused_the_second_time(year: Year, store: Store):
    head = store.head
    one = year.request(entry())
    two = replace(one, command=entry("U001"))

    first, second = year.execute_many(one, two)

    assert facts(first) == [entered()]
    assert isinstance(second, IdempotencyConflict)
    assert store.head == head + 1
