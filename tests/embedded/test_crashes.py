"""However a process ends, the next user finds one server and everything that was acknowledged.

Real processes and real kills throughout.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from processes import (
    NEEDS_PROC,
    WAIT_S,
    answer,
    as_server_user,
    command_line,
    eventually,
    first_line,
    output,
    postmaster_id,
    postmasters,
    process_ids,
    program,
    server_processes,
    watchers,
)

from ledger.embedded import EmbeddedPostgres, NotReadyInTime

pytestmark = NEEDS_PROC

STRESS_S = 9.0


def test_a_user_killed_while_committing_takes_the_server_along_and_loses_nothing_acknowledged(root: Path):
    lines = """
        connection = psycopg.connect(server.start(), autocommit=True)
        connection.execute("CREATE TABLE committed (number int)")
        for number in range(1, 100_000):
            connection.execute("INSERT INTO committed VALUES (%s)", [number])
            print(number, flush=True)
    """
    user = program(root, lines)
    assert first_line(user) == "1"
    time.sleep(0.3)
    user.kill()
    acknowledged = 1 + len(output(user).splitlines())
    eventually(lambda: not server_processes(root))

    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT count(*) FROM committed") in (acknowledged, acknowledged + 1)


def test_a_user_killed_at_any_moment_of_starting_leaves_neither_server_nor_obstacle(place: Path):
    """Also half-way through initdb, whose orphan the next starter waits for."""
    root = place / "postgres"
    for delay_s in (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.25, 0.3):
        user = program(root, "server.start(); time.sleep(60)")
        time.sleep(delay_s)
        user.kill()
        output(user)

    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT 1") == 1
        assert len(postmasters(root)) == 1
    assert not list(root.glob("init-*"))


def test_a_killed_watcher_is_replaced_by_the_next_user(root: Path):
    first, second = EmbeddedPostgres(root), EmbeddedPostgres(root)
    first.start()
    for watcher in watchers(root):
        os.kill(watcher, signal.SIGKILL)
    first.release()
    eventually(lambda: not watchers(root))
    assert len(postmasters(root)) == 1

    second.start()
    second.release()
    eventually(lambda: not server_processes(root))


def test_a_killed_postmaster_is_replaced_when_a_user_starts_again(root: Path):
    with EmbeddedPostgres(root) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE TABLE outlives_the_postmaster AS SELECT 42 AS value")
            killed = postmaster_id(root)
            os.kill(killed, signal.SIGKILL)
        server = EmbeddedPostgres(root)
        assert answer(server.start(), "SELECT value FROM outlives_the_postmaster") == 42
        assert postmasters(root) == [postmaster_id(root)] != [killed]
        server.release()


def test_nothing_starts_beside_a_backend_that_outlived_its_postmaster(root: Path):
    lines = """
        connection = psycopg.connect(server.start())
        print(connection.info.backend_pid, flush=True)
        connection.execute("SELECT count(*) FROM generate_series(1, 12000000) AS n WHERE n % 7 = sqrt(n)")
    """
    user = program(root, lines)
    backend = int(first_line(user))
    time.sleep(0.5)
    os.kill(postmaster_id(root), signal.SIGKILL)
    user.kill()
    output(user)
    assert backend in server_processes(root)

    with EmbeddedPostgres(root):
        assert backend not in server_processes(root)
        assert len(postmasters(root)) == 1


def test_a_stranger_that_bears_the_id_of_a_dead_postmaster_is_not_taken_for_it(root: Path):
    """The stranger runs as the server's user, the one case in which PostgreSQL itself would refuse to start."""
    stranger = as_server_user("sleep", "60")
    leave_marks_of_a_killed_server(root, stranger.pid)
    try:
        with EmbeddedPostgres(root) as conninfo:
            assert answer(conninfo, "SELECT 1") == 1
            assert stranger.poll() is None
        eventually(lambda: not server_processes(root))
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_dead_postmaster_that_nobody_has_reaped_is_no_obstacle(root: Path):
    zombie = as_server_user("true")
    eventually(lambda: not command_line(zombie.pid) or command_line(zombie.pid) == [""])
    leave_marks_of_a_killed_server(root, zombie.pid)

    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT 1") == 1
    zombie.wait()


