"""Bundles: what they hold, and that the offline verifier accepts them whole and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cryptography
import pytest
from administrator import ATTACKS, SIGNED, Attack, Ledger
from bundling import Files, bundled, entries_of, first_bad, flip, signed, verified
from drafting import draft

from ledger.domain.merkle import tiles_of
from ledger.proof.bundle import NotBundled, bundle
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.finding import FindingKind
from ledger.proof.memory import Memory
from ledger.proof.note import Note, SignatureKind, SigningKey
from ledger.proof.offline.notes import notes_of

ENTRIES = entries_of(draft(f"U{number}") for number in range(700))
WITNESS = SigningKey.generate("archive.example/witness", SignatureKind.COSIGNATURE)
SEEN_ONLY_BY_THE_SIGNER = {"change_column", "change_tile", "append_behind_head", "run_time_back", "lose_power"}
"""What is not in the entries up to the last checkpoint; the bundle hands on the signer's word for it."""


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


@pytest.fixture
def signer_dir(tmp_path: Path) -> Path:
    return signed(tmp_path / "signer", ENTRIES, sizes=(100, 256, 300))


@pytest.fixture
def whole(tmp_path: Path, signer_dir: Path) -> Path:
    return bundled(tmp_path / "bundle", signer_dir, ENTRIES)


# ---- the administrator's trial, offline


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.carry_out.__name__)
def test_an_attack_is_named_offline_as_the_signer_names_it(ledger: Ledger, attack: Attack, tmp_path: Path):
    attack.carry_out(ledger)
    ledger.sign(audit=attack.audited)

    directory = ledger.export(tmp_path / "bundle")

    assert ledger.inspect(directory) == first_bad(directory) == (attack.kind, attack.first_bad)


@pytest.mark.parametrize(
    "attack",
    [attack for attack in ATTACKS if attack.carry_out.__name__ not in SEEN_ONLY_BY_THE_SIGNER],
    ids=lambda attack: attack.carry_out.__name__,
)
def test_what_the_entries_show_is_named_without_the_signers_word(ledger: Ledger, attack: Attack, tmp_path: Path):
    attack.carry_out(ledger)
    directory = ledger.export(tmp_path / "bundle")

    assert not (directory / "finding.json").exists()
    assert first_bad(directory) == (attack.kind, attack.first_bad)


def test_nothing_is_found_in_a_sound_ledger(ledger: Ledger, tmp_path: Path):
    ledger.append(100)
    assert ledger.sign(audit=True) is None

    verdict = verified(ledger.export(tmp_path / "bundle"))

    assert verdict.findings == []
    assert (verdict.size, verdict.last_good) == (SIGNED + 100, SIGNED + 100)
    assert verdict.not_checked


# ---- the bundle


def test_a_bundle_is_a_tiled_log_with_the_verifier_in_it(whole: Path):
    names = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()}

    tiles = {tile.path for tile in tiles_of(len(ENTRIES))}
    assert names == tiles | {
        *("tile/entries/000", "tile/entries/001", "tile/entries/002.p/188"),
        *("checkpoint", "checkpoints.log", "policy", "README", "verify.py"),
    }


def test_a_bundle_replaces_nothing(whole: Path, signer_dir: Path, tmp_path: Path):
    with pytest.raises(NotBundled):
        bundled(whole, signer_dir, ENTRIES)
    assert first_bad(whole) is None

    with pytest.raises(NotBundled):
        bundled(tmp_path / "other", tmp_path / "no-signer", ENTRIES)
    assert not (tmp_path / "other").exists()


def test_an_interrupted_bundle_leaves_nothing(signer_dir: Path, tmp_path: Path):
    def entries(through: int) -> Iterator[bytes]:
        yield from ENTRIES[:300]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundle(tmp_path / "bundle", signer_dir, entries)

    assert [path.name for path in tmp_path.iterdir()] == ["signer"]


def test_what_is_signed_while_a_bundle_is_written_is_left_out(signer_dir: Path, tmp_path: Path):
    published = (signer_dir / "checkpoint").read_bytes()
    more = [*ENTRIES, *entries_of(draft(f"V{number}") for number in range(750))[700:]]
    signed(signer_dir, more)
    (signer_dir / "checkpoint").write_bytes(published)

    assert first_bad(bundled(tmp_path / "bundle", signer_dir, more)) is None


