"""The private server: shared, stopped with its last user, and safe however a process ends.

Real processes and real kills throughout. Each test has a root of its own below a directory that any user may pass
through, because as root the server runs as another user, who cannot enter pytest's tmp_path.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from ledger import embedded
from ledger.embedded import (
    EmbeddedPostgres,
    NoBinaries,
    NotOurs,
    NotReachable,
    NotReadyInTime,
    ServerDidNotStart,
    StartedElsewhere,
    find_binaries,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="the tests look for processes in /proc")

WAIT_S = 20.0
STRESS_S = 9.0
AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="only root can run the server as somebody else")


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """A root whose data were made once, since making or copying them takes a second."""
    with passable_directory() as place:
        with EmbeddedPostgres(place / "postgres"):
            pass
        yield place / "postgres"


@pytest.fixture
def root(prepared: Path) -> Iterator[Path]:
    """A root with data, not running before and after. Shared: for tests that leave the data sound."""
    assert_nothing_runs_in_the_end(prepared)
    yield prepared
    assert_nothing_runs_in_the_end(prepared)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that any user may pass through; in the end nothing runs on a root below it."""
    with passable_directory() as place:
        yield place
        for lease in place.rglob("lease"):
            assert_nothing_runs_in_the_end(lease.parent)


@contextmanager
def passable_directory() -> Generator[Path]:
    place = Path(tempfile.mkdtemp(prefix="ledger-embedded-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def assert_nothing_runs_in_the_end(root: Path) -> None:
    try:
        eventually(lambda: not server_processes(root) + watchers(root))
    finally:
        for leaked in server_processes(root) + watchers(root):
            os.kill(leaked, signal.SIGKILL)


def copied(prepared: Path, root: Path) -> Path:
    root.parent.mkdir(exist_ok=True)
    assert_nothing_runs_in_the_end(prepared)
    subprocess.run(["cp", "-a", prepared, root], check=True)
    return root


@pytest.fixture
def slow_binaries(root: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PostgreSQL that takes a second before it does anything, as if it had much to recover."""
    slow = place / "bin"
    slow.mkdir()
    real = find_binaries(major=int((root / "data/PG_VERSION").read_text())).directory
    write_program(slow / "initdb", f'exec {real}/initdb "$@"')
    write_program(slow / "postgres", f'[ "$1" = --version ] || sleep 1; exec {real}/postgres "$@"')
    monkeypatch.setenv("LEDGER_PG_BIN", str(slow))
    return slow


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "still not so after waiting"
        time.sleep(0.02)


def server_processes(root: Path) -> list[int]:
    """Every live process that works in the data directory: a postmaster and its backends."""
    return [pid for pid in process_ids() if link(pid, "cwd") == str(root / "data")]


def postmasters(root: Path) -> list[int]:
    return [pid for pid in server_processes(root) if f"{root}/data" in command_line(pid) and not forked(pid, root)]


def watchers(root: Path) -> list[int]:
    return [pid for pid in process_ids() if command_line(pid)[-2:] == ["watch", str(root)]]


def process_ids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def forked(pid: int, root: Path) -> bool:
    """Whether a backend has not named itself yet: then its parent works in the data directory as well."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return True
    return link(parent, "cwd") == str(root / "data")


def server_user() -> pwd.struct_passwd:
    """The user that runs the server of a new root."""
    if not AS_ROOT:
        return pwd.getpwuid(os.geteuid())
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def as_server_user(*command: str | Path) -> subprocess.Popen[bytes]:
    """A process that is not ours, but of the user that runs the server."""
    entry = server_user()
    who = (entry.pw_uid, entry.pw_gid) if AS_ROOT else (None, None)
    return subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, user=who[0], group=who[1])


def program(root: Path, *lines: str, **environment: str) -> subprocess.Popen[str]:
    """Another Python process that has `server` for `root` and runs `lines`."""
    preamble = f"""
        import os, random, signal, sys, time
        from pathlib import Path
        import psycopg
        from ledger.embedded import EmbeddedPostgres, ServerDidNotStart
        server = EmbeddedPostgres(Path({str(root)!r}))
    """
    source = textwrap.dedent(preamble) + "\n".join(textwrap.dedent(part) for part in lines)
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )


def output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, -signal.SIGKILL), err
    return out


def postmaster_id(root: Path) -> int:
    return int((root / "data/postmaster.pid").read_text().split()[0])


