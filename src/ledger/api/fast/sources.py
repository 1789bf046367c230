"""Sources: the hottest root fields read with no more objects in between than rendering needs.

Each gives what the field's resolver gives, with attributes of the same names; what nobody
selects is not made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Any, Generic, TypeVar

from ledger.api.context import Context
from ledger.api.fast import standings
from ledger.api.fast.histories import Told, told
from ledger.api.fast.lines import Lines
from ledger.api.fast.pure import sight
from ledger.api.paging import Edge, PageInfo, check_first, cursor_of, place_of
from ledger.api.reads import results
from ledger.api.results import Ranking, RankingRow
from ledger.api.types import AsOf as ShownAsOf
from ledger.api.types import shown
from ledger.domain.score import Basis, score_stream
from ledger.history import Worth
from ledger.results import AsOf

T = TypeVar("T")

Given = Mapping[str, Any]
Source = Callable[[Context, Lines, Given], Awaitable[Any]]


def source_of(field: str, selected: Set[tuple[str, str]]) -> Source | None:
    """What reads a root field of which this is selected; None if its resolver does."""
    match field:
        case "ranking":
            return standing if standings.FIELDS.issuperset(selected) else settled
        case "scoreHistory":
            return score_history
        case _:
            return None


class Page(Generic[T]):
    """A page of entries whose edges are made if they are asked for."""

    def __init__(
        self,
        nodes: list[T],
        place: Callable[[int, T], int],
        *,
        at: AsOf | ShownAsOf,
        after: str | None,
        more: bool,
    ):
        self.nodes = nodes
        self._at = at
        self._place = place
        self._more = more
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

    @property
    def as_of(self) -> ShownAsOf:
        """The last position that the answer includes."""
        return shown(self._at)

    def _cursor(self, number: int) -> str:
        return cursor_of(self._place(number, self.nodes[number]))


async def standing(context: Context, lines: Lines, given: Given) -> Ranking | standings.Table:
    """`Query.ranking`, of which nothing is asked but what is kept of official results."""
    at = await _moment(context, given)
    if given["basis"] is Basis.OFFICIAL:
        table = await standings.table(context, lines, given["cycle"], given["group"], given.get("period"), at)
        if table is not None:
            return table
    return await settled(context, lines, given)


async def settled(context: Context, lines: Lines, given: Given) -> Ranking:
    """`Query.ranking`; at one position it is one object for all who may see the same."""
    at = await _moment(context, given)
    key = (given["cycle"], given["group"], given.get("period"), given["basis"])
    place = ("ranking", *key, at.position, sight(context.visibility(), figures=True))
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
    more = len(found) > first
    return Page(found[:first], lambda number, row: start + number + 1, at=of.as_of, after=after, more=more)


async def score_history(context: Context, lines: Lines, given: Given) -> Page[Told]:
    """`Query.scoreHistory`."""
    first, after = check_first(given["first"]), given.get("after")
    unit_id, indicator_id = given["unit"], given["indicator"]
    at = await _moment(context, given)
    if not context.visibility().sees_score(unit_id, indicator_id):
        return Page(list[Told](), _position, at=at, after=after, more=False)
    stream, place = score_stream(given["cycle"], unit_id, indicator_id, given["period"]).name, place_of(after)
    parameters = {"as_of": at.position, "stream": stream, "after": place, "limit": first + 1}
    rows = await lines.read(tuple, "score_value", "history", parameters)
    worth = Worth(await _held(lines, given, place) if place else {})
    found = told(rows[:first], worth)
    now = (worth.held if len(rows) <= first else await _held(lines, given, at.position)).get(Basis.OFFICIAL)
    for entry in found:
        entry.now = now
    return Page(found, _position, at=at, after=after, more=len(rows) > first)


async def _held(lines: Lines, given: Given, at: int) -> dict[Basis, str]:
    """What a score is worth on each basis at a position."""
    parameters = {
        "as_of": at,
        "cycle_id": given["cycle"],
        "unit_id": given["unit"],
        "indicator_id": given["indicator"],
        "period": given["period"],
    }
    return {Basis(row[0]): str(row[1]) for row in await lines.read(tuple, "score_value", "by_score", parameters)}


def _position(number: int, entry: Told) -> int:
    return entry.position


async def _moment(context: Context, given: Given) -> AsOf:
    as_of = given.get("asOf")
    if as_of is None:
        # Whoever asks for more than is known already was left to the executor.
        return context.head()
    position, recorded_at = as_of.get("position"), as_of.get("recordedAt")
    return await context.in_thread(context.service.answers.resolve, position, recorded_at)


CALLED: Mapping[tuple[str, str], Callable[..., Any]] = {("Ranking", "rows"): ranking_rows}
"""Fields below a root whose resolver is replaced by a shorter one."""
