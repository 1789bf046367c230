"""Reads of events: one, many, about a unit, by a person."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.api.activity import Activity, ActivityCount
from ledger.api.context import Context
from ledger.api.paging import Connection, check_first, page, place_of
from ledger.api.reads.moments import visible
from ledger.api.scalars import Position
from ledger.api.types import Event, global_id
from ledger.domain import facts
from ledger.domain.refusals import UnknownId
from ledger.results import AsOf as Moment
from ledger.results import EventFilter


def event(context: Context, position: int) -> Event | None:
    """One event, None if there is none or the viewer may not see it."""
    visibility = context.visibility()
    try:
        found = context.service.answers.event(position)
    except UnknownId:
        return None
    return Event.of(found) if visibility.sees(found) else None


def events(
    context: Context, wanted: EventFilter, at: Moment, *, first: int, after: str | None, newest_first: bool
) -> Connection[Event]:
    """A page of the events the viewer may see."""
    check_first(first)
    visibility = context.visibility()

    def fetch(place: int | None, limit: int) -> Sequence[facts.Event]:
        bound = {"before" if newest_first else "after": place}
        return context.service.answers.events(wanted, at=at.position, limit=limit, newest_first=newest_first, **bound)

    found, more = visible(fetch, visibility.sees, lambda e: e.position, first=first, after=place_of(after))
    return page(
        [Event.of(each) for each in found], lambda node: node.position, first=first, at=at, after=after, more=more
    )


def unit_timeline(context: Context, unit_id: str, at: Moment, *, first: int, after: str | None) -> Connection[Event]:
    """A page of the events about a unit that the viewer may see."""
    check_first(first)
    answers, visibility = context.service.answers, context.visibility()

    def fetch(place: int | None, limit: int) -> list[facts.Event]:
        return answers.events(EventFilter(unit_id=unit_id), at=at.position, after=place, limit=limit)

    found, more = visible(fetch, visibility.sees, lambda e: e.position, first=first, after=place_of(after))
    return page(
        [Event.of(each) for each in found], lambda node: node.position, first=first, at=at, after=after, more=more
    )


def actor_activity(
    context: Context, person_id: str, at: Moment, *, first: int, after: str | None
) -> Connection[Activity]:
    """A page of a person's acts that the viewer may see; nothing of somebody else without sight of the registry."""
    check_first(first)
    answers, visibility = context.service.answers, context.visibility()
    if not visibility.sees_person(person_id):
        return page([], lambda node: 0, first=first, at=at, after=after)

    def fetch(place: int | None, limit: int) -> list[tuple[facts.Event, list[str]]]:
        rows = answers.read(
            "person_activity",
            "by_person",
            as_of=at.position,
            person_id=person_id,
            after=place,
            limit=limit,
        )
        found = answers.events_at(row["position"] for row in rows)
        return [(found[row["position"]], row["capacities"]) for row in rows]

    found, more = visible(
        fetch, lambda each: visibility.sees(each[0]), lambda each: each[0].position, first=first, after=place_of(after)
    )
    nodes = [
        Activity(
            id=global_id("Activity", f"{person_id}:{each.position}"),
            position=Position(each.position),
            capacities=capacities,
            event=Event.of(each),
        )
        for each, capacities in found
    ]
    return page(nodes, lambda node: node.position, first=first, at=at, after=after, more=more)


def actor_activity_counts(context: Context, person_id: str, at: Moment) -> list[ActivityCount]:
    """How often a person did what; empty for somebody else without sight of everything."""
    visibility = context.visibility()
    if not (visibility.all_scores or person_id == visibility.person_id):
        return []
    rows = context.service.answers.read("person_activity", "counts", as_of=at.position, person_id=person_id)
    return [
        ActivityCount(type=row["type"], capacity=row["capacity"], count=row["count"])
        for row in rows
        if not visibility.hides(facts.FACTS[row["type"]], person_id)
    ]
