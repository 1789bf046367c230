"""Other people's verifier on a log of ours: it has to accept the log, and to reject all that could be wrong with it.

    python judge/run.py [entries]

Builds `judge.go` with Debian's Go and its x/mod, records a ledger, has it signed and exported
by `ledger` itself, and lets the judge see that bundle as it is, then cosigned, and altered in
fourteen ways. Exits with 1 if the judge is ever wrong; says so and exits with 0 if Go is not
installed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from ledger.database import Database
from ledger.domain.facts import Actor
from ledger.domain.merkle import Tile, entries_path, tiles_of
from ledger.domain.plan import EntryKind
from ledger.domain.score import EntrySource, ScoreEntered
from ledger.embedded import EmbeddedPostgres
from ledger.entries import Draft
from ledger.migrate import migrate
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.log import Inclusion, LogReader
from ledger.proof.memory import Memory
from ledger.proof.note import Note, SignatureKind, SigningKey
from ledger.settings import Settings
from ledger.store import open_store

GOPATH = Path("/usr/share/gocode")
ENTRIES = 70_000
BATCH = 1_000
ORIGIN = "binhai.example/score-ledger/1"
COSIGNED_AT = 1_546_300_800

Alteration = Callable[["Case"], list[str]]
"""Does one wrong thing to a case's own copy of the log, and says what to have judged."""


