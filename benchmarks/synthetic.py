"""A ledger of any size, made of facts alone: cycles of ten groups of 50 units, each score told in 20 events.

The facts go straight to the store and past the commands, so that a million of them take a minute or
two; they are what the commands would have recorded. Events of different scores alternate, so the
history of one score lies scattered over its cycle as in a real year.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import count, islice
from typing import Any
from uuid import UUID

from ledger.domain.cycle import CycleOpened, CyclePlanned, PlanVersionIssued
from ledger.domain.facts import Actor, Event, Fact
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import Dimension, EntryKind, Group, GroupWeight, Indicator, Member, Plan
from ledger.domain.score import (
    CorrectionClass,
    CorrectionRequested,
    EntrySource,
    ReasonCode,
    RequestedFor,
    ScoreCorrected,
    ScoreEntered,
    ScoreSelfReported,
    ScoreVerified,
    VerificationMethod,
)
from ledger.domain.units import UnitCategory, UnitRegistered
from ledger.entries import Draft
from ledger.store import Store

GROUPS, UNITS, INDICATORS, TELLING = 10, 50, 10, 20
PERIOD = "2018-Y"
EVENTS_PER_CYCLE = GROUPS * UNITS * INDICATORS * TELLING
APPENDED_AT_ONCE = 2_000
OFFICE, DIRECTOR = Actor("assessment-office", "OFFICE"), Actor("director", "DIRECTOR")
Told = tuple[int, Actor, Fact]
"""A fact with its version in its stream and who said so."""
REASONS = (ReasonCode.DATA_ENTRY_ERROR, ReasonCode.SOURCE_DATA_REVISED, ReasonCode.RULE_MISAPPLIED)


def cycle_id(number: int) -> str:
    """The name of a cycle, from 1."""
    return f"C{number:03}"


def group_id(number: int) -> str:
    """The name of a group of any cycle, from 1."""
    return f"G{number:02}"


def unit_ids(cycle: int, group: int) -> list[str]:
    """The units of one group."""
    return [f"C{cycle:03}-G{group:02}-U{unit:02}" for unit in range(1, UNITS + 1)]


def indicator_ids() -> list[str]:
    """The indicators of every plan."""
    return [f"I{number:02}" for number in range(1, INDICATORS + 1)]


def write(store: Store, *, events: int) -> None:
    """Append whole cycles until there are at least so many events about scores."""
    for cycle in range(1, -(-events // EVENTS_PER_CYCLE) + 1):
        append(store, cycle_facts(cycle, store.head))


def append(store: Store, facts: Iterable[Told]) -> list[Event]:
    """Append facts, each as of a command of its own, many at once."""
    told, numbers, recorded = iter(facts), count(store.head + 1), list[Event]()
    while batch := list(islice(told, APPENDED_AT_ONCE)):
        recorded += store.append(
            [
                Draft(fact.stream, version, fact, actor, UUID(int=next(numbers)), command_digest=bytes(32))
                for version, actor, fact in batch
            ]
        )
    return recorded


def cycle_facts(cycle: int, head: int) -> Iterator[Told]:
    """Everything that is told of one cycle, from its units and its plan on, in a ledger that ends at `head`."""
    plan = _plan(cycle)
    for unit_id in plan.unit_ids:
        yield (
            1,
            OFFICE,
            UnitRegistered(
                unit_id=unit_id,
                name_zh=f"单位 {unit_id}",
                name_en=f"Unit {unit_id}",
                category=UnitCategory.DEPARTMENT,
                effective_on=date(2018, 1, 1),
            ),
        )
    name = cycle_id(cycle)
    planned = CyclePlanned(
        cycle_id=name,
        title=f"Cycle {name}",
        starts_on=date(2018, 1, 1),
        ends_on=date(2018, 12, 31),
        measures_id="MEASURES",
        measures_version=1,
    )
    issued = PlanVersionIssued(
        cycle_id=name,
        plan_version=1,
        based_on=None,
        content=plan,
        content_hash=plan.content_hash(),
        summary="First version",
        approved_by="director",
    )
    for version, fact in enumerate((planned, issued, CycleOpened(cycle_id=name)), start=1):
        yield version, OFFICE, fact
    yield from _score_facts(cycle, head + len(plan.unit_ids) + 3)


def _score_facts(cycle: int, before: int) -> Iterator[Told]:
    """Tell every score of the cycle, one step of all of them after the other."""
    # Neighbours are of different groups, as what arrives in one moment is.
    groups = [unit_ids(cycle, group) for group in range(1, GROUPS + 1)]
    cells = [
        (unit_id, indicator_id)
        for units in zip(*groups, strict=True)
        for indicator_id in indicator_ids()
        for unit_id in units
    ]
    for step in range(TELLING):
        for place, (unit_id, indicator_id) in enumerate(cells):
            key: dict[str, Any] = {
                "cycle_id": cycle_id(cycle),
                "unit_id": unit_id,
                "indicator_id": indicator_id,
                "period": PERIOD,
            }
            value = Decimal(6000 + place * 7919 % 4000) / 100
            positions = range(before + place + 1, before + step * len(cells) + place + 1, len(cells))
            yield step + 1, *_told(step, place, key, value, positions)


def _told(step: int, place: int, key: dict[str, Any], value: Decimal, positions: Sequence[int]) -> tuple[Actor, Fact]:
    """The next step of one score; `positions` are those of the steps before."""
    scorer = Actor(f"scorer-{place % 40}", "SCORER", f"BUREAU-{place % 40}")
    checker = Actor(f"verifier-{place % 20}", "VERIFIER", "STATISTICS")
    reason = REASONS[step % 3]
    if step == 0:
        return scorer, ScoreSelfReported(**key, value=value + 1, uom="%", entry_kind=EntryKind.ACTUAL)
    if step == 1:
        entered = ScoreEntered(
            **key,
            value=value,
            uom="%",
            entry_kind=EntryKind.ACTUAL,
            source=EntrySource.SCORING_DEPT,
            self_report_position=positions[0],
        )
        return scorer, entered
    if step == 2:
        return checker, ScoreVerified(
            **key, value=value, verified_position=positions[1], method=VerificationMethod.STATISTICS
        )
    corrections = (step - 3) // 2
    official = positions[2 * corrections + 2] if corrections else positions[1]
    if step % 2:
        asked = CorrectionRequested(
            **key,
            corrects_position=official,
            proposed_value=value + corrections + 1,
            reason_code=reason,
            reason=f"Correction {corrections + 1}: the yearbook says otherwise.",
            evidence=(),
            requested_for=RequestedFor.DEPARTMENT,
        )
        return scorer, asked
    corrected = ScoreCorrected(
        **key,
        request_position=positions[-1],
        corrects_position=official,
        old_value=value + corrections,
        new_value=value + corrections + 1,
        reason_code=reason,
        correction_class=CorrectionClass.ERROR,
        requested_by=scorer.person_id,
        approved_by=DIRECTOR.person_id,
        evidence=(),
    )
    return DIRECTOR, corrected


def _plan(cycle: int) -> Plan:
    groups = tuple(
        Group(
            group_id=group_id(group),
            name=f"Group {group}",
            members=tuple(Member(unit_id=unit_id) for unit_id in unit_ids(cycle, group)),
        )
        for group in range(1, GROUPS + 1)
    )
    weights = tuple(GroupWeight(group_id=group.group_id, weight=Decimal(100) / INDICATORS) for group in groups)
    indicators = tuple(
        Indicator(
            indicator_id=indicator_id,
            name=f"Indicator {indicator_id}",
            dimension_id="D1",
            weights=weights,
            formula=Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(110)),
            entry_kind=EntryKind.ACTUAL,
            uom="%",
            scale=2,
            frequency=Frequency.YEAR,
            target=Decimal(100),
        )
        for indicator_id in indicator_ids()
    )
    return Plan(
        title="A plan to measure",
        unit_ids=tuple(member.unit_id for group in groups for member in group.members),
        periods=(PERIOD,),
        dimensions=(Dimension(dimension_id="D1", name="Dimension 1"),),
        indicators=indicators,
        groups=groups,
    )