def answer(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


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


@as_root
def test_binaries_that_only_root_can_reach_are_passed_over(place: Path, monkeypatch: pytest.MonkeyPatch):
    real = find_binaries().directory
    closed = place / "bin"
    closed.mkdir(mode=0o700)
    for name in ("initdb", "postgres"):
        write_program(closed / name, f'exec {real}/{name} "$@"')
    monkeypatch.setenv("LEDGER_PG_BIN", str(closed))
    with EmbeddedPostgres(place / "postgres"):
        running = link(postmaster_id(place / "postgres"), "exe")

    assert find_binaries().directory == closed, "root itself could run them"
    assert not running.startswith(str(closed))
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_as_root_the_server_is_an_ordinary_user_and_the_data_are_its_own(root: Path):
    with EmbeddedPostgres(root):
        pids = server_processes(root)
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids} == {server_user().pw_uid}
    assert (root / "data").stat().st_uid == server_user().pw_uid


@as_root
def test_as_root_the_server_runs_as_the_owner_of_its_data(place: Path, prepared: Path):
    root = copied(prepared, place / "postgres")
    nobody = pwd.getpwnam("nobody")
    for path in [root, *root.rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)

    with EmbeddedPostgres(root):
        assert Path(f"/proc/{postmaster_id(root)}").stat().st_uid == nobody.pw_uid


@as_root
def test_a_directory_that_the_servers_user_may_not_pass_is_named_and_not_opened(place: Path):
    closed = place / "home"
    closed.mkdir(mode=0o700)

    with pytest.raises(NotReachable) as refused:
        EmbeddedPostgres(closed / "data/postgres").start()
    assert refused.value.directory == closed
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not list(closed.iterdir())


@as_root
def test_directories_made_on_the_way_are_passable_whatever_the_umask(place: Path):
    before = os.umask(0o077)
    try:
        with EmbeddedPostgres(place / "deep/er/postgres") as conninfo:
            assert answer(conninfo, "SELECT 1") == 1
    finally:
        os.umask(before)


@as_root
def test_without_root_the_server_runs_as_oneself_and_from_this_package_alone(place: Path):
    """A user without a home, with the system's Python, and with nothing on its path but a copy of the package."""
    nobody = pwd.getpwnam("nobody")
    home = place / "nobody"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    package = Path(str(embedded.__file__)).parent
    shutil.copytree(package, home / "ledger" / "embedded", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "ledger" / "__init__.py").touch()
    source = """
        import pathlib, sys
        from ledger import embedded
        server = embedded.EmbeddedPostgres(pathlib.Path("postgres"))
        print(server.start(), flush=True)
        sys.stdin.read()
    """
    pythons = [found for name in (sys.executable, "/usr/bin/python3") if (found := runnable_by_nobody(name))]
    if not pythons:
        pytest.skip("nobody can run no Python here")
    user = subprocess.Popen(
        [pythons[0], "-c", textwrap.dedent(source)],
        cwd=home,
        env={"PYTHONPATH": str(home), "LEDGER_PG_BIN": str(find_binaries().directory)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user="nobody",
        group=nobody.pw_gid,
        extra_groups=[],
    )
    try:
        assert answer(first_line(user), "SELECT current_user") == "ledger"
        owners: set[int] = set()
        for pid in server_processes(home / "postgres"):
            # The process that answered may just have ended.
            with suppress(FileNotFoundError):
                owners.add(Path(f"/proc/{pid}").stat().st_uid)
        assert owners == {nobody.pw_uid}
    finally:
        user.kill()
        output(user)


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


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def leave_marks_of_a_killed_server(root: Path, pid: int) -> None:
    """The files that PostgreSQL would trust: its process id, its state and the lock of its socket."""
    lines = [pid, root / "data", int(time.time()), 5432, root, "", "  1234567   0", "ready   "]
    for mark in (root / "data/postmaster.pid", root / ".s.PGSQL.5432.lock"):
        mark.write_text("".join(f"{line}\n" for line in lines))
        shutil.chown(mark, root.stat().st_uid, root.stat().st_gid)
        mark.chmod(0o600)


def stranger_wrote(root: Path) -> bool:
    return (root / "data/postmaster.pid").exists()


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def runnable_by_nobody(python: str) -> str | None:
    try:
        tried = subprocess.run([python, "-c", "import sys; assert sys.version_info >= (3, 11)"], user="nobody", cwd="/")
    except OSError:
        return None
    return None if tried.returncode else python
