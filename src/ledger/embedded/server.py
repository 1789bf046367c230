"""The server of one root: started under its locks, found alive or dead by them, stopped by the watcher."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ledger.embedded.binaries import Account, Binaries, environment, find_binaries, run
from ledger.embedded.errors import (
    EmbeddedPostgresError,
    NotOurs,
    OrphansRemain,
    ProgramFailed,
    ServerDidNotStart,
    StartedElsewhere,
)
from ledger.embedded.files import POLL_S, open_lock_file, quoted, sync_directory, take_lock
from ledger.embedded.root import server_account

ORPHANS_S = 60.0

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 103  # macOS; Linux takes 107.
# Not $TMPDIR, which may be long too, or differ between the processes that share a server.
SHORT_PATHS = Path("/tmp")

BUFFERS_MB_MAX = 2_048
"""What a ledger of a million events takes with its projections."""


def _buffers() -> str:
    # What PostgreSQL's manual advises. Only what is used of it is taken; what the system keeps of files it may drop.
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return f"{min(memory_mb // 4, BUFFERS_MB_MAX)}MB"


SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "shared_buffers": _buffers(),
    "max_connections": "100",
    # A ledger that has just begun grows fast: without statistics its first minute is planned as if it were empty.
    "autovacuum_naptime": "5s",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}

PACKAGES = Path(__file__).parents[2]
"""Where the package lies; the processes started by `start_self` look nowhere else."""
OTHER_SELF = "import sys; sys.path.insert(0, sys.argv.pop(1)); from ledger.embedded.server import main; main()"


def ensure_watcher(root: Path, account: Account | None) -> None:
    with open_lock_file(root / "watch.lock", account) as lock, suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Opened for the watcher alone: the lock on the log must not be among what it inherits.
        with open_lock_file(root / "server.log", account) as log:
            start_self("watch", root, input=lock, output=log)


def watch(root: Path) -> None:
    """Leave a child that stops the server when the lease is free. Standard input is the lock of watch.lock."""
    # The starter waits only for the parent, so the watcher is no child of a program that knows nothing of it.
    if os.fork():
        return
    with open(root / "lease", "rb") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        if account := server_account(root):
            # The process id comes from a file of that user's, so no more may be signalled than that user could.
            os.setgroups([])
            os.setgid(account.group)
            os.setuid(account.user)
        Server(root).stop()
        # First this lock, then the lease: whoever gets the lease next must see that the watcher is gone. Unlocked, not
        # closed, because the parent may not have ended yet, and as long as it has the lock open, closing frees nothing.
        fcntl.flock(0, fcntl.LOCK_UN)


def start_self(
    *arguments: str | Path, input: BinaryIO | None = None, output: BinaryIO | None = None, held: Sequence[int] = ()
) -> None:
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-c", OTHER_SELF, PACKAGES, *arguments],
        stdin=input or subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=output or subprocess.DEVNULL,
        pass_fds=held,
        cwd="/",
        env=environment(),
        start_new_session=True,
    )
    if finished.returncode:
        raise ProgramFailed(Path(__file__), f"{arguments[0]} ended with {finished.returncode}")


class Server:
    """The server of one root. Its methods run under the lease; those that start it, under start.lock too."""

    def __init__(self, root: Path, account: Account | None = None, *, held: Sequence[int] = ()) -> None:
        self.root = root
        self.data = root / "data"
        self._account = account
        # Descriptors of locks that our child processes share, so that a step they began ends under the same locks.
        self._held = held

    @property
    def socket_directory(self) -> Path:
        """The root, or a directory of its own with a short name where the root's path cannot be a socket's."""
        # libpq takes a comma for the start of another host.
        if len(os.fsencode(self.root / SOCKET)) <= SOCKET_PATH_BYTES_MAX and "," not in str(self.root):
            return self.root
        identity = self.root.stat()
        return SHORT_PATHS / f"ledger-{identity.st_dev:x}-{identity.st_ino:x}"

    def ensure_ready(self, *, until: float, otherwise: EmbeddedPostgresError) -> None:
        """Start the server unless it lives, and return when it takes connections."""
        log_before: int | None = None
        while not self.ready():
            if not self.lives():
                if log_before is not None:
                    raise ServerDidNotStart(self.root / "server.log", self._log_since(log_before))
                log_before = self._launch(until=min(until, time.monotonic() + ORPHANS_S))
            elif time.monotonic() > until:
                raise otherwise
            time.sleep(POLL_S)

    def lives(self) -> bool:
        """Whether a postmaster holds its lock."""
        with suppress(FileNotFoundError), open(self.root / "postmaster.lock", "r+b") as lock:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def ready(self) -> bool:
        # A killed postmaster leaves a file that says "ready", so its lock is asked too.
        return self._postmaster_file()[7:8] == ["ready"] and self.lives()

    def stop(self) -> None:
        """Return when the server has written its checkpoint and ended, and what it left outside the root is gone."""
        while self.lives():
            # While it lives the id is its own, since it starts without a file; at first there may be none.
            if pid := self._postmaster_id():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
            time.sleep(POLL_S)
        with suppress(OSError):
            if self.socket_directory != self.root:
                self.socket_directory.rmdir()

    def serve(self, binaries: Path) -> None:
        """Start a postmaster under its lock and return. To be called in a process without other threads.

        The lock is taken between fork and exec, where running Python can deadlock if there are threads.
        """
        with open_lock_file(self.root / "postmaster.lock", self._account) as lock:
            subprocess.Popen(
                [binaries / "postgres", "-D", self.data, "-c", f"config_file={self.root / 'ledger.conf'}"],
                preexec_fn=lambda: fcntl.lockf(lock, fcntl.LOCK_EX),
                pass_fds=[lock.fileno()],
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                umask=0o077,
                user=self._account and self._account.user,
                group=self._account and self._account.group,
                extra_groups=self._account and [],
            )

    def _launch(self, *, until: float) -> int:
        """Start a postmaster and return how long the log was before."""
        with open_lock_file(self.root / "server.log", self._account) as log:
            take_lock(log, fcntl.LOCK_EX, until=until, otherwise=OrphansRemain(self.data))
            self._forget_dead_server()
            binaries = self._initialised()
            self._write_settings()
            log_before = log.seek(0, os.SEEK_END)
            start_self("serve", self.root, binaries.directory, output=log, held=self._held)
        return log_before

    def _forget_dead_server(self) -> None:
        """Remove the marks of a server that was killed, or PostgreSQL trusts the process ids in them."""
        # Without /proc, or without the right to look, PostgreSQL's check of shared memory is the guard that remains.
        with suppress(OSError):
            pid = self._postmaster_id()
            if pid and os.path.samefile(f"/proc/{pid}/cwd", self.data):
                raise StartedElsewhere(self.data, pid)
        sockets = self._private_socket_directory()
        for mark in (self.data / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
            mark.unlink(missing_ok=True)

    def _private_socket_directory(self) -> Path:
        """Make the socket directory if it is not the root, and refuse one in which others could have put a socket."""
        directory = self.socket_directory
        if directory != self.root:
            owner = self._account.user if self._account else os.geteuid()
            with suppress(FileExistsError):
                directory.mkdir(mode=0o700)
                os.chown(directory, owner, -1)
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
                raise NotOurs(directory)
        return directory

    def _initialised(self) -> Binaries:
        """Return the binaries for the data, which are made first if there are none."""
        version = self.data / "PG_VERSION"
        if version.exists():
            return find_binaries(major=int(version.read_text()), account=self._account)
        binaries = find_binaries(account=self._account)
        for half_done in self.root.glob("init-*"):
            shutil.rmtree(half_done)
        # Made under another name, so that data are there complete or not at all.
        made = self.root / f"init-{os.getpid()}"
        # Never the locale of the environment: it may not be installed, and the order of texts would depend on it.
        locale = ["--locale=C"]
        if binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        access = ["--auth-local=trust", "--auth-host=reject"]
        initdb, postgres = binaries.directory / "initdb", binaries.directory / "postgres"
        self._run([initdb, "-D", made, "-U", "ledger", "-E", "UTF8", *locale, *access, "--data-checksums"])
        self._run([postgres, "--single", "-D", made, "-c", "exit_on_error=on", "template1"], "CREATE DATABASE ledger\n")
        made.rename(self.data)
        sync_directory(self.root)
        return binaries

    def _write_settings(self) -> None:
        # PostgreSQL reads a comma as the start of another directory, unless the name is in double quotes.
        sockets = '"{}"'.format(str(self.socket_directory).replace('"', '""'))
        settings = SETTINGS | {"unix_socket_directories": sockets}
        lines = [f"{name} = {quoted(value)}\n" for name, value in settings.items()]
        made = self.root / "ledger.conf.new"
        made.unlink(missing_ok=True)
        with open_lock_file(made, self._account) as file:
            file.write(os.fsencode("".join(lines)))
        made.rename(self.root / "ledger.conf")

    def _log_since(self, position: int) -> str:
        with open(self.root / "server.log", "rb") as log:
            log.seek(position)
            return log.read()[-2000:].decode(errors="replace").strip()

    def _postmaster_file(self) -> list[str]:
        """The lines of postmaster.pid, of which the first is the process id and the eighth the state, or nothing."""
        try:
            text = (self.data / "postmaster.pid").read_text(errors="replace")
            return [line.strip() for line in text.splitlines()]
        except OSError:
            return []

    def _postmaster_id(self) -> int | None:
        lines = self._postmaster_file()
        # Negative if postgres runs alone, without a postmaster.
        return abs(int(lines[0])) if lines and lines[0] else None

    def _run(self, command: list[Path | str], text: str = "") -> None:
        run(command, self._account, text=text, held=self._held)


def main() -> None:
    """What the processes that `start_self` starts do: watch, or start a postmaster."""
    match sys.argv[1:]:
        case ["watch", root]:
            watch(Path(root))
        case ["serve", root, binaries]:
            Server(Path(root), server_account(Path(root))).serve(Path(binaries))
        case unknown:
            sys.exit(f"not for use by hand: {unknown}")
