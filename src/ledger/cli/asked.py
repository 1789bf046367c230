"""What a register of `ledger show` is asked for, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ledger.cli.output import Record
from ledger.domain.plan import Plan
from ledger.domain.refusals import UnknownId
from ledger.results import Answers

SAME = "same"
"""The verdict on what was recorded and comes out again; any other says what does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a register is asked for."""

    answers: Answers
    cycle_id: str
    at: int
    plan: Plan
    today: date
    """The local day of the moment asked for, or today."""
    group_id: str | None = None
    period: str | None = None

    @property
    def group_ids(self) -> list[str]:
        """The group asked for, or all of the plan. Raises UnknownId."""
        group_ids = [group.group_id for group in self.plan.groups]
        if self.group_id is None:
            return group_ids
        if self.group_id not in group_ids:
            raise UnknownId(path="group", group_id=self.group_id)
        return [self.group_id]


class Register(NamedTuple):
    """A kind of records: its columns, and where they come from."""

    columns: tuple[str, ...]
    records: Callable[[Asked], Iterable[Record]]


def verdict(matches: bool, differing: Iterable[str]) -> str:
    """Whether something recorded comes out again, and what of it does not."""
    return SAME if matches else f"differs: {', '.join(dict.fromkeys(differing)) or 'hash'}"
