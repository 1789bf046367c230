"""The golden mini-ledger of the specification: 83 events of one assessment year, told to a ledger as commands.

A ledger demands more than the specification tells: persons, roles and evidence come first, a
bonus is claimed before it is approved, a spot check finds its discrepancy. So a position of the
specification is not ours; `MiniLedger.at` says which of ours it is. Source: domain.md 3.12.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol

from ledger.domain.commands import GrantRole, RegisterEvidence, RegisterPerson
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.world import Command
from ledger.mini_ledger.events import CLAIM, HAPPENINGS, MINUTES, command_of


def instant(text: str) -> datetime:
    """The instant written as local time in the city, such as `2019-01-05 12:00`."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


OPENING = OpenLedger(
    title="Binhai", administrator_id="administrator", director_id="director", office_id="office", leading_id="leading"
)
FOUNDED = instant("2018-03-01 12:00")
_FROM = {
    1: instant("2018-03-05 09:00"),
    10: instant("2019-01-05 12:00"),
    25: instant("2019-01-09 12:00"),
    41: instant("2019-01-11 09:00"),
    43: instant("2019-01-14 09:00"),
    44: instant("2019-01-15 09:00"),
    46: instant("2019-01-28 09:00"),
    47: instant("2019-01-30 09:00"),
    # The fifth working day, a Saturday that makes up for the Spring Festival, is over.
    48: instant("2019-02-03 00:00"),
    50: instant("2019-02-11 09:00"),
    52: instant("2019-02-13 09:00"),
    55: instant("2019-02-18 09:00"),
    57: instant("2019-02-22 09:00"),
    58: instant("2019-02-25 09:00"),
    60: instant("2019-02-26 09:00"),
    61: instant("2019-02-27 09:00"),
    64: instant("2019-03-04 09:00"),
    68: instant("2019-04-10 09:00"),
    70: instant("2019-05-06 09:00"),
    73: instant("2019-05-08 09:00"),
    75: instant("2019-05-10 09:00"),
    78: instant("2019-05-15 09:00"),
}
"""What the clock says from an event of the specification on."""

_PEOPLE = (
    ("p-scorer", Role.SCORER, EVERYTHING),
    ("p-verifier", Role.VERIFIER, EVERYTHING),
    ("p-lead", Role.DIRECTOR, EVERYTHING),
    ("p-reporter", Role.REPORTER, Scope(unit_ids=("U02",))),
    ("p-panel", Role.PANEL, EVERYTHING),
    ("p-inspector", Role.INSPECTOR, EVERYTHING),
)


class Ledger(Protocol):
    """Whatever a command can be given to."""

    def given(self, command: Command, *, by: str, at: datetime) -> int:
        """Record what follows from a command that must not be refused; return its last position."""
        ...


class MiniLedger:
    """The story as one ledger is told it; the ledger is opened with `OPENING` and has the bytes of `MINUTES`."""

    def __init__(self, ledger: Ledger):
        self.at: dict[int, int] = {}
        """The last position here that an event of the specification reached, by its position there."""
        self._ledger = ledger
        for person, role, scope in _PEOPLE:
            ledger.given(RegisterPerson(subject_id=person, display_name=person), by="administrator", at=FOUNDED)
            granted = GrantRole(
                subject_id=person, role=role, scope=scope, valid_from=date(2018, 1, 1), approved_by="director"
            )
            ledger.given(granted, by="administrator", at=FOUNDED)
        evidence = RegisterEvidence(sha256=MINUTES, media_type="application/pdf", title="Minutes")
        ledger.given(evidence, by="office", at=FOUNDED)

    def tell(self, through: int) -> MiniLedger:
        """Let everything happen up to a position of the specification; return self."""
        while len(self.at) < through:
            self.give(*self.next())
        return self

    def next(self) -> tuple[Command, str]:
        """The command of the next event, and who sends it."""
        happening = HAPPENINGS[len(self.at)]
        if happening["type"] == "BonusApproved":
            self._ledger.given(CLAIM, by="office", at=self._now())
        return command_of(happening, self.at)

    def give(self, command: Command, by: str) -> int:
        """Let a command stand for the next event; return its position here."""
        position = self._ledger.given(command, by=by, at=self._now())
        self.at[len(self.at) + 1] = position
        return position

    def _now(self) -> datetime:
        return _FROM[max(start for start in _FROM if start <= len(self.at) + 1)]
