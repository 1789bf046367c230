"""What a process remembers may be stale and its clock may be wrong; its answers are neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from clock import Clock
from slow import slow_entry
from year import (
    ENTRY_ENDS_ON,
    Year,
    entry,
    recorded,
    unit,
)

from ledger.commands import Recorded
from ledger.domain.commands import GrantRole
from ledger.domain.refusals import (
    DeadlinePassed,
    ForbiddenRole,
    ScaleExceeded,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.store import Store


def test_a_stale_memory_never_refuses_wrongly(year: Year, other: Year):
    with pytest.raises(UnknownId):
        year.execute(unit("NEW-1", parent="NEW"), "office")

    other.execute(unit("NEW"), "office")

    assert isinstance(year.execute(unit("NEW-1", parent="NEW"), "office"), Recorded)


def test_a_role_granted_by_another_process_is_seen_at_once(year: Year, other: Year, clock: Clock):
    with pytest.raises(ForbiddenRole):
        year.execute(unit("U777"), "leading")

    grant = GrantRole(subject_id="leading", role=Role.OFFICE, valid_from=clock.now.date(), approved_by="director")
    other.execute(grant, "admin")

    assert isinstance(year.execute(unit("U777"), "leading"), Recorded)


def test_a_stale_memory_never_accepts_wrongly(year: Year, other: Year, store: Store):
    year.execute(entry())
    changed = other.change_plan()

    with pytest.raises(ScaleExceeded):
        year.execute(entry("U001"))
    with pytest.raises(ScaleExceeded):
        year.execute(entry("U000"))

    assert store.head == changed.position


# ---- deadlines


def test_a_decision_that_would_be_recorded_after_its_deadline_is_refused(
    year: Year, store: Store, clock: Clock, meanwhile: list[Callable[[], object]]
):
    """Decided in the last millisecond of the day, in Shanghai; appended in the first of the next."""
    ends = datetime(2018, 3, 31, 16, tzinfo=UTC)
    clock.now = ends - timedelta(milliseconds=1)
    meanwhile.append(lambda: clock.advance(milliseconds=1))
    head = store.head

    with pytest.raises(DeadlinePassed) as refused:
        year.execute(slow_entry())

    assert refused.value.facts == {"deadline": "ENTRY", "ended": ends.isoformat()}
    assert [event.type for event in recorded(store, after=head)] == ["CommandRefused"]


def test_a_decision_is_recorded_until_the_last_instant_of_its_deadline(year: Year, clock: Clock):
    clock.now = datetime(2018, 3, 31, 16, tzinfo=UTC) - timedelta(microseconds=1)

    assert year.execute(entry()).events[0].recorded_at == clock.now


def test_a_clock_that_ran_back_does_not_reopen_a_deadline(year: Year, other: Year, store: Store, clock: Clock):
    """Time in the ledger never runs back, so the entry would be recorded after the deadline."""
    before = clock.now
    clock.now = datetime(2018, 4, 1, tzinfo=UTC)
    head = other.execute(unit("LATE"), "office").position
    clock.now = before

    with pytest.raises(DeadlinePassed):
        year.execute(entry())

    assert recorded(store, after=head)[0].recorded_at.date() > ENTRY_ENDS_ON
    assert [event.type for event in recorded(store, after=head)] == ["CommandRefused"]
