"""Errors as the command line tells them: an exit code and one sentence."""

from __future__ import annotations

from sqlite3 import Error as SqliteError

from psycopg import Error as DatabaseError
from psycopg import OperationalError

from ledger.cli import Exit
from ledger.database import DatabaseTooOld, UnsafeEnvironment
from ledger.domain.refusals import Refused
from ledger.embedded import EmbeddedPostgresError
from ledger.entries import DamagedEntry
from ledger.folding import ProjectionStopped
from ledger.proof.bundle import NotBundled
from ledger.proof.finding import SigningRefused
from ledger.proof.memory import AnotherSigner
from ledger.proof.restoring import RestoreRefused
from ledger.proof.stamping import NotStamped
from ledger.replay import DamagedExport
from ledger.results import NotReached


class Usage(Exception):
    """The command line cannot be meant like this."""


class Unfit(Exception):
    """The surroundings do not allow this."""


class Differing(Exception):
    """Two answers that have to be the same are not."""


class NothingStated(Exception):
    """There is nothing that could be settled again and compared."""


def judged(error: Exception) -> tuple[Exit, str]:
    """The exit code and the sentence for an error that reached the edge."""
    match error:
        case Refused() | RestoreRefused() | NothingStated():
            return Exit.REFUSED, str(error)
        case Usage():
            return Exit.USAGE, str(error)
        case DamagedExport() | DamagedEntry() | ProjectionStopped() | Differing() | SigningRefused():
            return Exit.DAMAGED, f"Damaged: {error}"
        case EmbeddedPostgresError() | DatabaseTooOld() | UnsafeEnvironment() | NotReached() | Unfit():
            return Exit.ENVIRONMENT, str(error)
        case AnotherSigner() | NotBundled() | NotStamped():
            return Exit.ENVIRONMENT, str(error)
        case OperationalError():
            return Exit.ENVIRONMENT, f"The database cannot be reached: {error}"
        case DatabaseError():
            return Exit.ENVIRONMENT, f"The database refused: {error}"
        case SqliteError():
            return Exit.ENVIRONMENT, f"The private texts cannot be read: {error}"
        case OSError():
            return Exit.ENVIRONMENT, f"{error.strerror or error}: {error.filename or ''}"
        case _:
            return Exit.BUG, f"This is a bug: {type(error).__name__}: {error}"
