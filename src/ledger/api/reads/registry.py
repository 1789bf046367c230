"""Reads of what is assessed, by whom, under which plan."""

from __future__ import annotations

from ledger.api.context import Context
from ledger.api.cycles import Cycle, PlanVersion
from ledger.api.paging import Connection, check_first, page, place_of
from ledger.api.reads.events import event
from ledger.api.reads.moments import SCANNED_MAX, moment
from ledger.api.reads.publications import by_position
from ledger.api.reads.scores import score
from ledger.api.types import Node, PersonType, UnitType, global_id, read_global_id, shown
from ledger.domain.commitments import Opening
from ledger.domain.cycle import Cycle as CycleState
from ledger.domain.cycle import cycle_stream
from ledger.domain.opening import LEDGER_STREAM
from ledger.domain.persons import person_stream
from ledger.domain.phase_shown import phase_shown
from ledger.domain.phases import Phase
from ledger.domain.publication import PublicationFact, Publications
from ledger.domain.reorganisation import Reorganisations, UnitsMerged, UnitSplit
from ledger.openings import open_text
from ledger.results import AsOf as Moment
from ledger.results import EventFilter, UnitRecord


def ledger_title(context: Context) -> str:
    """The ledger's title, empty before it is opened."""
    context.visibility()
    return context.service.store.load(LEDGER_STREAM)[1].title


def cycle(context: Context, cycle_id: str, at: Moment) -> Cycle | None:
    """A cycle as known at a position, None if it is not."""
    context.visibility()
    version, state = context.service.store.load(cycle_stream(cycle_id), at=at.position)
    return Cycle.of(cycle_id, state, _phase(context, cycle_id, state, at), shown(at)) if version else None


def _phase(context: Context, cycle_id: str, state: CycleState, at: Moment) -> Phase:
    """Where a cycle stands; that is everybody's to know, also whether grades are opened that are not published."""
    if state.phase not in (Phase.ENTRY_CLOSED, Phase.CLOSED):
        return state.phase
    answers, publications = context.service.answers, Publications()
    for published in answers.proceedings(cycle_id, (PublicationFact,), at=at.position):
        publications = publications.evolve(published)
    return phase_shown(state, answers.rulings(cycle_id, at.position).gradings, publications)


def plan(context: Context, cycle_id: str, plan_version: int | None, at: Moment) -> PlanVersion | None:
    """A plan version, the latest known unless one is named."""
    context.visibility()
    _, state = context.service.store.load(cycle_stream(cycle_id), at=at.position)
    versions = [v for v in state.versions if plan_version is None or v.plan_version == plan_version]
    return PlanVersion.of(versions[-1]) if versions else None


def unit(context: Context, unit_id: str, at: Moment) -> UnitType | None:
    """A unit as known at a position."""
    context.visibility()
    found = context.service.answers.unit(unit_id, at.position)
    return _unit(found, _reorganisations(context, at), at) if found else None


def units(context: Context, at: Moment, *, first: int, after: str | None) -> Connection[UnitType]:
    """A page of units in the order of their registration."""
    context.visibility()
    found = context.service.answers.unit_page(at=at.position, after=place_of(after), limit=check_first(first) + 1)
    places = {record.unit_id: record.registered_position for record in found}
    reorganised = _reorganisations(context, at)
    nodes = [_unit(record, reorganised, at) for record in found]
    return page(nodes, lambda node: places[node.unit_id], first=first, at=at, after=after)


def _reorganisations(context: Context, at: Moment) -> Reorganisations:
    """Who became whom in all cycles, of which there are a few a year."""
    wanted = EventFilter(types=(UnitsMerged.__name__, UnitSplit.__name__))
    state = Reorganisations()
    for each in context.service.answers.events(wanted, at=at.position, limit=SCANNED_MAX):
        state = state.evolve(each)
    return state


def _unit(record: UnitRecord, reorganised: Reorganisations, at: Moment) -> UnitType:
    return UnitType(
        id=global_id("Unit", record.unit_id),
        unit_id=record.unit_id,
        name_zh=record.unit.name_zh,
        name_en=record.unit.name_en,
        category=record.unit.category,
        parent_unit_id=record.unit.parent_unit_id,
        effective_on=record.unit.effective_on,
        predecessors=list(reorganised.predecessors_of(record.unit_id)),
        successors=list(reorganised.successors_of(record.unit_id)),
        as_of=shown(at),
    )


def person(context: Context, person_id: str) -> PersonType | None:
    """A person with their roles, None if unknown or not the viewer's to see."""
    if not context.visibility().sees_person(person_id):
        return None
    store = context.service.store
    version, state = store.load(person_stream(person_id))
    return PersonType.of(person_id, state, store.private.text(state.display_name, person_id)) if version else None


def opening(context: Context, position: int, field: str) -> Opening:
    """The text behind one commitment, with what proves it. Raises ForbiddenRole, UnknownId."""
    return open_text(context.service.store, context.visibility(), position, field)


def node(context: Context, id: str) -> Node | None:
    """An object by its global id."""
    kind, name = read_global_id(id)
    if kind == "Event" and name.isascii() and name.isdigit():
        return event(context, int(name))
    at = moment(context, None)
    match kind:
        case "Unit":
            return unit(context, name, at)
        case "Cycle":
            return cycle(context, name, at)
        case "Person":
            return person(context, name)
        case "Publication" if name.isascii() and name.isdigit():
            return by_position(context, int(name), at)
        case "Score" if name.count("|") == 3:
            cycle_id, unit_id, indicator_id, period = name.split("|")
            return score(context, (cycle_id, unit_id, indicator_id, period), at)
        case _:
            return None
