"""Reads of adjustments, vetoes and appeals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ledger.api.context import Context
from ledger.api.paging import Connection, page_of
from ledger.api.reads.moments import seen_proceedings
from ledger.api.rulings import Adjustment, Appeal
from ledger.domain.adjusting import counted
from ledger.domain.adjustment import AdjustmentFact, Adjustments
from ledger.domain.appeal import AppealFact, Appeals
from ledger.domain.facts import Event
from ledger.domain.veto import Veto, Vetoes, VetoFact
from ledger.private import ERASED
from ledger.results import AsOf as Moment


def adjustments(
    context: Context, cycle_id: str, unit_id: str | None, at: Moment, *, first: int, after: str | None
) -> Connection[Adjustment]:
    """A page of the bonuses and deductions of units whose totals the viewer may see, with what of them counts."""
    events = seen_proceedings(context, cycle_id, AdjustmentFact, at=at)
    recorded = {event.position: event for event in events}
    state = Adjustments()
    for event in events:
        state = state.evolve(event)
    rules = context.service.answers.cycle(cycle_id, at.position).latest.plan.adjustments
    units = {item.unit_id for item in state.items.values() if unit_id in (None, item.unit_id)}
    lines = [line for unit in units for line in counted(rules, state.of(unit)).items]
    nodes = [
        Adjustment.of(cycle_id, line, (recorded[position] for position in line.item.positions))
        for line in sorted(lines, key=lambda line: line.item.position)
    ]
    return page_of(nodes, first=first, at=at, after=after, place=lambda node: node.position)


def vetoes(
    context: Context, cycle_id: str, unit_id: str | None, at: Moment, *, first: int, after: str | None
) -> Connection[Veto]:
    """A page of the vetoes on units and persons whose results the viewer may see, lifted ones too."""
    state = Vetoes()
    for event in seen_proceedings(context, cycle_id, VetoFact, at=at):
        state = state.evolve(event)
    found = [_readable(context, veto) for veto in state.items.values() if unit_id in (None, veto.unit_id)]
    return page_of(found, first=first, at=at, after=after, place=lambda veto: veto.position)


def _readable(context: Context, veto: Veto) -> Veto:
    """The veto with what happened in words, where the entry has a commitment because it is about a person."""
    private, lifted = context.service.store.private, veto.lifted_because
    return replace(
        veto,
        matter=private.text(veto.matter, veto.subject_id) or ERASED,
        lifted_because=None if lifted is None else private.text(lifted, veto.subject_id) or ERASED,
    )


def appeals(
    context: Context, cycle_id: str, unit_id: str | None, at: Moment, *, on: date, first: int, after: str | None
) -> Connection[Appeal]:
    """A page of the appeals of units and persons whose results the viewer may see, as they stand on a day."""
    state = Appeals()
    timelines: dict[int, list[Event]] = {}
    for event in seen_proceedings(context, cycle_id, AppealFact, at=at):
        state = state.evolve(event)
        timelines.setdefault(getattr(event.fact, "appeal_position", event.position), []).append(event)
    plan = context.service.answers.cycle(cycle_id, at.position).latest.plan
    nodes = [
        Appeal.of(appeal, timelines[appeal.position], plan, on)
        for appeal in state
        if unit_id in (None, appeal.fact.unit_id)
    ]
    for node in nodes:
        if node.directs is not None:
            node.directs = context.service.store.private.text(node.directs, node.subject_id) or ERASED
    return page_of(nodes, first=first, at=at, after=after, place=lambda node: node.position)