def test_an_initdb_that_was_cut_off_long_ago_is_swept_away(place: Path):
    half_done = place / "postgres/init-1"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("15")
    (half_done.parent / "start.lock").touch()

    with EmbeddedPostgres(place / "postgres") as conninfo:
        assert answer(conninfo, "SELECT 1") == 1
        assert not half_done.exists()


def test_a_start_waits_for_a_slow_recovery_and_gives_up_only_when_told_to(root: Path, slow_binaries: Path):
    crashed = EmbeddedPostgres(root)
    with psycopg.connect(crashed.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE recovered AS SELECT n FROM generate_series(1, 50000) AS n")
        os.kill(postmaster_id(root), signal.SIGKILL)
    crashed.release()
    eventually(lambda: not watchers(root))

    with pytest.raises(NotReadyInTime) as gave_up:
        EmbeddedPostgres(root, patience_s=0.3).start()
    with EmbeddedPostgres(root) as conninfo:
        assert answer(conninfo, "SELECT count(*) FROM recovered") == 50000
    assert gave_up.value.log == root / "server.log"


def test_a_user_killed_while_waiting_for_a_slow_server_takes_it_along(root: Path, slow_binaries: Path):
    user = program(root, "server.start()")
    eventually(lambda: any(str(root / "data") in command_line(pid) for pid in process_ids()))
    user.kill()
    output(user)

    eventually(lambda: not watchers(root))
    assert not any(str(root / "data") in command_line(pid) for pid in process_ids())


def test_under_random_kills_every_acknowledged_row_is_there_and_never_two_postmasters(root: Path):
    """Five users at a time; of those, four in ten kill themselves and one in ten the postmaster."""
    lines = """
        connection = psycopg.connect(server.start(), autocommit=True)
        postmaster = int(Path(server.root, "data/postmaster.pid").read_text().split()[0])
        for number in range(random.randint(1, 20)):
            connection.execute("INSERT INTO entry VALUES (%s)", [f"{os.getpid()}-{number}"])
            print("acknowledged", flush=True)
            time.sleep(random.random() * 0.02)
        fate = random.random()
        if fate < 0.4:
            os.kill(os.getpid(), signal.SIGKILL)
        if fate < 0.5:
            os.kill(postmaster, signal.SIGKILL)
    """
    with EmbeddedPostgres(root) as conninfo, psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE entry (id text)")
    running: list[subprocess.Popen[str]] = []
    ended: list[tuple[str, str]] = []
    chance = random.Random(7)
    until = time.monotonic() + STRESS_S
    while time.monotonic() < until or running:
        for user in [user for user in running if user.poll() is not None]:
            running.remove(user)
            ended.append(user.communicate())
        if time.monotonic() < until and len(running) < 5:
            running.append(program(root, lines))
            if chance.random() < 0.3:
                # Now and then everybody leaves, so that the watcher and the next starter meet.
                time.sleep(chance.random())
        assert len(postmasters(root)) <= 1
        assert time.monotonic() < until + WAIT_S, "a user hangs"
        time.sleep(0.02)

    acknowledged = sum(out.count("acknowledged") for out, _ in ended)
    victims = ("server closed the connection", "connection to server", "terminating connection", "ServerDidNotStart")
    assert [error for _, error in ended if error and not any(sign in error for sign in victims)] == []
    assert acknowledged > 50
    with EmbeddedPostgres(root) as conninfo, psycopg.connect(conninfo) as connection:
        counted = connection.execute("SELECT count(*), count(DISTINCT id) FROM entry").fetchone()
    assert counted
    assert counted[0] == counted[1]
    # A row may be committed while its acknowledgement is lost with a killed postmaster: one per victim at most.
    assert acknowledged <= counted[0] <= acknowledged + sum(bool(error) for _, error in ended)


def leave_marks_of_a_killed_server(root: Path, pid: int) -> None:
    """The files that PostgreSQL would trust: its process id, its state and the lock of its socket."""
    lines = [pid, root / "data", int(time.time()), 5432, root, "", "  1234567   0", "ready   "]
    for mark in (root / "data/postmaster.pid", root / ".s.PGSQL.5432.lock"):
        mark.write_text("".join(f"{line}\n" for line in lines))
        shutil.chown(mark, root.stat().st_uid, root.stat().st_gid)
        mark.chmod(0o600)
