"""Grading: once a group's grades are opened, its values change only inside a restatement."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.facts import Audience, Event, Fact, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class GradesOpened(Fact):
    """The grades of one group were opened on computed results."""

    AUDIENCE = Audience.SCORE
    CITES = "results_position"

    cycle_id: str
    group_id: str
    results_position: int

    @property
    def stream(self) -> str:
        return grading_stream(self.cycle_id, self.group_id).name


@dataclass(frozen=True, slots=True)
class Grading:
    """Whether a group's grades are open."""

    graded: bool = False

    def evolve(self, event: Event, /) -> Grading:
        """Return the state after `event`."""
        return Grading(True) if isinstance(event.fact, GradesOpened) else self


def grading_stream(cycle_id: str, group_id: str) -> Stream[Grading]:
    """The stream of one group's grading in one cycle."""
    return Stream(f"grading:{cycle_id}:{group_id}", Grading())