def test_the_verifier_needs_nothing_but_cryptography(whole: Path, tmp_path: Path):
    packages = tmp_path / "packages"
    packages.mkdir()
    installed = Path(cryptography.__file__).parents[1]
    for path in [installed / "cryptography", *installed.glob("*cffi*"), *installed.glob("pycparser")]:
        (packages / path.name).symlink_to(path)
    run = (
        f"import runpy, sys; sys.path.append({str(packages)!r}); sys.argv = ['verify.py', *sys.argv[1:]];"
        f"runpy.run_path({str(whole / 'verify.py')!r}, run_name='__main__')"
    )

    def verify() -> tuple[int, dict[str, object]]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", run, str(whole), "-o", "json"],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
            cwd=tmp_path,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    code, verdict = verify()
    assert (code, verdict["sound"], verdict["size"], verdict["first_bad"]) == (0, True, 700, None)

    Files(whole, 700).rewrite(1, lambda entries: entries.reverse())
    code, verdict = verify()
    assert (code, verdict["sound"], verdict["last_good"]) == (4, False, 256)
    assert verdict["first_bad"] == {
        "kind": "REWRITE",
        "position": 257,
        "sentence": "The entry is not the one that was signed.",
    }


# ---- files that were altered


def swap(entries: list[bytes]) -> None:
    entries[3], entries[4] = entries[4], entries[3]


def narrow(file: Path) -> None:
    file.rename(file.with_name(str(int(file.name) - 1)))


def append(file: Path, data: bytes) -> None:
    file.write_bytes(file.read_bytes() + data)


def cut(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:-length])


def shorten(log: Path) -> None:
    """Take the last note out of a list."""
    log.write_bytes(b"".join(note + b"\n" for note in [*notes_of(log.read_bytes())][:-1]))


