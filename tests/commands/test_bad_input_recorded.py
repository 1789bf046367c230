"""Bad input, rows 29, 32 to 36 and 44, sent to a real ledger: refused alike, and the head stays.

Row 44's late ballot is a privileged refusal, which is all that is recorded of it. Source: domain.md 2.2, 2.6.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from city import NOW, City, Refusal, found_city
from clock import Clock
from test_bad_input import ROWS as INPUTS
from test_bad_input_results import ROWS as RESULTS
from year import recorded

from ledger.batches import Request
from ledger.commands import Commands
from ledger.domain.refusals import Refused
from ledger.domain.world import Command
from ledger.entries import Draft
from ledger.store import Store

PRIVILEGED = {"DEADLINE_PASSED"}
"""Of the codes of these rows."""


Attempt = Callable[[], object]


def _in_a_city(attempt: Callable[[City], object]) -> Attempt:
    return lambda: attempt(found_city())


ROWS: list[tuple[str, Attempt, str, str | None]] = [
    *((name, _in_a_city(attempt), code, path) for name, attempt, code, path in INPUTS if name.startswith("29 ")),
    *RESULTS,
]


@pytest.mark.parametrize(("attempt", "code", "path"), [pytest.param(*case, id=name) for name, *case in ROWS])
def test_bad_input_is_refused_and_the_head_stays(
    attempt: Callable[[], object],
    code: str,
    path: str | None,
    store: Store,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sent(city: City, command: Command, *, by: str, at: datetime = NOW) -> Refusal:
        for event in city.memory.events:
            clock.now = event.recorded_at
            store.append([Draft(event.stream, event.version, event.fact, event.actor, event.command_id)])
        clock.now = at
        head = store.head
        commands = Commands(store, stored_bytes=city.stored.get)
        with pytest.raises(Refused) as refused:
            commands.execute(Request(command=command, command_id=UUID(int=10**9), person_id=by))
        types = [event.type for event in recorded(store, after=head)]
        assert types == (["CommandRefused"] if code in PRIVILEGED else [])
        return Refusal(refused.value.code(), refused.value.path)

    monkeypatch.setattr(City, "when", sent)

    assert attempt() == Refusal(code, path)
