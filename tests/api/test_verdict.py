"""The service's own verdict on its log: what it rests on, what it leaves out, and what it finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from client import Client
from drafting import draft

from ledger.domain.merkle import EMPTY_ROOT
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.finding import Finding, FindingKind
from ledger.proof.memory import Memory
from ledger.proof.note import Note, SignatureKind, SigningKey
from ledger.proof.published import write_finding
from ledger.proof.running import sign_once

VERIFY = """query($kept: String) { verify(trusted: $kept) {
    mode size checked notChecked lastGood firstBad { kind position sentence } bracket { after through } } }"""


def grow(client: Client, events: int) -> Memory:
    """Bring the ledger to so many events and have them signed; the signer's memory, closed."""
    store = client.service.store
    store.append([draft(f"U{number}") for number in range(store.head, events)])
    sign_once(client.service.database, client.service.settings)
    memory = Memory(client.service.settings.signer_dir)
    memory.close()
    return memory


def found(client: Client, kept: Checkpoint | str | None = None, key: SigningKey | None = None) -> Any:
    """Kind, position and last good size."""
    note = kept.signed([key]) if isinstance(kept, Checkpoint) and key is not None else kept
    verdict = client.ask(VERIFY, kept=None if note is None else str(note))
    bad = verdict["firstBad"]
    return None if bad is None else (bad["kind"], bad["position"], verdict["lastGood"])


def test_before_anything_is_signed_nothing_is_checked(client: Client):
    verdict = client.ask(VERIFY)

    assert (verdict["mode"], verdict["size"], verdict["firstBad"]) == ("OPERATOR", "0", None)
    assert any("nothing is signed" in each for each in verdict["notChecked"])


def test_a_sound_log_is_called_so_on_the_operators_word(client: Client):
    grow(client, 300)

    verdict = client.ask(VERIFY)

    assert (verdict["mode"], verdict["size"], verdict["lastGood"]) == ("OPERATOR", "300", "300")
    assert (verdict["firstBad"], verdict["bracket"]) == (None, None)
    assert len(verdict["checked"]) == 2
    assert any("your last visit" in each for each in verdict["notChecked"])
    assert any("other" in each for each in verdict["notChecked"])


def test_a_checkpoint_that_was_kept_is_continued(client: Client):
    kept = str(grow(client, 100).note)
    grow(client, 300)

    verdict = client.ask(VERIFY, kept=kept)

    assert (verdict["mode"], verdict["firstBad"]) == ("REMEMBERED", None)
    assert not any("your last visit" in each for each in verdict["notChecked"])


def test_a_checkpoint_of_another_history_is_a_split(client: Client):
    memory = grow(client, 300)
    key, last = memory.keyring.keys[0], memory.last

    assert found(client, replace(last, size=100, root=bytes(32)), key) == ("SPLIT", None, "0")
    assert found(client, replace(last, root=bytes(32)), key) == ("SPLIT", None, "0")
    assert found(client, replace(last, size=301), key) == ("ROLLBACK", "301", "300")
    assert found(client, replace(last, size=100), SigningKey.generate(last.origin)) == ("KEY", None, "300")
    assert found(client, replace(last, size=0, root=EMPTY_ROOT), key) is None


def test_what_is_no_checkpoint_is_refused(client: Client):
    grow(client, 30)

    for kept in ("", "nothing", "a\n1\nb\n\n— c d\n"):
        answer = client.raw(VERIFY, kept=kept)
        assert answer["errors"][0]["extensions"]["code"] == "MALFORMED_INPUT"


def test_what_the_signer_found_is_passed_on(client: Client):
    memory = grow(client, 300)
    finding = Finding(FindingKind.REWRITE, "The entry is not the one that was signed.", 123, last_good=122)
    write_finding(client.service.settings.signer_dir, finding)

    verdict = client.ask(VERIFY, kept=str(memory.note))

    assert verdict["firstBad"] == {"kind": "REWRITE", "position": "123", "sentence": finding.sentence}
    assert verdict["bracket"] == {"after": "122", "through": "300"}


def test_a_checkpoint_by_another_key_or_of_another_tree_is_found(client: Client):
    memory = grow(client, 300)
    checkpoint = client.service.settings.signer_dir / "checkpoint"

    checkpoint.write_text(str(memory.last.signed([SigningKey.generate(memory.last.origin)])))
    assert found(client) == ("KEY", None, "0")

    checkpoint.write_text(str(replace(memory.last, root=bytes(32)).signed(memory.keyring.keys)))
    assert found(client) == ("REWRITE", None, "0")

    checkpoint.write_text(str(replace(memory.last, size=310).signed(memory.keyring.keys)))
    assert found(client) == ("ROLLBACK", "301", "300")


def test_the_quorum_is_counted_as_the_policy_says(client: Client):
    memory = grow(client, 300)
    witness = SigningKey.generate("archive.example/witness", SignatureKind.COSIGNATURE)
    directory = client.service.settings.signer_dir
    policy = (directory / "policy").read_text()
    (directory / "policy").write_text(
        policy.replace("quorum none", f"witness archive {witness.verifier}\nquorum archive")
    )
    assert client.ask(VERIFY)["mode"] == "OPERATOR"

    cosigned = Note(memory.note.text, (*memory.note.signatures, witness.sign(memory.note.text, time=1_546_300_800)))
    (directory / "checkpoint").write_text(str(cosigned))

    assert client.ask(VERIFY)["mode"] == "WITNESSED"


@pytest.mark.parametrize("by", [None])
def test_nobody_asks_unnamed(client: Client, by: None):
    assert client.raw(VERIFY, by=by)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
