"""The administrator's trial: what somebody with every right in the database can do to a ledger's history.

Run as a script, it carries out every attack on a ledger of its own and prints what the signer says, and what an
inspector's verifier says of the bundle that the attacked ledger exports: `python tests/administrator.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import psycopg
from drafting import draft
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.database import Connection, Database
from ledger.domain.merkle import leaf_hash
from ledger.embedded import EmbeddedPostgres
from ledger.entries import timestamp
from ledger.migrate import migrate
from ledger.proof.bundle import bundle
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.memory import Memory
from ledger.proof.note import SigningKey
from ledger.proof.offline import stand_alone
from ledger.proof.signer import opened_signer
from ledger.proof.snapshot import connect_signer
from ledger.store import open_store
from ledger.tiles import build_missing

SIGNED = 600
"""More than two tiles."""
BAD = 300
"""The position that is attacked."""
_numbers = count(1)

Named = tuple[str, int | None]
"""A kind of finding, and the first bad position."""


@dataclass(frozen=True)
class Ledger:
    """A ledger with a signer, and an administrator who may do anything in the database."""

    server: str
    database: Database
    signer_dir: Path
    kept: Path
    """What an inspector took home before the attack: the verifier, the policy and a checkpoint."""

    @classmethod
    def begin(cls, server: str, directory: Path) -> Ledger:
        """A new ledger, of which `SIGNED` entries are signed."""
        name = f"trial_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        database = Database(make_conninfo(server, dbname=name))
        ledger = cls(server, database, directory / "signer", directory / "kept")
        migrate(ledger.database)
        ledger.append(SIGNED)
        assert ledger.sign() is None
        ledger.kept.mkdir()
        for name in ("policy", "checkpoint"):
            shutil.copy(ledger.signer_dir / name, ledger.kept)
        (ledger.kept / "verify.py").write_text(stand_alone())
        return ledger

    def copied(self, directory: Path) -> Ledger:
        """The same ledger with the same signer once more, to be attacked."""
        database = Database(make_conninfo(self.server, dbname=self.back_up()))
        shutil.copytree(self.signer_dir, directory / "signer")
        return replace(self, database=database, signer_dir=directory / "signer")

    def drop(self) -> None:
        """Take the database away."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.database_name)))

    def append(self, entries: int) -> None:
        """Record some more, as the service does."""
        with open_store(self.database) as store:
            store.append([draft(f"U{next(_numbers)}") for _ in range(entries)])

    def sign(self, *, audit: bool = False) -> Finding | None:
        """Let the signer look once, or at everything; what it finds."""
        try:
            with opened_signer(self.signer_dir) as signer, connect_signer(self.database) as connection:
                signer.step(connection)
                if audit:
                    signer.audit(connection)
        except SigningRefused as refused:
            return refused.finding
        return None

    def export(self, directory: Path) -> Path:
        """Write a bundle, as the attacked ledger would."""
        with open_store(self.database) as store:
            bundle(directory, self.signer_dir, lambda through: store.entries(through=through))
        return directory

    def inspect(self, directory: Path) -> Named | None:
        """Verify a bundle with what was kept, without this program; what is found first."""
        command = [sys.executable, "-I", self.kept / "verify.py", directory, "-o", "json"]
        command += ["--policy", self.kept / "policy", "--trusted", self.kept / "checkpoint"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        first = json.loads(done.stdout)["first_bad"]
        assert (done.returncode == 0) == (first is None)
        return (first["kind"], first["position"]) if first else None

    def connect(self) -> Connection:
        """As the administrator, with the triggers off."""
        connection = self.database.connect()
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER ALL")
        connection.execute("ALTER TABLE ledger.tile DISABLE TRIGGER ALL")
        return connection

    def entry(self, position: int) -> bytes:
        """The stored bytes of an entry."""
        with self.database.connect() as connection:
            row = connection.execute("SELECT entry FROM ledger.event WHERE position = %s", (position,)).fetchone()
        assert row is not None
        return row[0]

    def store_entry(self, position: int, entry: bytes) -> None:
        """Put other bytes in an entry's place."""
        with self.connect() as connection:
            connection.execute("UPDATE ledger.event SET entry = %s WHERE position = %s", (entry, position))

    def back_up(self) -> str:
        """Copy the database and return the copy's name."""
        return self._copy(self.database_name, f"trial_{os.getpid()}_{next(_numbers)}")

    def restore(self, backup: str) -> None:
        """Put a copy in the database's place."""
        self.drop()
        self._copy(backup, self.database_name)

    @property
    def database_name(self) -> str:
        """The name of the database."""
        return str(conninfo_to_dict(self.database.conninfo)["dbname"])

    def _copy(self, source: str, target: str) -> str:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source))
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)
        return target

    def rebuild_log(self) -> None:
        """Compute every tile and the head of the tree anew, so that the database agrees with itself."""
        with self.connect() as connection:
            connection.execute("DELETE FROM ledger.tile")
            connection.execute("UPDATE ledger.ledger SET head = (SELECT max(position) FROM ledger.event), peaks = ''")
            with connection.transaction():
                build_missing(connection)