@dataclass(frozen=True, slots=True)
class Case:
    """An exported log, with the keys that signed it and what proofs are made from."""

    directory: Path
    log: LogReader
    key: SigningKey
    witness: SigningKey
    size: int
    vkey: str
    """The key that verifies the ledger, as `ledger doctor` has it."""

    @property
    def keys(self) -> list[str]:
        return [str(self.key.verifier), str(self.witness.verifier)]

    @property
    def whole(self) -> list[str]:
        """Have the whole log judged."""
        return ["log", str(self.directory), *self.keys]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = self.size if size is None else size
        return Checkpoint(ORIGIN, size, self.log.root(size))

    def signed(self, checkpoint: Checkpoint) -> Note:
        """A checkpoint with both signatures."""
        cosigned = self.witness.sign(checkpoint.text, time=COSIGNED_AT)
        return Note(checkpoint.text, (self.key.sign(checkpoint.text), cosigned))

    def write(self, name: str, data: bytes | str) -> str:
        """Put a file there, which is no longer the one that the copies share."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(path)

    def proof(self, position: int) -> Inclusion:
        return self.log.inclusion(position, self.size)

    def asked(self, found: Inclusion) -> list[str]:
        """Have one proof judged."""
        proof = self.write("proof", found.tlog_proof(str(self.signed(self.checkpoint()))))
        return ["proof", proof, self.write("entry", found.entry), *self.keys]


def drafts(first: int) -> list[Draft]:
    """Some events, each in a stream of its own."""
    actor = Actor("scorer", "SCORER", "U-HOME")
    facts = (
        ScoreEntered(
            cycle_id="2018",
            unit_id=f"U{number}",
            indicator_id="GDP",
            period="2018-Y",
            value=Decimal(number) / 100,
            uom="亿元",
            entry_kind=EntryKind.ACTUAL,
            source=EntrySource.SCORING_DEPT,
        )
        for number in range(first, first + BATCH)
    )
    return [Draft(fact.stream, 1, fact, actor, UUID(int=number)) for number, fact in enumerate(facts, first)]


# The alterations. Where the log's own key would notice nothing, it signs.


def entry_flipped(case: Case) -> list[str]:
    data = bytearray(case.log.entries(100))
    data[len(data) // 2] ^= 1
    case.write(entries_path(100), bytes(data))
    return case.whole


def entries_swapped(case: Case) -> list[str]:
    entries = bundled(case.log.entries(7))
    entries[3], entries[4] = entries[4], entries[3]
    case.write(entries_path(7), joined(entries))
    return case.whole


def last_entry_dropped(case: Case) -> list[str]:
    last = last_tile(case)
    case.write(entries_path(last.index, last.width), joined(bundled(case.log.entries(last.index, last.width))[:-1]))
    return case.whole


def entry_added(case: Case) -> list[str]:
    last = last_tile(case)
    case.write(
        entries_path(last.index, last.width), case.log.entries(last.index, last.width) + joined([b'{"value":"9.9"}'])
    )
    return case.whole


def tile_flipped(case: Case, level: int) -> list[str]:
    data = bytearray(case.log.tile(Tile(level, 0)))
    data[4_321] ^= 0x10
    case.write(Tile(level, 0).path, bytes(data))
    return case.whole


def partial_tile_of_wrong_width(case: Case) -> list[str]:
    last = last_tile(case)
    (case.directory / last.path).unlink()
    case.write(replace(last, width=last.width - 1).path, case.log.tile(last))
    return case.whole


def size_changed(case: Case, by: int) -> list[str]:
    true = case.checkpoint()
    case.write("checkpoint", str(case.signed(replace(true, size=true.size + by))))
    return case.whole


def root_of_another_size(case: Case) -> list[str]:
    case.write("checkpoint", str(case.signed(replace(case.checkpoint(case.size - 1), size=case.size))))
    return case.whole


def signed_with_another_key(case: Case) -> list[str]:
    forger = replace(case, key=SigningKey.generate(ORIGIN))
    case.write("checkpoint", str(forger.signed(case.checkpoint())))
    return case.whole


def time_of_cosignature_changed(case: Case) -> list[str]:
    true = case.signed(case.checkpoint())
    log, cosigned = true.signatures
    blob = (COSIGNED_AT - 86_400).to_bytes(8) + cosigned.blob[8:]
    case.write("checkpoint", str(Note(true.text, (log, replace(cosigned, blob=blob)))))
    return case.whole


def hash_missing(case: Case) -> list[str]:
    found = case.proof(12_345)
    return case.asked(replace(found, path=found.path[:5] + found.path[6:]))


def hash_added(case: Case) -> list[str]:
    found = case.proof(12_345)
    return case.asked(replace(found, path=(*found.path, found.root)))


def hashes_exchanged(case: Case) -> list[str]:
    found = case.proof(12_345)
    one, other, *rest = found.path
    return case.asked(replace(found, path=(other, one, *rest)))


def index_off_by_one(case: Case) -> list[str]:
    return case.asked(replace(case.proof(12_345), position=12_346))


def node_given_as_entry(case: Case) -> list[str]:
    """What a node is hashed from, two leaf hashes, is passed off as an entry one level up."""
    left, right = case.proof(12_345), case.proof(12_346)
    return case.asked(replace(left, position=left.index // 2 + 1, entry=left.leaf + right.leaf, path=left.path[1:]))


def leaf_hash_given_as_entry(case: Case) -> list[str]:
    found = case.proof(12_345)
    return case.asked(replace(found, entry=found.leaf))


def consistency(case: Case, size: int, *, wrong: bool = False) -> list[str]:
    """Have the proof between an earlier checkpoint and the last one judged; or that of the size before."""
    path = case.log.consistency(size - wrong, case.size)
    return [
        "consistency",
        case.write("old", str(case.signed(case.checkpoint(size)))),
        case.write("new", str(case.signed(case.checkpoint()))),
        case.write("path", "".join(f"{base64.b64encode(each).decode()}\n" for each in path)),
        case.keys[0],
    ]


ALTERATIONS: dict[str, list[Alteration]] = {
    "one byte of an entry flipped": [entry_flipped],
    "two entries swapped": [entries_swapped],
    "the last entry dropped": [last_entry_dropped],
    "an entry added": [entry_added],
    "one byte of a level 0 tile flipped": [lambda case: tile_flipped(case, 0)],
    "one byte of a level 1 tile flipped": [lambda case: tile_flipped(case, 1)],
    "a partial tile of the wrong width": [partial_tile_of_wrong_width],
    "one more or fewer in the checkpoint": [lambda case: size_changed(case, 1), lambda case: size_changed(case, -1)],
    "the root of another size": [root_of_another_size],
    "signed with another key of the same name": [signed_with_another_key],
    "another time in the cosignature": [time_of_cosignature_changed],
    "a hash of a proof missing, added, exchanged": [
        *(hash_missing, hash_added, hashes_exchanged),
        lambda case: consistency(case, 60_001, wrong=True),
    ],
    "an index off by one": [index_off_by_one],
    "a node or a leaf's hash given as an entry": [node_given_as_entry, leaf_hash_given_as_entry],
}


def bundled(data: bytes) -> list[bytes]:
    """The entries in a bundle."""
    found: list[bytes] = []
    while data:
        end = 2 + int.from_bytes(data[:2])
        found.append(data[2:end])
        data = data[end:]
    return found


def joined(entries: list[bytes]) -> bytes:
    """Entries as a bundle has them."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def last_tile(case: Case) -> Tile:
    """The tile of leaves that is not full."""
    return [tile for tile in tiles_of(case.size) if tile.level == 0][-1]