ALTERATIONS: dict[str, tuple[Callable[[Files], object], tuple[str, int | None]]] = {
    "a byte of an entry": (lambda files: flip(files.entries(1), 100), ("REWRITE", 257)),
    "a length": (lambda files: flip(files.entries(0), 1), ("REWRITE", 1)),
    "two entries": (lambda files: files.rewrite(1, swap), ("REWRITE", 260)),
    "the last entry gone": (lambda files: files.rewrite(2, lambda entries: entries.pop()), ("ROLLBACK", 700)),
    "an entry within gone": (lambda files: files.rewrite(1, lambda entries: entries.pop()), ("REWRITE", 512)),
    "an entry more": (lambda files: files.rewrite(2, lambda entries: entries.append(ENTRIES[0])), ("REWRITE", 701)),
    "a file of entries gone": (lambda files: files.entries(2).unlink(), ("ROLLBACK", 513)),
    "a byte of a tile": (lambda files: flip(files.tile(0, 1), 8), ("OWN_STATE_DAMAGED", None)),
    "a byte of an upper tile": (lambda files: flip(files.tile(1, 0), 8), ("OWN_STATE_DAMAGED", None)),
    "a tile gone": (lambda files: files.tile(0, 1).unlink(), ("OWN_STATE_DAMAGED", None)),
    "a narrower tile": (lambda files: narrow(files.tile(0, 2)), ("OWN_STATE_DAMAGED", None)),
    "a byte behind the entries": (lambda files: append(files.entries(2), b"x"), ("REWRITE", 701)),
    "a byte behind a tile": (lambda files: append(files.tile(0, 2), b"x"), ("OWN_STATE_DAMAGED", None)),
    "no list of checkpoints": (lambda files: (files.directory / "checkpoints.log").unlink(), ("MALFORMED", None)),
    "a list without the last": (lambda files: shorten(files.directory / "checkpoints.log"), ("MALFORMED", None)),
    "half a list": (lambda files: cut(files.directory / "checkpoints.log", 300), ("KEY", None)),
    "a checkpoint without its end": (lambda files: cut(files.directory / "checkpoint", 1), ("KEY", None)),
    "no policy": (lambda files: (files.directory / "policy").unlink(), ("MALFORMED", None)),
    "no checkpoint": (lambda files: (files.directory / "checkpoint").write_bytes(b""), ("KEY", None)),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_file_is_found(whole: Path, name: str):
    alter, expected = ALTERATIONS[name]
    alter(Files(whole, 700))

    assert first_bad(whole) == expected


def resign(whole: Path, signer_dir: Path, change: Callable[[Checkpoint], Checkpoint], *, key: str = "own") -> None:
    """Put another checkpoint in the place of the last, signed with the signer's own key or with one of that name."""
    memory = Memory(signer_dir)
    keys = memory.keyring.keys if key == "own" else [SigningKey.generate(memory.last.origin)]
    (whole / "checkpoint").write_text(str(change(memory.last).signed(keys)))
    (whole / "checkpoints.log").write_bytes(b"")
    memory.close()


def test_a_checkpoint_of_another_tree_is_found(whole: Path, signer_dir: Path):
    resign(whole, signer_dir, lambda last: replace(last, size=last.size - 1))
    assert first_bad(whole) == ("REWRITE", None)

    resign(whole, signer_dir, lambda last: replace(last, size=last.size + 1))
    assert first_bad(whole) == ("ROLLBACK", 701)

    resign(whole, signer_dir, lambda last: replace(last, root=bytes(32)))
    assert first_bad(whole) == ("REWRITE", None)

    resign(whole, signer_dir, lambda last: last, key="another")
    assert first_bad(whole) == ("KEY", None)


def test_a_listed_checkpoint_of_another_history_is_found(whole: Path, signer_dir: Path):
    memory = Memory(signer_dir)
    other = replace(memory.last, size=300, root=bytes(32)).signed(memory.keyring.keys)
    memory.close()
    notes = (whole / "checkpoints.log").read_text().split("\n\n")
    (whole / "checkpoints.log").write_text("\n\n".join([*notes[:8], *str(other).strip().split("\n\n"), *notes[8:]]))

    assert first_bad(whole) == ("SPLIT", None)


def test_a_rewritten_history_with_its_tiles_is_found_by_the_signed_root(whole: Path, tmp_path: Path):
    """Where the tiles were changed along, only the checkpoints tell; they bracket the place."""
    forged = [*ENTRIES[:280], ENTRIES[280].replace(b"12.34", b"99.99"), *ENTRIES[281:]]
    other = bundled(tmp_path / "other", signed(tmp_path / "forger", forged), forged)
    for name in ("checkpoint", "checkpoints.log", "policy"):
        (other / name).write_bytes((whole / name).read_bytes())

    verdict = verified(other)

    assert (verdict.findings[0].kind, verdict.findings[0].position, verdict.last_good) == ("REWRITE", None, 256)


# ---- whose word counts


def test_a_checkpoint_that_was_kept_has_to_be_continued(whole: Path, signer_dir: Path, tmp_path: Path):
    notes = (signer_dir / "checkpoints.log").read_text().split("\n\n")
    kept = tmp_path / "kept"
    kept.write_text(f"{notes[4]}\n\n{notes[5]}\n")
    assert first_bad(whole, trusted=kept) is None

    forged = [*ENTRIES[:10], ENTRIES[10].replace(b"12.34", b"99.99"), *ENTRIES[11:]]
    memory = Memory(signer_dir)
    key = memory.keyring.keys[0].secret
    memory.close()
    other = tmp_path / "forger"
    signed(other, forged[:0])
    (other / "key").write_text(key + "\n")
    for name in ("state", "checkpoints.log", "checkpoint", "policy"):
        (other / name).unlink()
    split = Checkpoint("city.example/scores/1", 256, bytes(32))
    memory = Memory(signer_dir)
    kept.write_text(str(split.signed(memory.keyring.keys)))
    memory.close()
    assert first_bad(whole, trusted=kept) == ("SPLIT", None)


def test_a_later_checkpoint_that_was_kept_shows_a_rollback(signer_dir: Path, tmp_path: Path):
    earlier = bundled(tmp_path / "bundle", signed(tmp_path / "early", ENTRIES[:300]), ENTRIES)
    (earlier / "policy").write_bytes((signer_dir / "policy").read_bytes())
    for name in ("checkpoint", "checkpoints.log"):
        (earlier / name).write_bytes(b"")
    memory = Memory(signer_dir)
    old = Checkpoint(memory.last.origin, 300, memory.leaves.tree(300).root).signed(memory.keyring.keys)
    (earlier / "checkpoint").write_text(str(old))
    memory.close()

    assert first_bad(earlier, trusted=signer_dir / "checkpoint") == ("ROLLBACK", 301)


def test_a_policy_of_ones_own_decides_whose_key_it_is(whole: Path, tmp_path: Path):
    own = tmp_path / "policy"
    own.write_bytes((whole / "policy").read_bytes())
    assert first_bad(whole, policy=own) is None
    assert not any("policy" in each for each in verified(whole, policy=own).not_checked)

    own.write_text(f"log {SigningKey.generate('city.example/scores/1').verifier}\nquorum none\n")
    assert first_bad(whole, policy=own) == ("KEY", None)


def cosign(whole: Path, signer_dir: Path, *, later: int = 0) -> None:
    memory = Memory(signer_dir)
    cosigned = WITNESS.sign(memory.note.text, time=1_546_300_800)
    if later:
        blob = (1_546_300_800 + later).to_bytes(8) + cosigned.blob[8:]
        cosigned = replace(cosigned, blob=blob)
    (whole / "checkpoint").write_text(str(Note(memory.note.text, (*memory.note.signatures, cosigned))))
    memory.close()


def test_the_quorum_of_the_policy_has_to_have_seen_the_checkpoint(whole: Path, signer_dir: Path):
    policy = (
        (whole / "policy").read_text().replace("quorum none", f"witness archive {WITNESS.verifier}\nquorum archive")
    )
    (whole / "policy").write_text(policy)
    assert first_bad(whole) == ("QUORUM", None)

    cosign(whole, signer_dir)
    assert first_bad(whole) is None
    assert "quorum" in verified(whole).mode

    cosign(whole, signer_dir, later=86_400)
    assert first_bad(whole) == ("KEY", None)


@pytest.fixture
def rotated(tmp_path: Path) -> tuple[Path, SigningKey]:
    """A bundle whose key was changed, and the old key."""
    signer_dir = signed(tmp_path / "signer", ENTRIES[:300])
    memory = Memory(signer_dir)
    old = memory.keyring.keys[0]
    memory.rotate()
    memory.close()
    signed(signer_dir, ENTRIES[:400])
    memory = Memory(signer_dir)
    memory.retire()
    memory.close()
    signed(signer_dir, ENTRIES)
    return bundled(tmp_path / "bundle", signer_dir, ENTRIES), old


def sign_again(whole: Path, key: SigningKey) -> None:
    """Put the last checkpoint there, signed with another key."""
    text = (whole / "checkpoint").read_text().split("\n\n")[0] + "\n"
    (whole / "checkpoint").write_text(str(Note(text, (key.sign(text),))))


def test_a_rotated_key_counts_for_its_sizes_only(rotated: tuple[Path, SigningKey]):
    whole, old = rotated
    assert first_bad(whole) is None

    sign_again(whole, old)
    assert first_bad(whole) == ("KEY", None)


def test_a_retirement_that_is_kept_back_gives_an_old_key_nothing(rotated: tuple[Path, SigningKey]):
    whole, old = rotated
    rotations = whole / "rotations"
    rotations.write_bytes(rotations.read_bytes()[: rotations.read_bytes().index(b"score-ledger/key-retirement")])
    assert first_bad(whole) is None

    sign_again(whole, old)
    assert first_bad(whole) == ("KEY", None)


def test_changes_of_keys_that_cannot_be_read_are_found(rotated: tuple[Path, SigningKey]):
    whole, _ = rotated
    rotations = whole / "rotations"
    for wrong in (rotations.read_bytes().replace(b"\n300\n", b"\n3OO\n"), b"key\n\n", b"\xff\n\n"):
        rotations.write_bytes(wrong)
        assert first_bad(whole) == ("MALFORMED", None)


def test_kinds_are_named_as_the_signer_names_them():
    assert {"REWRITE", "ROLLBACK", "SPLIT", "ORDER", "KEY", "OWN_STATE_DAMAGED"} == set(FindingKind)