def change_row(ledger: Ledger) -> None:
    """Change one score, with the triggers off."""
    ledger.store_entry(BAD, ledger.entry(BAD).replace(b"12.34", b"99.99"))


def change_column(ledger: Ledger) -> None:
    """Change one score where readers look, and leave the entry as it was signed."""
    with ledger.connect() as connection:
        connection.execute("UPDATE ledger.event SET value = 99.99 WHERE position = %s", (BAD,))


def change_leaf(ledger: Ledger) -> None:
    """Change one score and its hash in the tile."""
    change_row(ledger)
    tile, place = divmod(BAD - 1, 256)
    with ledger.connect() as connection:
        connection.execute(
            "UPDATE ledger.tile SET data = overlay(data PLACING %s::bytea FROM %s) WHERE level = 0 AND tile_index = %s",
            (leaf_hash(ledger.entry(BAD)), place * 32 + 1, tile),
        )


def change_tree(ledger: Ledger) -> None:
    """Change one score, every tile and the head of the tree."""
    change_row(ledger)
    ledger.rebuild_log()


def change_tile(ledger: Ledger) -> None:
    """Change one hash in a tile, and no entry."""
    tile, place = divmod(BAD - 1, 256)
    with ledger.connect() as connection:
        connection.execute(
            "UPDATE ledger.tile SET data = overlay(data PLACING %s::bytea FROM %s) WHERE level = 0 AND tile_index = %s",
            (bytes(32), place * 32 + 1, tile),
        )


def cut_tail(ledger: Ledger) -> None:
    """Take the last entries away, and make the rest look whole."""
    with ledger.connect() as connection:
        connection.execute("DELETE FROM ledger.event WHERE position >= %s", (BAD,))
    ledger.rebuild_log()


def cut_tail_only(ledger: Ledger) -> None:
    """Take the last entries away, and leave the head as it was."""
    with ledger.connect() as connection:
        connection.execute("DELETE FROM ledger.event WHERE position >= %s", (BAD,))


def restore_backup(ledger: Ledger) -> None:
    """Restore a backup that is older than what was signed."""
    backup = ledger.back_up()
    ledger.append(50)
    assert ledger.sign() is None
    ledger.restore(backup)


def restore_backup_and_go_on(ledger: Ledger) -> None:
    """Restore an older backup and record more than was lost."""
    backup = ledger.back_up()
    ledger.append(50)
    assert ledger.sign() is None
    ledger.restore(backup)
    ledger.append(80)


def swap_entries(ledger: Ledger) -> None:
    """Let two entries change places."""
    first, second = ledger.entry(BAD), ledger.entry(BAD + 10)
    ledger.store_entry(BAD, second)
    ledger.store_entry(BAD + 10, first)
    ledger.rebuild_log()


def insert_entry(ledger: Ledger) -> None:
    """Put an entry between others, and move those behind it."""
    with ledger.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DROP CONSTRAINT event_position_check")
        connection.execute("UPDATE ledger.event SET position = -position - 1 WHERE position >= %s", (BAD,))
        connection.execute("UPDATE ledger.event SET position = -position WHERE position < 0")
        _copy_row(connection, BAD - 1, BAD)
    ledger.rebuild_log()


def append_behind_head(ledger: Ledger) -> None:
    """Put an entry behind the last, past the ledger's head."""
    with ledger.connect() as connection:
        _copy_row(connection, SIGNED, SIGNED + 1)


def run_time_back(ledger: Ledger) -> None:
    """Record more, and date an entry that is not signed yet before those in front of it."""
    ledger.append(20)
    position = SIGNED + 10
    with ledger.connect() as connection:
        (at,) = connection.execute(
            "SELECT recorded_at FROM ledger.event WHERE position = %s", (position,)
        ).fetchone() or (None,)
        assert at is not None
        earlier = at - timedelta(days=30)
        entry = ledger.entry(position).replace(timestamp(at).encode(), timestamp(earlier).encode())
        connection.execute(
            "UPDATE ledger.event SET entry = %s, recorded_at = %s WHERE position = %s", (entry, earlier, position)
        )
    ledger.rebuild_log()


