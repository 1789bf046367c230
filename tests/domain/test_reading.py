"""Commands are read from plain values by the types of their fields; what cannot be read is refused with its place."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from datetime import date
from decimal import Decimal
from enum import Enum

import pytest
from city import BECAUSE, CYCLE, EVIDENCE, PLAN, YEAR, Refusal, enter, grant, request, set_target
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.commands import (
    COMMANDS,
    AdjustTarget,
    AmendCalendar,
    EnterScore,
    EnterScoreLate,
    FinishScoreImport,
    IssuePlanVersion,
    RequestCorrection,
    VerifyScore,
)
from ledger.domain.plan import Deadline, DeadlineName
from ledger.domain.reading import read_command
from ledger.domain.refusals import Refused
from ledger.domain.roles import Role, Scope
from ledger.domain.targets import ScheduleStep
from ledger.domain.world import Command

ENTRY: dict[str, object] = {
    "cycle_id": CYCLE,
    "unit_id": "U04",
    "indicator_id": "A",
    "period": YEAR,
    "value": "7.40",
    "uom": "%",
}


def plain(value: object) -> object:
    """A value as JSON would bring it."""
    match value:
        case Enum():
            return value.value
        case Decimal() | date():
            return str(value)
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def as_json(command: Command) -> dict[str, object]:
    return json.loads(json.dumps(plain(asdict(command))))


def refusal(kind: type[Command], given: dict[str, object]) -> Refusal:
    with pytest.raises(Refused) as caught:
        read_command(kind, given)
    return Refusal(caught.value.code(), caught.value.path)


@pytest.mark.parametrize(
    "command",
    [
        replace(enter("7.40"), evidence=EVIDENCE, note="A note\nof two lines, 附注.", expected_version=3),
        request(19, "8.0"),
        grant("deputy", Role.SCORER, Scope(unit_ids=("U01",), indicator_ids=("A", "B"))),
        replace(set_target("8"), progress_schedule=(ScheduleStep(period="2018-Q1", cumulative_share=Decimal("1")),)),
        IssuePlanVersion(cycle_id=CYCLE, content=PLAN, summary="First"),
        AmendCalendar(
            cycle_id=CYCLE, deadlines=(Deadline(name=DeadlineName.ENTRY, ends_on=date(2019, 1, 9)),), reason=BECAUSE
        ),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_is_read_back_from_its_json(command: Command) -> None:
    assert read_command(type(command), as_json(command)) == command


def test_a_number_keeps_its_decimal_places() -> None:
    assert str(read_command(EnterScore, ENTRY).value) == "7.40"


def test_what_has_a_default_may_be_left_out() -> None:
    assert read_command(EnterScore, ENTRY) == enter("7.40")


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
def test_every_command_can_be_read_and_names_its_first_missing_field(kind: type[Command]) -> None:
    refused = refusal(kind, {})

    assert refused.code in ("MALFORMED_INPUT", "REASON_REQUIRED")
    assert refused.path in {field.name for field in fields(kind)}


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        ({"value": 7.4}, "INVALID_DECIMAL", "value"),
        ({"value": 7}, "INVALID_DECIMAL", "value"),
        ({"value": "1e3"}, "INVALID_DECIMAL", "value"),
        ({"value": None}, "INVALID_DECIMAL", "value"),
        ({"unit_id": 4}, "MALFORMED_INPUT", "unit_id"),
        ({"unit_id": None}, "MALFORMED_INPUT", "unit_id"),
        ({"note": 4}, "MALFORMED_INPUT", "note"),
        ({"note": "a\0b"}, "MALFORMED_INPUT", "note"),
        ({"note": "\ud800"}, "MALFORMED_INPUT", "note"),
        ({"note": "e\u0301"}, "MALFORMED_INPUT", "note"),
        ({"entry_kind": "GUESS"}, "MALFORMED_INPUT", "entry_kind"),
        ({"entry_kind": ["ACTUAL"]}, "MALFORMED_INPUT", "entry_kind"),
        ({"entry_kind": "actual"}, "MALFORMED_INPUT", "entry_kind"),
        ({"interim": 1}, "MALFORMED_INPUT", "interim"),
        ({"interim": "true"}, "MALFORMED_INPUT", "interim"),
        ({"expected_version": True}, "MALFORMED_INPUT", "expected_version"),
        ({"expected_version": "3"}, "MALFORMED_INPUT", "expected_version"),
        ({"expected_version": 3.0}, "MALFORMED_INPUT", "expected_version"),
        ({"expected_version": 2**53}, "MALFORMED_INPUT", "expected_version"),
        ({"evidence": "a" * 64}, "MALFORMED_INPUT", "evidence"),
        ({"evidence": ["a" * 64, 1]}, "MALFORMED_INPUT", "evidence.1"),
        ({"colour": "red"}, "MALFORMED_INPUT", "colour"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(changed: dict[str, object], code: str, path: str) -> None:
    assert refusal(EnterScore, ENTRY | changed) == Refusal(code, path)


@pytest.mark.parametrize("written", ["20190109", "2019-W02-3", "2019-1-9", "2019-02-30", "2019-01-09T00:00", 20190109])
def test_a_day_has_one_spelling(written: object) -> None:
    given: dict[str, object] = {
        "cycle_id": CYCLE,
        "reason": BECAUSE,
        "deadlines": [{"name": "ENTRY", "ends_on": written}],
    }

    assert refusal(AmendCalendar, given) == Refusal("MALFORMED_INPUT", "deadlines.0.ends_on")


def test_a_place_deep_inside_is_named_from_the_outside() -> None:
    given = as_json(IssuePlanVersion(cycle_id=CYCLE, content=PLAN, summary="First"))
    content = given["content"]
    assert isinstance(content, dict)

    content["indicators"][0]["formula"]["cap"] = "high"
    assert refusal(IssuePlanVersion, given) == Refusal("INVALID_DECIMAL", "content.indicators.0.formula.cap")
    content["indicators"][0]["formula"] = "LINEAR_RATIO"
    assert refusal(IssuePlanVersion, given) == Refusal("MALFORMED_INPUT", "content.indicators.0.formula")
    del content["indicators"][0]["formula"]
    assert refusal(IssuePlanVersion, given) == Refusal("MALFORMED_INPUT", "content.indicators.0.formula")
    content["groups"][0]["members"][2]["colour"] = "red"
    content["indicators"] = []
    assert refusal(IssuePlanVersion, given) == Refusal("MALFORMED_INPUT", "content.groups.0.members.2.colour")


@pytest.mark.parametrize("reason", [None, ...])
def test_a_reason_that_is_missing_is_asked_for(reason: object) -> None:
    for kind, name in ((RequestCorrection, "reason"), (EnterScoreLate, "late_reason")):
        example = as_json(request(19, "8.0")) if kind is RequestCorrection else ENTRY | {"approved_by": "director"}
        given = {field: value for field, value in (example | {name: reason}).items() if value is not ...}
        assert refusal(kind, given) == Refusal("REASON_REQUIRED", name)


@pytest.mark.parametrize("code", ["OOPS", "data_entry_error", "", None, 3])
def test_a_reason_code_is_one_of_the_list(code: object) -> None:
    correction = as_json(request(19, "8.0")) | {"reason_code": code}
    assert refusal(RequestCorrection, correction) == Refusal("REASON_CODE_INVALID", "reason_code")
    assert refusal(AdjustTarget, {"reason_code": code}) == Refusal("REASON_CODE_INVALID", "reason_code")


def test_a_refusal_says_what_was_sent_and_what_to_send() -> None:
    given = {**ENTRY, "verified_position": 7, "method": "HEARSAY"}
    del given["value"], given["uom"]

    with pytest.raises(Refused) as caught:
        read_command(VerifyScore, given)

    assert caught.value.message == (
        "The input does not fit together, or cannot be read. (given: 'HEARSAY') "
        "Write one of DOCUMENT, SITE_VISIT, CROSS_SYSTEM, STATISTICS."
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_whatever_is_sent_is_read_or_refused_and_never_breaks(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([EnterScore, IssuePlanVersion, FinishScoreImport, AmendCalendar]))
    names = st.sampled_from([field.name for field in fields(kind)]) | st.text(min_size=1, max_size=5)
    given = data.draw(st.dictionaries(names, JSON, max_size=6))

    try:
        read = as_json(read_command(kind, given))
    except Refused:
        return
    assert read.items() >= given.items()
