"""Entries, read exactly: their members stand in one order, each of them once.

Whoever forges an entry could say a thing twice in it, once to the verifier and once to the
ledger; what is not in the one form of an entry is therefore no entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Matching = Callable[[bytes], re.Match[bytes] | None]

_PLAIN = rb'[^"\\\x00-\x1f]*+'
_TEXT = rb'"' + _PLAIN + rb'(?:\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))' + _PLAIN + rb')*+"'
_ANY_TEXT, _TEXTS = rb"(?:null|" + _TEXT + rb")", rb"\[(?:" + _TEXT + rb"(?:,(?=\")|(?=\])))*+\]"
_COUNT = rb"[1-9][0-9]{0,17}"
_ANY_COUNT = rb"(?:null|" + _COUNT + rb")"
_UUID = rb'"[0-9a-f-]{36}"'
_INSTANT = rb"[0-9T:.-]{26}Z"


def _form(**members: bytes) -> Matching:
    """What matches an object with exactly these members."""
    pairs = (b'"%s":%s' % (name.encode(), value) for name, value in members.items())
    return re.compile(rb"\{" + b",".join(pairs) + rb"\}", re.DOTALL).fullmatch


def _said(value: bytes) -> bytes:
    return b"(" + value + b")"


_SAID_TEXT, _SAID_COUNT = b'"(' + _PLAIN + b')"', _said(_COUNT)
_actor = rb'\{"on_behalf_of":' + _ANY_TEXT + rb',"person_id":' + _TEXT + rb',"role":' + _TEXT
_actor += rb',"unit_id":' + _ANY_TEXT + rb"\}"

entry_of = _form(
    actor=_said(_actor),
    batch_id=_ANY_TEXT,
    causation_position=_ANY_COUNT,
    channel=_TEXT,
    command_id=_UUID,
    correlation_id=rb"(?:null|" + _UUID + rb")",
    cycle=_ANY_TEXT,
    # Where it ends, and that it is one value, is for whoever reads it to see.
    data=_said(rb"\{.*\}"),
    position=_SAID_COUNT,
    recorded_at=b'"' + _said(_INSTANT) + b'"',
    schema=_COUNT,
    stream=b'"' + _said(_TEXT[1:-1]) + b'"',
    type=rb'"([A-Za-z]+)"',
    version=_SAID_COUNT,
)
"""What an entry says: actor, data, position, instant, stream, type and version."""

# The data of the events that most of a ledger is made of, and what the rules ask of them.
ENTERED = _form(
    cycle_id=_TEXT,
    entry_kind=_TEXT,
    evidence=_TEXTS,
    indicator_id=_TEXT,
    interim=rb"(?:true|false)",
    note=_ANY_TEXT,
    period=_TEXT,
    replaces_position=rb"null",
    self_report_position=_said(_ANY_COUNT),
    source=_TEXT,
    source_ref=_ANY_TEXT,
    unit_id=_TEXT,
    uom=_TEXT,
    value=_TEXT,
)
VERIFIED = _form(
    cycle_id=_TEXT,
    indicator_id=_TEXT,
    method=_TEXT,
    note=_ANY_TEXT,
    period=_TEXT,
    unit_id=_TEXT,
    value=_TEXT,
    verified_position=_SAID_COUNT,
)
REQUESTED = _form(
    case_ref=_ANY_TEXT,
    corrects_position=_SAID_COUNT,
    cycle_id=_TEXT,
    evidence=_TEXTS,
    indicator_id=_TEXT,
    period=_TEXT,
    proposed_value=_SAID_TEXT,
    reason=_TEXT,
    reason_code=_TEXT,
    requested_for=_TEXT,
    unit_id=_TEXT,
)
CORRECTED = _form(
    approved_by=_SAID_TEXT,
    correction_class=_TEXT,
    corrects_position=_SAID_COUNT,
    cycle_id=_TEXT,
    evidence=_TEXTS,
    indicator_id=_TEXT,
    new_value=_SAID_TEXT,
    old_value=_TEXT,
    period=_TEXT,
    reason_code=_TEXT,
    request_position=_SAID_COUNT,
    requested_by=_SAID_TEXT,
    restatement=rb"null",
    unit_id=_TEXT,
)
NO_FORM: Matching = re.compile(rb"(?!)").fullmatch
"""What no data has."""
