"""Reads of scores: on their bases, through their history, with their corrections."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.api.context import Context
from ledger.api.paging import Connection, check_first, key_of_cursor, keyed_page, page, place_of
from ledger.api.reads.moments import visible
from ledger.api.scalars import Position
from ledger.api.scores import Correction, EffectiveValue, IndicatorValue, OpenRequest, Score, ScoreHistoryEntry
from ledger.api.types import global_id, shown
from ledger.domain import score as domain
from ledger.domain.score import Basis, ScoreStatus, score_stream
from ledger.entries import decode
from ledger.history import Worth
from ledger.results import AsOf as Moment
from ledger.results import ValueRow


def score(context: Context, key: tuple[str, str, str, str], at: Moment) -> Score | None:
    """A score on its three bases as known at a position."""
    cycle_id, unit_id, indicator_id, period = key
    if not context.visibility().sees_score(unit_id, indicator_id):
        return None
    stream = score_stream(*key)
    events = [e for e in context.service.store.events_of(stream.name) if e.position <= at.position]
    if not events:
        return None
    state = stream.initial
    for event in events:
        state = state.evolve(event)
    values = {
        Basis(row["basis"]): EffectiveValue(value=row["value"], position=row["from_position"])
        for row in _values(context, key, at.position)
    }
    claimed, official = values.get(Basis.SELF), values.get(Basis.OFFICIAL)
    return Score(
        id=global_id("Score", "|".join(key)),
        cycle_id=cycle_id,
        unit_id=unit_id,
        indicator_id=indicator_id,
        period=period,
        version=len(events),
        status=ScoreStatus(state.status),
        self=claimed,
        provisional=values.get(Basis.PROVISIONAL),
        official=official,
        gap=claimed.value - official.value if claimed and official else None,
        correction_count=sum(event.type == "ScoreCorrected" for event in events),
        open_request=_open_request(state.request),
        as_of=shown(at),
    )


def _open_request(request: domain.OpenRequest | None) -> OpenRequest | None:
    if request is None:
        return None
    return OpenRequest(
        position=Position(request.position),
        corrects_position=Position(request.corrects_position),
        proposed_value=request.proposed_value,
        reason_code=request.reason_code,
        requested_for=request.requested_for,
        requested_by=request.requested_by,
    )


def _values(context: Context, key: tuple[str, str, str, str], at: int) -> list[dict[str, Any]]:
    named = dict(zip(("cycle_id", "unit_id", "indicator_id", "period"), key, strict=True))
    return context.service.answers.read("score_value", "by_score", as_of=at, **named)


def _held(context: Context, key: tuple[str, str, str, str], at: int) -> dict[Basis, Decimal]:
    """What a score is worth on each basis at a position."""
    return {Basis(row["basis"]): row["value"] for row in _values(context, key, at)}


def score_history(
    context: Context, key: tuple[str, str, str, str], at: Moment, *, first: int, after: str | None
) -> Connection[ScoreHistoryEntry]:
    """Every event of a score, oldest first; empty where the viewer may not see the score."""
    check_first(first)
    if not context.visibility().sees_score(key[1], key[2]):
        return page([], lambda node: 0, first=first, at=at, after=after)
    place = place_of(after)
    stream = score_stream(*key).name
    rows = context.service.answers.read(
        "score_value", "history", as_of=at.position, stream=stream, after=place, limit=first + 1
    )
    worth = Worth(_held(context, key, place) if place else {})
    nodes = [ScoreHistoryEntry.of(decode(row["entry"]), worth) for row in rows[:first]]
    now = (worth.held if len(rows) <= first else _held(context, key, at.position)).get(Basis.OFFICIAL)
    for node in nodes:
        node.now = now
    return page(nodes, lambda node: node.position, first=first, at=at, after=after, more=len(rows) > first)


def corrections(
    context: Context, wanted: dict[str, Any], at: Moment, *, first: int, after: str | None
) -> Connection[Correction]:
    """A page of the correction requests the viewer may see."""
    check_first(first)
    answers, visibility = context.service.answers, context.visibility()
    reason_code = wanted.pop("reason_code")

    def fetch(place: int | None, limit: int) -> list[dict[str, Any]]:
        return answers.read("correction", "page", as_of=at.position, after=place, before=None, limit=limit, **wanted)

    def sees(row: dict[str, Any]) -> bool:
        fits = reason_code is None or row["reason_code"] == reason_code
        return fits and visibility.sees_score(row["unit_id"], row["indicator_id"])

    found, more = visible(fetch, sees, lambda row: row["request_position"], first=first, after=place_of(after))
    nodes = [Correction.of(row) for row in found]
    return page(nodes, lambda node: node.request_position, first=first, at=at, after=after, more=more)


def values(
    context: Context,
    cycle_id: str,
    indicator_id: str,
    basis: Basis,
    at: Moment,
    *,
    first: int,
    after: str | None,
) -> Connection[IndicatorValue]:
    """A page of an indicator's effective values that the viewer may see, by unit and period."""
    check_first(first)
    answers, visibility = context.service.answers, context.visibility()

    def fetch(place: tuple[str, ...] | None, limit: int) -> list[ValueRow]:
        after_key = (place[0], place[1]) if place else None
        return answers.value_page(cycle_id, indicator_id, basis=basis, at=at.position, after=after_key, limit=limit)

    found, more = visible(
        fetch,
        lambda row: visibility.sees_score(row.unit_id, indicator_id),
        lambda row: (row.unit_id, row.period),
        first=first,
        after=key_of_cursor(after, 2),
    )
    key = f"{cycle_id}:{indicator_id}:{basis.value}:{at.position}"
    nodes = [
        IndicatorValue(
            id=global_id("IndicatorValue", f"{key}:{row.unit_id}:{row.period}"),
            unit_id=row.unit_id,
            period=row.period,
            value=row.value,
            position=Position(row.position),
        )
        for row in found
    ]
    return keyed_page(nodes, lambda node: (node.unit_id, node.period), at=at, after=after, more=more)
