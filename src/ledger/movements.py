"""Movements: what moved results, between two moments, by one event, and had some events not happened.

Read from the projections, whoever may see it: what a viewer is shown of it is for the caller to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ledger import causes
from ledger.domain.cycle import Cycle
from ledger.domain.facts import Event, Fact
from ledger.domain.formulas import KINDS
from ledger.domain.movement import Moved, Placing, groups_moved, moved, placings
from ledger.domain.refusals import InvalidPeriod, MalformedInput, PlanNotInForce, UnknownId
from ledger.domain.results import Results, Slice
from ledger.domain.rulings import RULING_FACTS
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.domain.what_if import why_not_excluded, without
from ledger.results import Answers

EXCLUDED_MAX = 100
"""How many events may be thought away at once."""

History = Callable[[str], Iterable[Event]]
"""Every event of a stream, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What one event moved on the official basis: the results right before it and right after it."""

    event: Event
    cycle_id: str
    group_ids: tuple[str, ...]
    """The groups whose results are compared."""
    period: str | None
    group_relative: bool
    """Whether the indicator is scored against the group, so that the event moves the peers' points too."""
    rows: tuple[Moved, ...]
    plan_version: int | None
    """That the results after it are settled under; None if there are none."""


def impact_of(answers: Answers, event: Event, *, period: str | None = None) -> Impact:
    """What an event moved in every group it bears on. Raises UnknownId for an event that is about no cycle."""
    cycle_id = getattr(event.fact, "cycle_id", None)
    if cycle_id is None:
        raise UnknownId(path="position", position=event.position, hint="It is no event about a cycle's figures.")
    cycle = answers.cycle(cycle_id, event.position)
    group_ids = groups_moved(event.fact, cycle, answers.rulings(cycle_id, event.position), whole=period is None)
    before: dict[str, Placing] = {}
    after: dict[str, Placing] = {}
    plan_version: int | None = None
    for group_id in group_ids:
        with suppress(UnknownId, PlanNotInForce, InvalidPeriod):
            before |= placings(answers.results(cycle_id, group_id, period=period, at=event.position - 1))
        results = answers.results(cycle_id, group_id, period=period, at=event.position)
        after, plan_version = after | placings(results), results.plan_version
    return Impact(
        event=event,
        cycle_id=cycle_id,
        group_ids=tuple(group_ids),
        period=period,
        group_relative=_group_relative(event.fact, cycle, period),
        rows=tuple(moved(before, after)),
        plan_version=plan_version,
    )


def _group_relative(fact: Fact, cycle: Cycle, period: str | None) -> bool:
    indicator_id = getattr(fact, "indicator_id", None)
    indicator = cycle.in_force(period).plan.indicator(indicator_id) if indicator_id is not None else None
    return indicator is not None and KINDS[indicator.formula.kind].group_relative(indicator.formula)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed in a group between two moments, and which events changed it."""

    before: Results
    after: Results
    rows: tuple[Moved, ...]
    events: tuple[Event, ...]
    """The events in between that can move the group's results on the basis, in order."""
    causes: Mapping[str, tuple[Event, ...]]
    """By unit, the events right after which it stood otherwise than right before."""
    examined: int
    """The last position in between that was examined for causes."""
    truncated: bool
    """Whether there are events beyond it."""


def difference(
    answers: Answers,
    cycle_id: str,
    group_id: str,
    *,
    period: str | None = None,
    period_before: str | None = None,
    basis: Basis = Basis.OFFICIAL,
    earlier: int,
    later: int,
) -> Difference:
    """What changed in a group's results from one position to another, and by which events in between.

    An event that moves a unit for `period` is its cause, whatever `period_before` the earlier
    results are for. So many events are examined as can be settled in a second or two, the
    oldest first. Raises MalformedInput unless the moments are in their order, and what
    `Answers.results` does.
    """
    if earlier > later:
        raise MalformedInput(path="from", earlier=earlier, later=later, hint="Name the earlier moment first.")
    before = answers.results(cycle_id, group_id, period=period_before, basis=basis, at=earlier)
    after = answers.results(cycle_id, group_id, period=period, basis=basis, at=later)
    found = causes.between(answers, after, earlier=earlier)
    return Difference(
        before=before,
        after=after,
        rows=tuple(moved(placings(before), placings(after))),
        events=found.events,
        causes=found.by_unit,
        examined=found.examined,
        truncated=found.examined < later,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """A group's official results as they are, and as they would be had some events not happened."""

    excluded: tuple[int, ...]
    real: Results
    thought: Results
    rows: tuple[Moved, ...]
    """The units that would stand otherwise; before is real."""


def excluded_events(answers: Answers, positions: Sequence[int]) -> Mapping[int, Event]:
    """The events that are to be thought away, by position. Raises MalformedInput, UnknownId."""
    if not 1 <= len(positions) <= EXCLUDED_MAX:
        raise MalformedInput(path="exclude", given=len(positions), hint=f"Name 1 to {EXCLUDED_MAX} positions.")
    twice = [position for position in positions if positions.count(position) > 1]
    if twice:
        raise MalformedInput(path="exclude", position=twice[0], hint="It is named twice.")
    found = answers.events_at(positions)
    for position in positions:
        if position not in found:
            raise UnknownId(path="exclude", position=position)
    return found


def counterfactual(
    answers: Answers,
    history: History,
    cycle_id: str,
    group_id: str,
    excluded: Mapping[int, Event],
    *,
    period: str | None = None,
    at: int,
) -> Counterfactual:
    """A group's official results without some events, and without what stands on them.

    `history` reads a stream from the store. Raises MalformedInput for an event that moves no
    result of the group, and what `Answers.results` does.
    """
    real = answers.results(cycle_id, group_id, period=period, at=at)
    streams = {stream: list(history(stream)) for stream in {event.stream for event in excluded.values()}}
    for position, event in sorted(excluded.items()):
        reason = why_not_excluded(event, streams[event.stream], real.slice)
        if reason is not None:
            raise MalformedInput(path="exclude", position=position, hint=reason)
    ruled = any(isinstance(event.fact, RULING_FACTS) for event in excluded.values())
    proceedings = answers.proceedings(cycle_id, RULING_FACTS, at=at) if ruled else ()

    def thought_away(slice: Slice) -> Slice:
        return without(slice, list(streams.values()), frozenset(excluded), proceedings=proceedings)

    thought = settle(thought_away(_wide_enough(answers, real.slice, thought_away(real.slice))))
    return Counterfactual(
        excluded=tuple(sorted(excluded)),
        real=real,
        thought=thought,
        rows=tuple(moved(placings(real), placings(thought))),
    )


def _wide_enough(answers: Answers, real: Slice, thought: Slice) -> Slice:
    """The real facts, and those that count only where units are in other groups, or under another plan."""
    if thought.cycle is real.cycle and thought.rulings.reorganisations == real.rulings.reorganisations:
        return real
    wider = answers.facts(
        thought.cycle,
        thought.rulings,
        cycle_id=real.cycle_id,
        group_id=real.group_id,
        period=real.period,
        basis=real.basis,
        at=real.as_of,
    )
    return replace(wider, cycle=real.cycle, rulings=real.rulings)
