"""The private server as its users find it: one for all of them, the same whatever surrounds it, or a clear refusal."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
from processes import (
    NEEDS_PROC,
    WAIT_S,
    answer,
    as_server_user,
    copied,
    eventually,
    first_line,
    output,
    postmaster_id,
    postmasters,
    program,
    server_processes,
    write_program,
)

from ledger.embedded import EmbeddedPostgres, NoBinaries, NotOurs, ServerDidNotStart, StartedElsewhere, find_binaries

pytestmark = NEEDS_PROC


def test_a_new_root_becomes_a_durable_server_with_a_database_called_ledger(place: Path):
    with EmbeddedPostgres(place / "deep/er/postgres") as conninfo, psycopg.connect(conninfo) as connection:
        asked = ("fsync", "full_page_writes", "listen_addresses", "TimeZone", "jit", "max_connections", "wal_level")
        settings = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in asked]
        place_of_work = connection.execute("SELECT current_database(), current_user, version()").fetchone()

    assert settings == [("on",), ("on",), ("",), ("UTC",), ("off",), ("100",), ("replica",)]
    assert place_of_work
    assert place_of_work[:2] == ("ledger", "ledger")
    assert (place / "deep/er/postgres").stat().st_mode & 0o777 == 0o700


def test_the_same_server_is_found_again_and_its_data_outlive_it(root: Path):
    server = EmbeddedPostgres(root)
    conninfo = server.start()
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE outlives_the_server AS SELECT 42 AS value")
    before = postmaster_id(root)
    assert server.start() == conninfo
    assert postmaster_id(root) == before
    server.release()
    server.release()
    eventually(lambda: not server_processes(root))

    with EmbeddedPostgres(root) as again:
        assert answer(again, "SELECT value FROM outlives_the_server") == 42


def test_texts_sort_alike_whatever_locale_the_environment_names(place: Path):
    """Slim images name a locale that is not installed; initdb then fails, or the order depends on the machine."""
    lines = "print(server.start()); print(psycopg.connect(server.start()).execute(\"SELECT 'a' < 'B'\").fetchone()[0])"
    missing = {"LANG": "en_US.UTF-8", "LC_ALL": "de_DE.ISO-8859-1", "LC_COLLATE": "xx_XX", "LANGUAGE": "de"}

    assert output(program(place / "postgres", lines, **missing)).splitlines()[1] == "False"


def test_variables_meant_for_another_server_are_not_obeyed(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPORT", "7777")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGDATABASE", "other")

    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT current_database()") == "ledger"


@pytest.mark.parametrize("name", ["long" * 30, "a,b", 'it\'s \\ "here" ', "数据"])
def test_any_path_will_do_and_what_is_made_outside_it_is_private_and_goes_away(place: Path, prepared: Path, name: str):
    root = copied(prepared, place / name / "postgres")
    place_of_root = root.stat()
    outside = Path(f"/tmp/ledger-{place_of_root.st_dev:x}-{place_of_root.st_ino:x}")

    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT 1") == 1
        assert outside.exists() == ("long" in name or "," in name)
        if outside.exists():
            assert outside.stat().st_mode & 0o777 == 0o700
    eventually(lambda: not outside.exists())


def test_a_socket_directory_that_others_may_write_to_is_refused(place: Path):
    root = place / ("long" * 30)
    root.mkdir()
    outside = Path(f"/tmp/ledger-{root.stat().st_dev:x}-{root.stat().st_ino:x}")
    outside.mkdir()
    outside.chmod(0o777)
    try:
        with pytest.raises(NotOurs) as refused:
            EmbeddedPostgres(root).start()
    finally:
        outside.rmdir()

    assert refused.value.directory == outside


def test_processes_that_start_at_once_share_one_server_until_the_last_is_gone(place: Path):
    root = place / "postgres"
    lines = """
        conninfo = server.start()
        print(Path(server.root, "data/postmaster.pid").read_text().split()[0], flush=True)
        sys.stdin.read()
    """
    users = [program(root, lines) for _ in range(5)]
    seen = {first_line(user) for user in users}
    assert len(seen) == 1
    for user in users:
        assert postmasters(root) == [int(*seen)]
        output(user)
    eventually(lambda: not server_processes(root))


def test_a_forked_child_keeps_the_server_up(root: Path):
    lines = """
        server.start()
        if os.fork():
            server.release()
            os._exit(0)
        print("child", flush=True)
        sys.stdin.read()
    """
    parent = program(root, lines)
    assert first_line(parent) == "child"
    parent.wait(WAIT_S)
    time.sleep(0.3)
    assert len(postmasters(root)) == 1
    output(parent)
    eventually(lambda: not server_processes(root))


def test_a_server_that_somebody_else_started_is_left_alone(root: Path):
    binaries = find_binaries(major=int((root / "data/PG_VERSION").read_text()))
    stranger = as_server_user(
        binaries.directory / "postgres", "-D", root / "data", "-k", root, "-c", "listen_addresses="
    )
    try:
        eventually(lambda: "ready" in (root / "data/postmaster.pid").read_text() if stranger_wrote(root) else False)
        with pytest.raises(StartedElsewhere) as refused:
            EmbeddedPostgres(root).start()
        assert refused.value.pid == stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.send_signal(signal.SIGINT)
        stranger.wait(WAIT_S)


def test_a_server_that_cannot_start_says_why(place: Path, prepared: Path):
    root = copied(prepared, place / "postgres")
    (root / "data/global/pg_control").unlink()

    with pytest.raises(ServerDidNotStart, match="pg_control"):
        EmbeddedPostgres(root).start()


def test_data_keep_their_major_version(place: Path):
    (place / "postgres/data").mkdir(parents=True)
    (place / "postgres/data/PG_VERSION").write_text("14\n")
    (place / "postgres/start.lock").touch()

    with pytest.raises(NoBinaries) as refused:
        EmbeddedPostgres(place / "postgres").start()
    assert refused.value.wanted == "14"


def test_a_directory_with_other_files_is_refused_and_left_as_it_was(place: Path):
    (place / "letter").touch()
    before = place.stat()

    with pytest.raises(NotOurs) as refused:
        EmbeddedPostgres(place).start()
    assert refused.value.directory == place
    assert (os.listdir(place), place.stat().st_mode, place.stat().st_uid) == (["letter"], before.st_mode, before.st_uid)


def test_binaries_that_cannot_be_run_are_passed_over(place: Path, monkeypatch: pytest.MonkeyPatch):
    broken = place / "bin"
    broken.mkdir()
    write_program(broken / "initdb", "exit 1")
    write_program(broken / "postgres", "exit 1")
    monkeypatch.setenv("LEDGER_PG_BIN", str(broken))

    assert find_binaries().directory != broken


def stranger_wrote(root: Path) -> bool:
    return (root / "data/postmaster.pid").exists()
