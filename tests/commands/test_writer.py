"""The writer: what arrives together is recorded together, and nobody's outcome is another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from slow import slow_entry
from year import SCORERS, Year, entered, entry, facts

from ledger import writer as writing
from ledger.commands import Outcome, Recorded, Request
from ledger.database import Database
from ledger.domain.commands import EnterScore
from ledger.domain.facts import Event, Fact
from ledger.domain.refusals import Refused
from ledger.domain.world import World
from ledger.entries import Draft
from ledger.recorder import Guard
from ledger.store import Store
from ledger.writer import TooManyWait, Writer


@pytest.fixture
def writer(year: Year) -> Iterator[Writer]:
    opened = Writer(year.commands)
    yield opened
    opened.close()


PATIENCE_S = 40.0


def sent_at_once(writer: Writer, requests: Sequence[Request]) -> list[Outcome | BaseException]:
    async def send() -> list[Outcome | BaseException]:
        waiting = [writer.carry_out(each, PATIENCE_S) for each in requests]
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(send())


def test_commands_sent_at_once_share_a_transaction_and_keep_their_own_outcomes(
    year: Year, store: Store, writer: Writer, database: Database
) -> None:
    head = store.head
    sent = [entry("U000"), entry("unknown"), entry("U001", "1.234"), entry("U002")]

    outcomes = sent_at_once(writer, [year.request(each) for each in sent])

    assert [o.code() if isinstance(o, Refused) else o.position for o in outcomes if isinstance(o, Outcome)] == [
        head + 1,
        "UNKNOWN_ID",
        "SCALE_EXCEEDED",
        head + 2,
    ]
    with database.connect() as connection:
        transactions = connection.execute(
            "SELECT count(DISTINCT xmin::text) FROM ledger.event WHERE position > %s", (head,)
        ).fetchone()
    assert transactions == (1,)


def test_commands_about_one_score_are_recorded_in_the_order_in_which_they_came(year: Year, writer: Writer) -> None:
    outcomes = sent_at_once(writer, [year.request(entry(value=f"{number}.0")) for number in range(1, 6)])

    first = outcomes[0]
    assert isinstance(first, Recorded)
    before = [None, *range(first.position, first.position + 4)]
    assert [facts(o) for o in outcomes if isinstance(o, Recorded)] == [
        [entered(value=f"{number}.0", replaces_position=replaced)] for number, replaced in enumerate(before, start=1)
    ]


def test_what_comes_while_another_is_appended_is_recorded_after_it(
    year: Year, store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, appends, goes_on = store.append, threading.Semaphore(0), threading.Event()

    def slowly(drafts: Sequence[Draft], guard: Guard | None = None) -> list[Event]:
        appends.release()
        goes_on.wait(PATIENCE_S)
        return append(drafts, guard)

    async def send() -> list[Outcome]:
        sent = [asyncio.ensure_future(writer.carry_out(year.request(entry(value="1.0")), PATIENCE_S))]
        await asyncio.to_thread(appends.acquire)
        # The last builds on the second, which is not appended yet; the second on what is just being appended.
        for each in (entry("U001"), entry(value="2.0"), entry(value="3.0")):
            sent.append(asyncio.ensure_future(writer.carry_out(year.request(each), PATIENCE_S)))
            await asyncio.sleep(0.05)
        assert not appends.acquire(blocking=False)
        goes_on.set()
        return await asyncio.gather(*sent)

    monkeypatch.setattr(store, "append", slowly)
    first, beside, second, third = asyncio.run(send())

    assert isinstance(first, Recorded)
    assert isinstance(second, Recorded)
    assert facts(beside) == [entered("U001")]
    assert facts(second) == [entered(value="2.0", replaces_position=first.position)]
    assert facts(third) == [entered(value="3.0", replaces_position=second.position)]


def test_one_command_sent_twice_at_once_has_one_outcome(year: Year, store: Store, writer: Writer) -> None:
    head, request = store.head, year.request(entry())

    first, second = sent_at_once(writer, [request, request])

    assert first == second
    assert store.head == head + 1


def test_a_command_that_loses_a_race_spoils_no_other(
    year: Year, other: Year, store: Store, writer: Writer, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile.append(lambda: other.execute(entry("U001", "5.0")))
    head = store.head

    outcomes = sent_at_once(writer, [year.request(entry("U000")), year.request(slow_entry("U001"))])

    assert [facts(o) for o in outcomes if isinstance(o, Recorded)] == [
        [entered("U000")],
        [entered("U001", replaces_position=head + 1)],
    ]


class Broken(EnterScore):
    """A command with a bug."""

    def decide(self, world: World) -> list[Fact]:
        raise ZeroDivisionError


def test_a_bug_in_one_command_is_the_error_of_that_one(year: Year, writer: Writer) -> None:
    same = entry("U001")
    broken = Broken(
        cycle_id=same.cycle_id,
        unit_id=same.unit_id,
        indicator_id=same.indicator_id,
        period=same.period,
        value=same.value,
        uom=same.uom,
    )

    outcomes = sent_at_once(writer, [year.request(each) for each in (entry("U000"), broken, entry("U002"))])

    assert [type(outcome) for outcome in outcomes] == [Recorded, ZeroDivisionError, Recorded]


def test_more_than_can_wait_are_turned_away_and_the_others_recorded(
    year: Year, store: Store, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "WAITING_MAX", 2)
    head = store.head

    outcomes = sent_at_once(writer, [year.request(entry(f"U{number % 3:03}"), SCORERS[number]) for number in range(4)])

    assert [type(outcome) for outcome in outcomes] == [Recorded, Recorded, TooManyWait, TooManyWait]
    assert store.head == head + 2


def test_whoever_waits_too_long_is_told_and_the_command_is_recorded_all_the_same(
    year: Year, store: Store, writer: Writer
) -> None:
    head = store.head

    with pytest.raises(TimeoutError):
        asyncio.run(writer.carry_out(year.request(entry("U001")), 0.0))
    writer.close()

    assert store.head == head + 1
