"""Reads of key tasks, of who answers for targets, and of what is asked of the units."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date

from ledger.api.context import Context
from ledger.api.paging import Connection, page_of
from ledger.api.reads.moments import SCANNED_MAX, seen_proceedings
from ledger.api.scalars import Position
from ledger.api.types import Event, global_id
from ledger.api.undertakings import Burden, BurdenItem, KeyTask, KeyTaskStep, MonthlyBurden, Responsibility
from ledger.domain import burden as domain
from ledger.domain import facts, key_tasks
from ledger.domain.burden import Item, burden_stream
from ledger.domain.key_tasks import KeyTaskAssigned, KeyTaskFact, Step, task_stream
from ledger.domain.numbers import SHARE_SCALE, Rounding, rounded
from ledger.domain.refusals import OutOfRange, UnknownId
from ledger.domain.responsibility import (
    Responsibilities,
    ResponsibilityAssigned,
    ResponsibilityChanged,
    ResponsibilityFact,
    TargetDecomposed,
)
from ledger.domain.units import UnitCategory
from ledger.results import AsOf as Moment
from ledger.results import EventFilter

RESPONSIBILITY_TYPES = tuple(
    kind.__name__ for kind in (ResponsibilityAssigned, ResponsibilityChanged, TargetDecomposed)
)
MONTHS = range(1, 13)


def tasks(
    context: Context,
    cycle_id: str,
    unit_id: str | None,
    overdue: bool | None,
    at: Moment,
    *,
    on: date,
    first: int,
    after: str | None,
) -> Connection[KeyTask]:
    """A page of the key tasks of units whose totals the viewer may see, as they stand on a day."""
    by_task: dict[str, list[facts.Event]] = {}
    for event in seen_proceedings(context, cycle_id, KeyTaskFact, at=at):
        assert isinstance(event.fact, KeyTaskFact)
        by_task.setdefault(event.fact.task_id, []).append(event)
    nodes = [_task(events, on) for events in by_task.values()]
    wanted = [node for node in nodes if unit_id in (None, node.unit_id) and overdue in (None, node.overdue)]
    return page_of(wanted, first=first, at=at, after=after, place=lambda node: node.position)


def _task(events: list[facts.Event], on: date) -> KeyTask:
    assigned = events[0].fact
    assert isinstance(assigned, KeyTaskAssigned)
    state = task_stream(assigned.cycle_id, assigned.task_id).initial
    for event in events:
        state = state.evolve(event)
    late = key_tasks.overdue(state, on)
    return KeyTask(
        id=global_id("KeyTask", f"{assigned.cycle_id}:{assigned.task_id}"),
        position=Position(events[0].position),
        task_id=assigned.task_id,
        unit_id=state.unit_id,
        title=state.title,
        responsible_person_id=assigned.responsible_person_id,
        indicator_id=assigned.indicator_id,
        tags=list(assigned.tags),
        status=state.status,
        progress=rounded(state.progress, SHARE_SCALE, Rounding.HALF_UP),
        overdue=bool(late),
        steps=[_step(step, overdue=step.milestone in late) for step in state.steps],
        timeline=[Event.of(event) for event in events],
    )


def _step(step: Step, *, overdue: bool) -> KeyTaskStep:
    return KeyTaskStep(
        milestone=step.milestone,
        percent=step.percent,
        reported_percent=step.reported.percent if step.reported else None,
        overdue=overdue,
    )


def responsibilities(context: Context, cycle_id: str, unit_id: str, at: Moment, *, on: date) -> list[Responsibility]:
    """Who answers for the targets of a unit on a day, by indicator; anybody signed in may know."""
    visibility = context.visibility()
    wanted = EventFilter(types=RESPONSIBILITY_TYPES, unit_id=unit_id, cycle_id=cycle_id)
    found: dict[str, Responsibilities] = {}
    for event in context.service.answers.events(wanted, at=at.position, limit=SCANNED_MAX):
        if isinstance(event.fact, ResponsibilityFact) and visibility.sees(event):
            indicator_id = event.fact.indicator_id
            found[indicator_id] = found.get(indicator_id, Responsibilities()).evolve(event)
    reorganised = context.service.answers.rulings(cycle_id, at.position).reorganisations
    return [
        Responsibility(
            unit_id=unit_id,
            indicator_id=indicator_id,
            duties=list(each.on(on, indicator_id, reorganised).duties),
            children=list(each.children),
        )
        for indicator_id, each in sorted(found.items())
    ]


def burden(context: Context, year: int, unit_id: str | None, at: Moment) -> Burden:
    """What may be asked in a year, and what is; of one unit if it is named. Raises UnknownId, OutOfRange."""
    context.visibility()
    if not MINYEAR <= year <= MAXYEAR:
        raise OutOfRange(path="year", given=year, minimum=MINYEAR, maximum=MAXYEAR)
    category = _category(context, unit_id, at) if unit_id is not None else None
    _, state = context.service.store.load(burden_stream(year), at=at.position)
    items = {
        item_id: item
        for item_id, item in state.items.items()
        if category is None or category in item.proposal.categories
    }
    active = [item for item in items.values() if item in state.active]
    return Burden(
        year=year,
        cap=state.cap,
        active_items=len(active),
        demands=sum(len(item.proposal.demands) for item in active),
        items=[_item(item_id, item) for item_id, item in items.items()],
        months=[_month(state, unit_id, date(year, month, 1)) for month in MONTHS],
    )


def _category(context: Context, unit_id: str, at: Moment) -> UnitCategory:
    record = context.service.answers.unit(unit_id, at.position)
    if record is None:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    return record.unit.category


def _item(item_id: str, item: Item) -> BurdenItem:
    return BurdenItem(position=Position(item.position), item_id=item_id, status=item.status, proposal=item.proposal)


def _month(state: domain.Burden, unit_id: str | None, month: date) -> MonthlyBurden:
    due = [each for each in state.requests if (each.due_on.year, each.due_on.month) == (month.year, month.month)]
    return MonthlyBurden(
        month=month,
        requests=len(due) if unit_id is None else state.requests_of(unit_id, month),
        requests_max=state.cap.requests_per_unit_month_max if state.cap else None,
    )
