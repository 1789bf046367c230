"""Appends of any size return, and processes may start at any time.

The library's own insert hangs for ever above about 2 MB, holding its lock; its database function shows a later
position before an earlier one; its start-up makes tables and does not bear a second worker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from drafting import draft

from ledger.database import Database, UnsafeEnvironment, open_database
from ledger.entries import decode
from ledger.settings import Settings
from ledger.store import Store, open_store

WAIT_S = 60


def test_more_than_five_megabytes_in_one_append_return(store: Store):
    """Drafts of 50 kB each, so that the entries alone are beyond any socket buffer."""
    drafts = [draft(f"U{n}", note="依" * 16_000) for n in range(120)]

    events = store.append(drafts)

    entries = list(store.entries())
    assert sum(map(len, entries)) > 5_000_000
    assert [decode(entry) for entry in entries] == events


def test_ten_thousand_facts_in_one_append_return(store: Store):
    drafts = [draft(f"U{n}") for n in range(10_000)]

    assert store.append(drafts)[-1].position == store.head == 10_000


def test_an_environment_that_reorders_positions_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
    settings = Settings(Path("nowhere"), database_url=database.conninfo)

    with pytest.raises(UnsafeEnvironment, match="Unset it"), open_database(settings):
        pass


def test_the_librarys_environment_does_not_change_how_entries_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Its variables choose another database, compress, encrypt or make tables."""
    for name, value in {
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "POSTGRES_DBNAME": "elsewhere",
        "COMPRESSOR_TOPIC": "zlib",
        "CIPHER_TOPIC": "eventsourcing.cipher:AESCipher",
        "CREATE_TABLE": "yes",
    }.items():
        monkeypatch.setenv(name, value)

    with open_store(database) as store:
        (event,) = store.append([draft()])

        assert [decode(entry) for entry in store.entries()] == [event]


WORKER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from drafting import draft
    from ledger.database import open_database
    from ledger.migrate import migrate
    from ledger.settings import Settings
    from ledger.store import open_store

    with open_database(Settings(Path("nowhere"), database_url=sys.argv[1])) as database:
        migrate(database)
        with open_store(database, ledger_id=int(sys.argv[2])) as store:
            print(store.append([draft(sys.argv[3])])[0].position)
""")


def test_processes_that_start_at_once_all_record(database: Database):
    """None of them found the ledger's head row; each makes sure that it is there."""
    program = [sys.executable, "-c", WORKER, database.conninfo, "9"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    workers = [
        subprocess.Popen([*program, f"U{number}"], env=environment, stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]

    answers = [worker.communicate(timeout=WAIT_S)[0] for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0, 0, 0]
    assert sorted(map(int, answers)) == [1, 2, 3, 4]
