"""Decided ahead: what is decided while something else is appended holds only if it still would be decided so."""

from __future__ import annotations

from year import VERIFIER, Year, entered, entry, facts, recorded, unit, verification, verified

from ledger.commands import Recorded
from ledger.domain.refusals import DuplicateId, ForbiddenRole, ScaleExceeded
from ledger.store import Store


def test_nothing_is_recorded_before_it_is_appended(year: Year, store: Store):
    head = store.head

    appended = year.commands.decide_many([year.request(entry("U000")), year.request(entry("U001"))])

    assert store.head == head
    assert [facts(outcome) for outcome in appended()] == [[entered("U000")], [entered("U001")]]
    assert [event.fact for event in recorded(store, after=head)] == [entered("U000"), entered("U001")]


def test_what_moved_since_is_decided_again(year: Year, other: Year, store: Store):
    appended = year.commands.decide_many([year.request(entry("U000")), year.request(entry("U001"))])
    changed = other.change_plan().position

    assert [type(outcome) for outcome in appended()] == [ScaleExceeded, ScaleExceeded]
    assert store.head == changed


def test_of_two_entries_decided_side_by_side_the_later_one_replaces_the_earlier(year: Year, store: Store):
    head = store.head
    first, second = (year.commands.decide_many([year.request(entry(value=value))]) for value in ("1.00", "2.00"))

    outcomes = [*first(), *second()]

    assert [facts(outcome) for outcome in outcomes] == [
        [entered(value="1.00")],
        [entered(value="2.00", replaces_position=head + 1)],
    ]


def test_what_an_earlier_command_of_the_same_person_changed_is_read_anew(year: Year):
    outcomes = year.execute_many(
        year.request(unit("U100"), "office"),
        year.request(unit("U101", parent="U100"), "office"),
        year.request(unit("U100"), "office"),
    )

    assert [type(outcome) for outcome in outcomes] == [Recorded, Recorded, DuplicateId]


def test_persons_of_one_batch_act_each_in_their_own_name(year: Year, store: Store):
    head = store.head

    outcomes = year.execute_many(
        year.request(entry("U000")),
        year.request(entry("U001"), VERIFIER),
        year.request(entry("U002")),
        year.request(verification(head + 1), VERIFIER),
        year.request(entry("U001")),
    )

    assert [type(outcome) for outcome in outcomes] == [Recorded, ForbiddenRole, Recorded, Recorded, Recorded]
    assert facts(outcomes[3]) == [verified(head + 1)]
    actors = [(event.type, event.actor.person_id, event.actor.role) for event in recorded(store, after=head)]
    assert sorted(actors) == [
        ("CommandRefused", VERIFIER, "NONE"),
        ("ScoreEntered", "scorer-0", "SCORER"),
        ("ScoreEntered", "scorer-0", "SCORER"),
        ("ScoreEntered", "scorer-0", "SCORER"),
        ("ScoreVerified", VERIFIER, "VERIFIER"),
    ]
