"""Sources: the hottest root fields read with no more objects in between than rendering needs.

Each gives what the field's resolver gives, with attributes of the same names; what nobody
selects is not made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from ledger.api.context import Context
from ledger.api.fast.lines import Lines
from ledger.api.paging import Edge, PageInfo, check_first, cursor_of, place_of
from ledger.api.reads import results
from ledger.api.results import Ranking, RankingRow
from ledger.api.types import global_id
from ledger.domain.facts import Actor
from ledger.domain.score import Basis, ReasonCode, score_stream
from ledger.results import AsOf

T = TypeVar("T")

Given = Mapping[str, Any]
Source = Callable[[Context, Lines, Given], Awaitable[Any]]


class Page(Generic[T]):
    """A page of entries whose edges are made if they are asked for."""

    def __init__(self, found: list[T], place: Callable[[int, T], int], *, first: int, after: str | None):
        self.nodes = found[:first]
        self._place = place
        self._more = len(found) > first
        self._after = after

    @property
    def edges(self) -> list[Edge[T]]:
        """The entries with their cursors."""
        return [Edge(cursor=self._cursor(number), node=node) for number, node in enumerate(self.nodes)]

    @property
    def page_info(self) -> PageInfo:
        """Where this page lies among the others."""
        return PageInfo(
            has_next_page=self._more,
            has_previous_page=self._after is not None,
            start_cursor=self._cursor(0) if self.nodes else None,
            end_cursor=self._cursor(len(self.nodes) - 1) if self.nodes else None,
        )

    def _cursor(self, number: int) -> str:
        return cursor_of(self._place(number, self.nodes[number]))


async def ranking(context: Context, lines: Lines, given: Given) -> Ranking:
    """`Query.ranking`; at one position it is one object for all who may see the same."""
    at = await _moment(context, given)
    key = (given["cycle"], given["group"], given.get("period"), given["basis"])
    place = ("ranking", *key, at.position, context.visibility())
    kept: Ranking | None = context.service.answers.shown.kept(place)
    if kept is not None:
        return kept
    made = await context.in_thread(results.ranking, context, *key, at)
    return context.service.answers.shown.get(place, lambda: made)


def ranking_rows(of: Ranking, first: int, after: str | None = None) -> Page[RankingRow]:
    """`Ranking.rows`."""
    check_first(first)
    start = place_of(after) or 0
    found = of.found[start : start + first + 1]
    return Page(found, lambda number, row: start + number + 1, first=first, after=after)


async def score_history(context: Context, lines: Lines, given: Given) -> Page[Told]:
    """`Query.scoreHistory`."""
    first, after = check_first(given["first"]), given.get("after")
    unit_id, indicator_id = given["unit"], given["indicator"]
    at = await _moment(context, given)
    rows: list[Told] = []
    if context.visibility().sees_score(unit_id, indicator_id):
        parameters = {
            "as_of": at.position,
            "stream": score_stream(given["cycle"], unit_id, indicator_id, given["period"]).name,
            "after": place_of(after),
            "before": None,
            "limit": first + 1,
        }
        rows = await lines.read(_told, "score_history", "told", parameters)
    return Page(rows, lambda number, row: row.said.position, first=first, after=after)


class _Data(msgspec.Struct):
    """What a fact about a score may say in words."""

    reason_code: ReasonCode | None = None
    reason: str | None = None
    late_reason: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()


class _Said(msgspec.Struct):
    """What an entry says, texts as they stand in it."""

    actor: Actor
    data: _Data
    position: int
    recorded_at: str
    type: str
    version: int
    batch_id: str | None = None


_said = msgspec.json.Decoder(_Said)


class _ToldRow(NamedTuple):
    entry: bytes
    basis_name: str | None
    value: str | None
    old_value: str | None
    new_value: str | None
    now: str | None
    cites: int | None
    request_position: int | None
    requested_by: str | None
    approved_by: str | None


class Told(_ToldRow):
    """`ScoreHistoryEntry`: an event of a score, as the projection and its entry tell it.

    Figures and the instant are texts already, written as their types write them.
    """

    @cached_property
    def said(self) -> _Said:
        """What the entry says."""
        return _said.decode(self.entry)

    id = property(lambda self: global_id("ScoreHistoryEntry", self.said.position))
    position = property(lambda self: self.said.position)
    recorded_at = property(lambda self: self.said.recorded_at)
    type = property(lambda self: self.said.type)
    version = property(lambda self: self.said.version)
    basis = property(lambda self: Basis(self.basis_name) if self.basis_name else None)
    actor = property(lambda self: self.said.actor)
    batch_id = property(lambda self: self.said.batch_id)
    reason_code = property(lambda self: self.said.data.reason_code)
    reason = property(lambda self: self.said.data.reason or self.said.data.late_reason)
    note = property(lambda self: self.said.data.note)
    evidence = property(lambda self: self.said.data.evidence)


def _told(cursor: Any) -> Callable[[Any], Told]:
    return Told._make


async def _moment(context: Context, given: Given) -> AsOf:
    as_of = given.get("asOf")
    if as_of is None:
        # Whoever asks for more than is known already was left to the executor.
        return context.head()
    position, recorded_at = as_of.get("position"), as_of.get("recordedAt")
    return await context.in_thread(context.service.answers.resolve, position, recorded_at)


SOURCES: Mapping[str, Source] = {"ranking": ranking, "scoreHistory": score_history}
CALLED: Mapping[tuple[str, str], Callable[..., Any]] = {("Ranking", "rows"): ranking_rows}
"""Fields below a root whose resolver is replaced by a shorter one."""
