"""Pages: connections by position, so that a page never shifts when the ledger grows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import strawberry

from ledger.api.types import AsOf, shown
from ledger.domain.refusals import MalformedInput
from ledger.results import AsOf as Moment

T = TypeVar("T")
PAGE_MAX = 100
_KEY_PARTS = "\x1f"

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Page on after this cursor.")]


@strawberry.type(description="Where a page lies among the others.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first entry.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last entry.")


@strawberry.type(description="An entry of a page with its place.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The place of this entry, to page on from.")
    node: T = strawberry.field(description="The entry.")


@strawberry.type(description="A page of entries.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The entries with their cursors.")
    nodes: list[T] = strawberry.field(description="The entries.")
    page_info: PageInfo = strawberry.field(description="Where this page lies among the others.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")


def page(
    found: Sequence[T],
    place_of: Callable[[T], int],
    *,
    at: Moment | AsOf,
    first: int,
    after: str | None,
    more: bool | None = None,
) -> Connection[T]:
    """A page of at most `first` of `found` as known at a moment, which holds one more if there is a next page.

    `more` says so instead where entries were hidden while the page was filled.
    """
    nodes = found[:first]
    edges = [Edge(cursor=cursor_of(place_of(node)), node=node) for node in nodes]
    info = PageInfo(
        has_next_page=len(found) > first if more is None else more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, nodes=list(nodes), page_info=info, as_of=shown(at))


def keyed_page(
    found: Sequence[T], key_of: Callable[[T], tuple[str, ...]], *, at: Moment | AsOf, after: str | None, more: bool
) -> Connection[T]:
    """A page of a list in the order of keys that are texts; `more` says whether there is a next page."""
    edges = [Edge(cursor=cursor_of_key(key_of(node)), node=node) for node in found]
    info = PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, nodes=list(found), page_info=info, as_of=shown(at))


def page_of(
    found: Sequence[T], *, at: Moment | AsOf, first: int, after: str | None, place: Callable[[T], int] | None = None
) -> Connection[T]:
    """A page of a list that is known whole, in order of `place`; without one, of its own order."""
    check_first(first)
    start = place_of(after) or 0
    places = [place(node) if place else number for number, node in enumerate(found, start=1)]
    numbered = [(number, node) for number, node in zip(places, found, strict=True) if number > start][: first + 1]
    number_of = {id(node): number for number, node in numbered}
    return page([node for _, node in numbered], lambda node: number_of[id(node)], at=at, first=first, after=after)


def check_first(first: int) -> int:
    """Return `first`. Raises MalformedInput unless it is 1 to 100."""
    if not 1 <= first <= PAGE_MAX:
        raise MalformedInput(path="first", given=first, hint=f"Ask for 1 to {PAGE_MAX}.")
    return first


def cursor_of(place: int) -> str:
    """An opaque cursor for a place."""
    return base64.urlsafe_b64encode(f"p{place}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> int | None:
    """The place a cursor stands for. Raises MalformedInput."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError, UnicodeDecodeError):
        text = ""
    if not (text.startswith("p") and text[1:].isascii() and text[1:].isdigit() and len(text) < 20):
        raise MalformedInput(path="after", given=repr(cursor[:40]), hint="Use a cursor from an earlier page.")
    return int(text[1:])


def cursor_of_key(key: tuple[str, ...]) -> str:
    """An opaque cursor for a key."""
    return base64.urlsafe_b64encode(f"k{_KEY_PARTS.join(key)}".encode()).decode().rstrip("=")


def key_of_cursor(cursor: str | None, parts: int) -> tuple[str, ...] | None:
    """The key of so many parts that a cursor stands for. Raises MalformedInput."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    key = tuple(text[1:].split(_KEY_PARTS))
    if not text.startswith("k") or len(key) != parts or "\0" in text:
        raise MalformedInput(path="after", given=repr(cursor[:40]), hint="Use a cursor from an earlier page.")
    return key