def sound(case: Case) -> Iterator[tuple[str, list[str]]]:
    """What the judge has to accept: the bundle as it was exported, and then what a witness has seen as well."""
    yield f"the bundle of {case.size:,} entries", ["log", str(case.directory), case.vkey]
    case.write("checkpoint", str(case.signed(case.checkpoint())))
    yield "the same with a witness's signature", case.whole
    for position in (1, 2, 256, 257, 12_345, 65_536, case.size):
        yield f"the proof of position {position:,}", case.asked(case.proof(position))
    for size in (1, 2, 255, 256, 60_001, 65_536, case.size - 1, case.size):
        yield f"that it began with the first {size:,}", consistency(case, size)


def run(judge: Path, case: Case) -> int:
    """Have everything judged, and return how often the judge was wrong."""
    wrong = 0

    def decide(what: str, arguments: list[str], expected: str) -> None:
        nonlocal wrong
        began = time.perf_counter()
        said = subprocess.run([judge, *arguments], capture_output=True, text=True, check=False).stdout.strip()
        right = said.startswith(expected)
        wrong += not right
        seconds = time.perf_counter() - began
        print(f"{'ok   ' if right else 'WRONG'} {what}: {said or 'no answer'} ({seconds:.1f} s)", flush=True)

    for what, arguments in sound(case):
        decide(what, arguments, "ACCEPT")
    for what, alterations in ALTERATIONS.items():
        for alter in alterations:
            copy = case.directory.with_name("altered")
            shutil.copytree(case.directory, copy, copy_function=os.link)
            decide(what, alter(replace(case, directory=copy)), "REJECT")
            shutil.rmtree(copy)
    return wrong


def build(directory: Path) -> Path | None:
    """The judge, None if it cannot be built here."""
    go = shutil.which("go")
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb").is_dir():
        return None
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOFLAGS": "",
        "GOCACHE": f"{directory}/go",
    }
    source, binary = Path(__file__).with_name("judge.go"), directory / "judge"
    subprocess.run([go, "build", "-o", str(binary), str(source)], env=environment, check=True)
    return binary


def exported(directory: Path, conninfo: str) -> tuple[SigningKey, str]:
    """Have `ledger` sign and export its log to `log`; return its key, and that as `ledger doctor` shows it."""
    settings = Settings(directory / "data", database_url=conninfo)
    environment = os.environ | {
        "LEDGER_DATA_DIR": str(settings.data_dir),
        "LEDGER_DATABASE_URL": conninfo,
        "LEDGER_ORIGIN": ORIGIN,
    }

    def ledger(*arguments: str) -> str:
        command = [sys.executable, "-m", "ledger", *arguments]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    ledger("sign", "--once")
    ledger("export", "--bundle", str(directory / "log"))
    vkey = json.loads(ledger("doctor", "-o", "json"))["vkey"]
    memory = Memory(settings.signer_dir)
    memory.close()
    return memory.keyring.keys[0], vkey


def main(entries: int) -> int:
    """Record, export and have it judged; the exit code."""
    # A server that has just stopped may still be tidying its own files.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        judge = build(directory)
        if judge is None:
            print("SKIPPED: the judge needs Debian's packages golang and golang-golang-x-mod-dev.")
            return 0
        with EmbeddedPostgres(directory / "postgres") as conninfo:
            database = Database(conninfo)
            migrate(database)
            with open_store(database) as store:
                for first in range(1, entries + 1, BATCH):
                    store.append(drafts(first))
                size = store.head
            key, vkey = exported(directory, conninfo)
            witness = SigningKey.generate("archive.example/witness", SignatureKind.COSIGNATURE)
            with database.readers() as readers:
                wrong = run(judge, Case(directory / "log", LogReader(readers), key, witness, size, vkey))
    print(f"{len(ALTERATIONS)} alterations; the judge was {'never' if not wrong else f'{wrong} times'} wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES))
