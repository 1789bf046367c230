"""Commitments: they bind to one text, and open for whoever is given its salt and for nobody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import fields
from datetime import date
from importlib import import_module
from pkgutil import walk_packages

import pytest
import rfc8785

import ledger.domain
from ledger.domain.commitments import (
    OpeningRefused,
    PrivateText,
    commitment,
    keyed,
    private_texts,
    salt_of,
    verify_opening,
)
from ledger.domain.facts import FACTS
from ledger.domain.persons import DelegationGranted, PersonRegistered
from ledger.domain.roles import Role
from ledger.domain.veto import VetoLifted

for module in walk_packages(ledger.domain.__path__, "ledger.domain."):
    import_module(module.name)

K1, K2 = bytes(range(32)), bytes(range(32, 64))
NAME = '陈立 "Old" \U00020000\n'
SALT = salt_of([K1], stream="person:p-7", version=1, field="display_name")
COMMITTED = commitment(SALT, "display_name", NAME)
ENTRY = json.dumps({"data": {"display_name": COMMITTED, "subject_id": "p-7"}, "version": 1}).encode()

TELLS_NOTHING_OF_A_PERSON = {
    *(
        "cycle_id",
        "unit_id",
        "home_unit_id",
        "answering_unit_id",
        "indicator_id",
        "case_id",
        "group_id",
        "grade",
        "unit_grade",
        "period",
        "currency",
    ),
    *("reference", "legal_basis", "standard", "post", "trace"),
}
"""Ids, grades, public posts, documents and provisions; `trace` is computed from a rule."""


def test_a_commitment_is_the_formula_of_the_specification() -> None:
    salt = hmac.new(K1, b"salt/v1\nperson:p-7/1\ndisplay_name", "sha256").digest()
    bound = b"score-ledger/commit/v1\n" + salt + b"display_name\n" + rfc8785.dumps(NAME)

    assert salt == SALT
    assert "commit:v1:" + b64encode(hashlib.sha256(bound).digest()).decode() == COMMITTED


def test_a_text_about_several_persons_needs_the_key_of_each() -> None:
    folded = hmac.new(K2, hmac.new(K1, b"x", "sha256").digest(), "sha256").digest()

    assert keyed([K1, K2], b"x") == folded


def test_an_opening_is_checked_against_the_entry() -> None:
    verify_opening(ENTRY, "display_name", b64encode(SALT).decode(), NAME)


@pytest.mark.parametrize(
    ("entry", "field", "salt", "value"),
    [
        (ENTRY, "display_name", b64encode(SALT).decode(), NAME + " "),
        (ENTRY, "display_name", b64encode(K1).decode(), NAME),
        (ENTRY, "display_name", b64encode(SALT[:31]).decode(), NAME),
        (ENTRY, "display_name", "no salt", NAME),
        (ENTRY, "subject_id", b64encode(SALT).decode(), "p-7"),
        (ENTRY, "missing", b64encode(SALT).decode(), NAME),
        (b"no entry", "display_name", b64encode(SALT).decode(), NAME),
        (b"[]", "display_name", b64encode(SALT).decode(), NAME),
        (b'{"data": []}', "display_name", b64encode(SALT).decode(), NAME),
        (ENTRY, "display_name", b64encode(SALT).decode(), "\ud800"),
    ],
)
def test_an_opening_of_anything_else_is_refused(entry: bytes, field: str, salt: str, value: str) -> None:
    with pytest.raises(OpeningRefused):
        verify_opening(entry, field, salt, value)


def test_a_text_is_about_everybody_whom_the_fact_names() -> None:
    delegation = DelegationGranted(
        subject_id="deputy",
        from_person_id="head",
        role=Role.SCORER,
        valid_from=date(2018, 1, 1),
        valid_to=date(2018, 1, 9),
        reason="The head is ill.",
    )

    assert list(private_texts(delegation)) == [PrivateText("reason", "The head is ill.", ("head", "deputy"))]
    assert list(private_texts(PersonRegistered(subject_id="p-7", display_name=NAME))) == [
        PrivateText("display_name", NAME, ("p-7",))
    ]


def test_a_text_about_a_unit_is_not_private() -> None:
    lifted = VetoLifted(
        cycle_id="2018", unit_id="U01", veto_position=7, reason="Rectified.", evidence=(), approved_by="leading"
    )

    assert list(private_texts(lifted)) == []


@pytest.mark.parametrize("kind", [k for k in FACTS.values() if not k.__subclasses__()], ids=lambda kind: kind.__name__)
def test_every_text_of_a_fact_about_persons_is_private_or_tells_nothing_of_them(kind: type) -> None:
    names = {field.name for field in fields(kind)}
    texts = {field.name for field in fields(kind) if field.type in ("str", "str | None")}
    if not names & {"subject_id", "person_ids"}:
        return
    persons = {name for name in names if name.endswith(("_by", "person_id"))} | {"subject_id"}

    assert texts - persons - TELLS_NOTHING_OF_A_PERSON == set(FACTS[kind.__name__].PRIVATE)
