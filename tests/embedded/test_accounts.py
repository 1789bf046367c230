"""Which account the server runs as, and what that account may reach."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from processes import (
    NEEDS_PROC,
    answer,
    as_root,
    copied,
    first_line,
    link,
    output,
    postmaster_id,
    server_processes,
    server_user,
    write_program,
)

from ledger import embedded
from ledger.embedded import EmbeddedPostgres, NotReachable, find_binaries

pytestmark = NEEDS_PROC


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


def runnable_by_nobody(python: str) -> str | None:
    try:
        tried = subprocess.run([python, "-c", "import sys; assert sys.version_info >= (3, 11)"], user="nobody", cwd="/")
    except OSError:
        return None
    return None if tried.returncode else python
