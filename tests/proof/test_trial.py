"""The administrator's trial: whatever is done to the history, the signer names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from administrator import (
    ATTACKS,
    BAD,
    SIGNED,
    Attack,
    Ledger,
    change_row,
    cut_tail,
    flip_own_leaf,
    sign_with_another_key,
)

from ledger.proof.finding import FindingKind, SigningRefused
from ledger.proof.published import SigningState, published
from ledger.proof.signer import opened_signer
from ledger.proof.snapshot import connect_signer


@pytest.fixture(scope="module")
def sound(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A signed ledger that nobody touches."""
    ledger = Ledger.begin(server, tmp_path_factory.mktemp("sound"))
    yield ledger
    ledger.drop()


@pytest.fixture
def ledger(sound: Ledger, tmp_path: Path) -> Iterator[Ledger]:
    """A signed ledger of this test's own."""
    copy = sound.copied(tmp_path)
    yield copy
    copy.drop()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.carry_out.__name__)
def test_an_attack_is_named_by_its_kind_and_first_bad_position(ledger: Ledger, attack: Attack):
    attack.carry_out(ledger)

    finding = ledger.sign(audit=attack.audited)

    assert finding is not None
    assert (finding.kind, finding.first_bad) == (attack.kind, attack.first_bad), finding


def test_nothing_is_found_where_nothing_was_done(ledger: Ledger):
    ledger.append(300)

    assert ledger.sign(audit=True) is None
    assert published(ledger.signer_dir, SIGNED + 300).state is SigningState.SIGNED


@pytest.mark.parametrize("attack", [change_row, cut_tail, sign_with_another_key, flip_own_leaf])
def test_what_is_refused_is_published_and_nothing_more_is_signed(ledger: Ledger, attack: Callable[[Ledger], None]):
    attack(ledger)
    before = (ledger.signer_dir / "state").read_bytes()
    finding = ledger.sign(audit=True)

    ledger.append(1)
    again = ledger.sign()

    shown = published(ledger.signer_dir, SIGNED)
    assert again is not None
    assert (shown.state, shown.finding) == (SigningState.REFUSED, again)
    assert finding is not None
    assert (ledger.signer_dir / "state").read_bytes() == before


def test_a_finding_stands_until_the_history_is_as_it_was(ledger: Ledger):
    """A look at the new entries alone would not see a changed old one, and would sign on."""
    right = ledger.entry(BAD)
    change_row(ledger)
    assert ledger.sign() is None
    found = ledger.sign(audit=True)
    assert found is not None
    assert ledger.sign() == found

    ledger.store_entry(BAD, right)

    assert ledger.sign() is None
    assert published(ledger.signer_dir, SIGNED).finding is None


def test_a_little_is_looked_at_again_each_time(ledger: Ledger):
    change_row(ledger)
    with opened_signer(ledger.signer_dir) as signer, connect_signer(ledger.database) as connection:
        signer.scrub(connection, BAD - 1)
        with pytest.raises(SigningRefused) as refused:
            signer.scrub(connection, BAD - 1)

    assert (refused.value.finding.kind, refused.value.finding.first_bad) == (FindingKind.REWRITE, BAD)


def test_a_published_checkpoint_that_is_lost_is_published_again(ledger: Ledger):
    checkpoint = ledger.signer_dir / "checkpoint"
    before = checkpoint.read_bytes()
    checkpoint.unlink()

    assert ledger.sign() is None
    assert checkpoint.read_bytes() == before


def test_a_signers_damage_says_nothing_of_the_ledger(ledger: Ledger):
    flip_own_leaf(ledger)

    finding = ledger.sign()

    assert finding is not None
    assert (finding.kind, finding.first_bad) == (FindingKind.OWN_STATE_DAMAGED, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.event SET entry = entry",
        "DELETE FROM ledger.tile",
        "INSERT INTO ledger.ledger (ledger_id) VALUES (7)",
        "CREATE TABLE ledger.another (ledger_id integer)",
    ],
)
def test_the_signer_itself_can_change_nothing(ledger: Ledger, statement: LiteralString):
    with connect_signer(ledger.database) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_a_change_in_front_of_a_cut_is_the_first_wrong(ledger: Ledger):
    ledger.store_entry(BAD - 50, ledger.entry(BAD - 50).replace(b"12.34", b"99.99"))
    cut_tail(ledger)

    finding = ledger.sign()

    assert finding is not None
    assert (finding.kind, finding.first_bad, finding.last_good) == (FindingKind.REWRITE, BAD - 50, BAD - 51)
