"""Strategies: any value of any fact, and drafts of them."""

from __future__ import annotations

import dataclasses
import types
import typing
import unicodedata
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from pkgutil import walk_packages
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

import ledger.domain
from ledger.domain.facts import FACTS, Actor, Channel, Fact
from ledger.entries import Draft

for module in walk_packages(ledger.domain.__path__, "ledger.domain."):
    import_module(module.name)

KINDS = [kind for kind in FACTS.values() if not kind.__subclasses__() and kind.__module__.startswith("ledger.domain")]
NASTY = [
    "绩效考评",
    "\U0001f600\U00020000\U0010ffff",
    "".join(map(chr, range(1, 0x21))) + "\x7f\x80\x9f",
    "\u2028\u2029\ufeff\ufffe\uffff\ue000",
    "\"'\\/`<&>{}[],:",
    '","position":7,"recorded_at":"',
    "\\u0000 \\n",
    "\u0338combining first",
]
texts = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
).map(lambda text: unicodedata.normalize("NFC", text))
integers = st.integers(0, 2**53 - 1)
decimals = st.from_regex(r"\A-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?\Z").map(Decimal)
PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: texts,
    int: integers,
    bool: st.booleans(),
    Decimal: decimals,
    date: st.dates(),
    UUID: st.uuids(),
    types.NoneType: st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a fact may hold."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, types.UnionType):
        return st.one_of(*map(values, typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return st.lists(values(typing.get_args(hint)[0]), max_size=2).map(tuple)
    if issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    assert isinstance(hint, type)
    assert dataclasses.is_dataclass(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


def _draft(fact: Fact, actor: Actor, version: int, ids: tuple[UUID, UUID | None], batch: str | None, at: int | None):
    return Draft(fact.stream, version, fact, actor, ids[0], Channel.IMPORT, batch, ids[1], at)


drafts = st.builds(
    _draft,
    st.sampled_from(KINDS).flatmap(values),
    values(Actor),
    st.integers(1, 2**31 - 1),
    st.tuples(st.uuids(), st.none() | st.uuids()),
    st.none() | texts,
    st.none() | integers,
)
