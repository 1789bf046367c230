"""Entries: canonical bytes, the same for ever, or no bytes at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from any_fact import KINDS, drafts
from drafting import draft
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.facts import Event
from ledger.domain.refusals import MalformedInput
from ledger.entries import ENTRY_BYTES_MAX, DamagedEntry, Draft, EntryMapper, decode, timestamp

GOLDEN_FILE = Path(__file__).parent.parent / "golden" / "facts.jsonl"
GOLDEN = GOLDEN_FILE.read_bytes().splitlines()
NOON = datetime(2018, 3, 1, 12, tzinfo=UTC)


def entry_of(draft: Draft, position: int = 1, recorded_at: datetime = NOON) -> bytes:
    return EntryMapper().to_stored_event(draft).sealed(position, recorded_at)


def draft_of(event: Event) -> Draft:
    return Draft(
        event.stream,
        event.version,
        event.fact,
        event.actor,
        event.command_id,
        event.channel,
        event.batch_id,
        event.correlation_id,
        event.causation_position,
    )


instants = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 (the strategy adds the zone)
    datetime(2999, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)


@settings(max_examples=400, deadline=None)
@given(drafts, st.integers(1, 2**53 - 1), instants)
def test_bytes_are_canonical_json_whatever_they_hold(any_draft: Draft, position: int, recorded_at: datetime):
    """Judged by another implementation of RFC 8785, on what any JSON parser reads."""
    entry = entry_of(any_draft, position, recorded_at)

    assert entry == rfc8785.dumps(json.loads(entry))


@settings(max_examples=400, deadline=None)
@given(drafts, st.integers(1, 2**53 - 1), instants)
def test_an_entry_is_read_back_as_the_event_it_was(any_draft: Draft, position: int, recorded_at: datetime):
    entry = entry_of(any_draft, position, recorded_at)
    event = decode(entry)

    assert event == any_draft.recorded(position, recorded_at)
    assert entry_of(draft_of(event), event.position, event.recorded_at) == entry


def test_members_stand_in_the_order_of_their_names():
    entry = entry_of(draft(), 7, NOON)

    assert list(json.loads(entry)) == [
        "actor",
        "batch_id",
        "causation_position",
        "channel",
        "command_id",
        "correlation_id",
        "cycle",
        "data",
        "position",
        "recorded_at",
        "schema",
        "stream",
        "type",
        "version",
    ]
    assert b',"position":7,"recorded_at":"2018-03-01T12:00:00.000000Z","schema":1,' in entry


@pytest.mark.parametrize("written", ["0", "7.40", "-0.00", "0.000001", "100", "999999999999999.123456"])
def test_a_decimal_keeps_its_digits(written: str):
    entry = entry_of(draft(value=written))

    assert json.loads(entry)["data"]["value"] == written
    assert str(decode(entry).fact.value) == written  # pyright: ignore[reportAttributeAccessIssue]


def test_an_instant_is_written_in_utc_with_microseconds():
    shanghai = timezone(timedelta(hours=8))

    assert timestamp(datetime(2018, 3, 1, 20, tzinfo=shanghai)) == "2018-03-01T12:00:00.000000Z"
    assert timestamp(datetime(2018, 3, 1, 20, 0, 0, 1, tzinfo=shanghai)) == "2018-03-01T12:00:00.000001Z"


# ---- refused


@pytest.mark.parametrize(
    ("note", "hint"),
    [
        ("e\u0301", "normal form C"),
        ("\u1100\u1161", "normal form C"),
        ("\ud800", "surrogate"),
        ("a\udfffb", "surrogate"),
        ("\0", "U+0000"),
        ("\\\0", "U+0000"),
        ("\\\\\0", "U+0000"),
    ],
    ids=ascii,
)
def test_text_without_a_canonical_form_is_refused(note: str, hint: str):
    with pytest.raises(MalformedInput) as refused:
        entry_of(draft(note=note))

    assert hint in refused.value.message


def test_text_that_only_looks_like_an_escape_is_kept():
    assert decode(entry_of(draft(note="\\u0000"))).fact == draft(note="\\u0000").fact


def test_an_entry_has_at_most_65535_bytes():
    """At the largest position and the longest instant too, which are not known when it is refused."""
    room = ENTRY_BYTES_MAX - len(entry_of(draft(note=""), 2**63 - 1))
    fits = next(size for size in range(room, 0, -1) if _accepted(draft(note="x" * size)))

    assert room - fits < 100
    assert ENTRY_BYTES_MAX - 100 < len(entry_of(draft(note="x" * fits), 2**63 - 1)) <= ENTRY_BYTES_MAX
    assert not _accepted(draft(note="宝" * (ENTRY_BYTES_MAX // 3)))


def _accepted(any_draft: Draft) -> bool:
    try:
        entry_of(any_draft)
    except MalformedInput:
        return False
    return True


# ---- damaged


def damaged(change: Callable[[dict[str, Any]], object]) -> bytes:
    """An entry at position 7 after a change to its members."""
    members = json.loads(entry_of(draft(), 7))
    change(members)
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(type="ScoreInvented"),
        lambda entry: entry.update(type="ScoreFact"),
        lambda entry: entry.update(schema=2),
        lambda entry: entry.update(colour="red"),
        lambda entry: entry.pop("actor"),
        lambda entry: entry.update(recorded_at="yesterday"),
        lambda entry: entry.update(recorded_at="2018-01-01T00:00:00.000000"),
        lambda entry: entry.update(schema=0),
        lambda entry: entry["data"].pop("value"),
        lambda entry: entry["data"].update(value="much"),
        lambda entry: entry["data"].update(entry_kind="GUESS"),
    ],
    ids=[
        *("type", "base", "schema", "member", "lost member", "instant", "no zone", "no schema"),
        *("lost value", "value", "choice"),
    ],
)
def test_an_entry_that_cannot_be_read_is_damaged_and_says_where(change: Callable[[dict[str, Any]], object]):
    with pytest.raises(DamagedEntry) as error:
        decode(damaged(change))

    assert error.value.position == 7


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff", b"null", b"[]", b"{}", entry_of(draft())[:-1]])
def test_bytes_that_are_no_entry_are_damaged(garbage: bytes):
    with pytest.raises(DamagedEntry):
        decode(garbage)


def test_an_entry_cut_short_says_where_it_was():
    with pytest.raises(DamagedEntry) as error:
        decode(entry_of(draft(), 1234)[:-20])

    assert error.value.position == 1234


# ---- the golden file: one stored entry of every kind of fact, for ever


def test_every_kind_of_fact_has_a_golden_entry():
    """A new kind of fact adds a line at the end; no line ever changes."""
    missing = {kind.__name__ for kind in KINDS} - {decode(line).type for line in GOLDEN}

    assert missing == set()
    assert [decode(line).position for line in GOLDEN] == list(range(1, len(GOLDEN) + 1))


@pytest.mark.parametrize("line", GOLDEN, ids=[decode(line).type for line in GOLDEN])
def test_a_golden_entry_keeps_its_meaning(line: bytes):
    """If this fails, entries that are stored somewhere would say something else: make a new kind of fact instead.

    A fact may gain a member with a default, which older entries then have; nothing that a line says is lost.
    """
    event = decode(line)
    written = json.loads(entry_of(draft_of(event), event.position, event.recorded_at))

    assert line == rfc8785.dumps(json.loads(line))
    assert lost(json.loads(line), written) == []
    assert event.fact.stream == event.stream


@pytest.mark.parametrize(
    "line", {decode(line).type: line for line in GOLDEN}.values(), ids=lambda line: decode(line).type
)
def test_the_newest_golden_entry_of_a_kind_is_written_byte_for_byte(line: bytes):
    event = decode(line)

    assert entry_of(draft_of(event), event.position, event.recorded_at) == line


def lost(old: object, new: object, path: str = "") -> list[str]:
    """The places where `new` says something else than `old`; a member that only `new` has is at its default."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [place for name in old for place in lost(old[name], new.get(name), f"{path}.{name}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [place for n, (a, b) in enumerate(zip(old, new, strict=True)) for place in lost(a, b, f"{path}.{n}")]
    return [] if old == new else [path]


def test_a_new_process_decodes_in_many_threads_at_once():
    """A server that was killed is asked by everybody as soon as it is back; msgspec 0.22 ended it with SIGSEGV."""
    decoding = """
import sys, threading
from pathlib import Path
from ledger.entries import decode

sys.setswitchinterval(1e-6)
lines = Path(sys.argv[1]).read_bytes().splitlines()
threads = [threading.Thread(target=lambda n=n: [decode(line) for line in lines[n:] + lines[:n]]) for n in range(8)]
for thread in threads:
    thread.start()
"""

    # Without the lock three of four processes died.
    for _ in range(3):
        subprocess.run([sys.executable, "-c", decoding, GOLDEN_FILE], check=True)
