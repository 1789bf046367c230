"""The signer's memory: killed anywhere it goes on, damaged it says so."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.domain.merkle import leaf_hash, root_at
from ledger.proof.checkpoint import Checkpoint, opened
from ledger.proof.finding import FindingKind, SigningRefused
from ledger.proof.memory import AnotherSigner, Memory
from ledger.proof.note import MalformedNote, SigningKey, Unverified, split_notes, verified
from ledger.proof.policy import parse_policy
from ledger.proof.rotation import keys_for, periods

ORIGIN = "log.example/1"
FILES = ("state", "leaves", "checkpoints.log", "checkpoint", "key")


class Killed(Exception):
    """The process ends here."""


def grow(memory: Memory, entries: int) -> Checkpoint:
    """Sign some more entries."""
    new = [leaf_hash(str(memory.last.size + place).encode()) for place in range(entries)]
    memory.leaves.append(new, after=memory.last.size)
    tree = memory.tree.extended(new)
    checkpoint = Checkpoint(memory.last.origin, tree.size, tree.root)
    memory.remember(checkpoint, tree)
    return checkpoint


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "signer"


@pytest.fixture
def memory(directory: Path) -> Iterator[Memory]:
    """A memory of 300 signed entries."""
    memory = Memory(directory, origin=ORIGIN)
    grow(memory, 300)
    yield memory
    memory.close()


def reopened(memory: Memory) -> Memory:
    memory.close()
    return Memory(memory.directory)


def kill_after(monkeypatch: pytest.MonkeyPatch, syncs: int) -> None:
    """End at the next call of fsync but so many."""
    sync, left = os.fsync, syncs

    def killing(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", killing)


def logged(memory: Memory) -> list[Checkpoint]:
    notes = split_notes((memory.directory / "checkpoints.log").read_bytes())
    return [opened(note, memory.keyring.verifiers)[0] for note in notes]


def test_what_was_signed_is_remembered(memory: Memory):
    last = grow(memory, 70)

    again = reopened(memory)

    assert (again.last, again.tree.root) == (last, last.root)
    assert [each.size for each in logged(again)] == [0, 300, 370]
    again.close()


@pytest.mark.parametrize("syncs", range(8))
def test_a_signer_killed_while_it_signs_goes_on(memory: Memory, monkeypatch: pytest.MonkeyPatch, syncs: int):
    with monkeypatch.context() as context:
        kill_after(context, syncs)
        with suppress(Killed):
            grow(memory, 5)

    again = reopened(memory)
    assert again.last.size in (300, 305)
    last = grow(again, 7)

    assert (again.directory / "checkpoint").read_text() == str(again.note)
    for checkpoint in logged(again):
        assert checkpoint.root == root_at(checkpoint.size, again.leaves.node)
    assert logged(again)[-1] == last
    again.close()


@pytest.mark.parametrize("syncs", range(6))
def test_a_signer_killed_while_it_begins_begins_again(directory: Path, monkeypatch: pytest.MonkeyPatch, syncs: int):
    with monkeypatch.context() as context:
        kill_after(context, syncs)
        with suppress(Killed):
            Memory(directory, origin=ORIGIN).close()

    memory = Memory(directory, origin=ORIGIN)
    assert (memory.last.origin, memory.last.size) == (ORIGIN, 0)
    grow(memory, 1)
    memory.close()


@pytest.mark.parametrize("change", ["rotate", "retire"])
@pytest.mark.parametrize("syncs", range(12))
def test_a_change_of_keys_is_finished_after_a_kill(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, change: str, syncs: int
):
    first = memory.keyring.verifiers[0]
    if change == "retire":
        memory.rotate()
    with monkeypatch.context() as context:
        kill_after(context, syncs)
        with suppress(Killed):
            getattr(memory, change)()

    again = reopened(memory)
    grow(again, 5)

    rotations = again.directory / "rotations"
    notes = split_notes(rotations.read_bytes()) if rotations.exists() else []
    assert keys_for(305, periods(first, notes)) == again.keyring.verifiers[::-1]
    assert [log.key for log in parse_policy((again.directory / "policy").read_bytes()).logs] == (
        again.keyring.verifiers[::-1]
    )
    again.close()


def test_two_keys_sign_while_one_follows_the_other(memory: Memory):
    (first,) = memory.keyring.verifiers
    memory.rotate()
    grow(memory, 10)
    second, _ = memory.keyring.verifiers
    both = memory.note
    memory.retire()
    grow(memory, 10)

    found = periods(first, split_notes((memory.directory / "rotations").read_bytes()))

    assert len(verified(both, [first, second])) == 2
    assert [key for key, _ in verified(memory.note, [first, second])] == [second]
    assert [(period.key, period.first, period.last) for period in found] == [(first, 0, 310), (second, 300, None)]
    assert keys_for(310, found) == [first, second]
    assert keys_for(320, found) == [second]
    assert len((memory.directory / "key").read_text().splitlines()) == 1


def test_a_rotation_that_the_old_key_did_not_sign_is_refused(memory: Memory):
    (first,) = memory.keyring.verifiers
    memory.rotate()
    stranger = SigningKey.generate(ORIGIN)
    note = (memory.directory / "rotations").read_bytes()

    with pytest.raises(Unverified):
        periods(stranger.verifier, [note])
    with pytest.raises((Unverified, MalformedNote)):
        periods(first, [note.replace(b"\n300\n", b"\n301\n")])
    with pytest.raises(Unverified):
        periods(first, [note, note])


def test_the_key_can_be_read_by_the_signer_alone(memory: Memory):
    memory.rotate()

    assert stat.S_IMODE((memory.directory / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((memory.directory / "checkpoint").stat().st_mode) == 0o644


def test_what_a_killed_signer_left_unfinished_is_cleared_away(memory: Memory):
    unfinished = memory.directory / ".new-key-abc"
    unfinished.write_text("half a key")

    reopened(memory).close()

    assert not unfinished.exists()


def test_one_signer_holds_the_memory(memory: Memory):
    with pytest.raises(AnotherSigner):
        Memory(memory.directory)


@pytest.mark.parametrize("name", ["state", "leaves", "checkpoints.log", "key"])
@pytest.mark.parametrize("damage", ["gone", "empty", "zeroes", "cut", "flipped"])
def test_damage_to_its_own_files_is_told_from_a_forged_ledger(memory: Memory, name: str, damage: str):
    path = memory.directory / name
    data = path.read_bytes()
    path.unlink()
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "zeroes":
            path.write_bytes(bytes(len(data)))
        case "cut":
            path.write_bytes(data[: len(data) // 4])
        case "flipped":
            path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        case _:
            pass

    with pytest.raises(SigningRefused) as refused:
        reopened(memory)

    assert refused.value.finding.kind is FindingKind.OWN_STATE_DAMAGED
    assert refused.value.finding.first_bad is None


def test_an_older_state_beside_a_newer_log_is_damage(memory: Memory):
    older = (memory.directory / "state").read_bytes()
    grow(memory, 5)
    (memory.directory / "state").write_bytes(older)

    with pytest.raises(SigningRefused) as refused:
        reopened(memory)

    assert refused.value.finding.kind is FindingKind.OWN_STATE_DAMAGED


def test_a_state_signed_by_another_key_is_named_so(memory: Memory, tmp_path: Path):
    other = Memory(tmp_path / "other", origin=ORIGIN)
    grow(other, 300)
    other.close()
    (memory.directory / "key").write_bytes((tmp_path / "other" / "key").read_bytes())

    with pytest.raises(SigningRefused) as refused:
        reopened(memory)

    assert refused.value.finding.kind is FindingKind.KEY