def sign_with_another_key(ledger: Ledger) -> None:
    """Publish a checkpoint that another key has signed, under the same name."""
    note = (ledger.signer_dir / "checkpoint").read_bytes()
    origin = note.split(b"\n")[0].decode()
    forged = replace(_checkpoint(ledger), root=bytes(32)).signed([SigningKey.generate(origin)])
    (ledger.signer_dir / "checkpoint").write_text(str(forged))


def sign_twice(ledger: Ledger) -> None:
    """Publish a second checkpoint of the same size, signed with the stolen key."""
    memory = Memory(ledger.signer_dir)
    keys = memory.keyring.keys
    memory.close()
    forged = replace(_checkpoint(ledger), root=bytes(32)).signed(keys)
    (ledger.signer_dir / "checkpoint").write_text(str(forged))


def lose_power(ledger: Ledger) -> None:
    """Fill the signer's state with zeroes, as a disk may after a loss of power."""
    state = ledger.signer_dir / "state"
    state.write_bytes(bytes(state.stat().st_size))


def flip_own_leaf(ledger: Ledger) -> None:
    """Flip one bit of the signer's own leaf hashes."""
    leaves = ledger.signer_dir / "leaves"
    data = bytearray(leaves.read_bytes())
    data[(BAD - 1) * 32] ^= 1
    leaves.write_bytes(data)


def _checkpoint(ledger: Ledger) -> Checkpoint:
    memory = Memory(ledger.signer_dir)
    try:
        return memory.last
    finally:
        memory.close()


def _copy_row(connection: Connection, source: int, target: int) -> None:
    connection.execute("CREATE TEMP TABLE copied AS SELECT * FROM ledger.event WHERE position = %s", (source,))
    connection.execute("UPDATE copied SET position = %s, stream = stream || '-copy', command_digest = NULL", (target,))
    connection.execute("INSERT INTO ledger.event SELECT * FROM copied")
    connection.execute("DROP TABLE copied")


@dataclass(frozen=True)
class Attack:
    """Something that an administrator does, and what the signer has to say to it."""

    carry_out: Callable[[Ledger], None]
    kind: FindingKind
    first_bad: int | None
    audited: bool = False
    """Found when everything is hashed again, and not when only the new entries are looked at."""


REWRITE, ROLLBACK = FindingKind.REWRITE, FindingKind.ROLLBACK
ATTACKS = (
    Attack(change_row, REWRITE, BAD, audited=True),
    Attack(change_column, REWRITE, BAD, audited=True),
    Attack(change_leaf, REWRITE, BAD, audited=True),
    Attack(change_tile, REWRITE, BAD, audited=True),
    Attack(change_tree, REWRITE, BAD),
    Attack(cut_tail, ROLLBACK, BAD),
    Attack(cut_tail_only, ROLLBACK, BAD),
    Attack(restore_backup, ROLLBACK, SIGNED + 1),
    Attack(restore_backup_and_go_on, REWRITE, SIGNED + 1),
    Attack(swap_entries, REWRITE, BAD),
    Attack(insert_entry, REWRITE, BAD),
    Attack(append_behind_head, REWRITE, SIGNED + 1),
    Attack(run_time_back, FindingKind.ORDER, SIGNED + 10),
    Attack(sign_with_another_key, FindingKind.KEY, None),
    Attack(sign_twice, FindingKind.SPLIT, None),
    Attack(lose_power, FindingKind.OWN_STATE_DAMAGED, None),
    Attack(flip_own_leaf, FindingKind.OWN_STATE_DAMAGED, None),
)


def main() -> int:
    """Carry out every attack and print what is said of it; 1 if it is ever something else than it has to be."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="ledger-trial-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        with EmbeddedPostgres(directory / "postgres") as server:
            sound = Ledger.begin(server, directory)
            print(f"{'':6}{'the signer':24}{'a verifier, offline':24}the attack")
            for attack in ATTACKS:
                ledger = sound.copied(directory / attack.carry_out.__name__)
                attack.carry_out(ledger)
                finding = ledger.sign() or ledger.sign(audit=True)
                signer = (str(finding.kind), finding.first_bad) if finding else None
                offline = ledger.inspect(ledger.export(directory / f"{attack.carry_out.__name__}-bundle"))
                right = signer == offline == (attack.kind, attack.first_bad)
                wrong += not right
                said = f"{_shown(signer):24}{_shown(offline):24}{attack.carry_out.__doc__}"
                print(f"{'ok' if right else 'WRONG':6}{said}", flush=True)
    return 1 if wrong else 0


def _shown(named: Named | None) -> str:
    kind, position = named or ("nothing", None)
    return kind if position is None else f"{kind} at {position}"


if __name__ == "__main__":
    sys.exit(main())
