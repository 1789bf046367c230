"""`ledger restore`: what to do after an older backup of the database was put back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ledger.cli.errors import Usage
from ledger.cli.opening import settings_here
from ledger.cli.output import progress_bar, say
from ledger.database import open_database
from ledger.migrate import migrate


def restore(
    *,
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    new_incarnation: bool = False,
    lost: int | None = None,
    reason: str,
    approved_by: str,
    by: str | None = None,
) -> None:
    """Make the ledger writable again after an older backup was put back. Stop `ledger serve` first.

    Parameters
    ----------
    source
        An export or a bundle that has what the backup lacks: it is filled in again, byte for byte.
    new_incarnation
        Nobody has it any more: close the log of this name, and go on under the next.
    lost
        How many entries are given up with that; it has to be said.
    reason
        What happened, in words.
    approved_by
        The director who decided it.
    by
        The system administrator who carries it out; the first one appointed, if not given.
    """
    from ledger.importing.founding import find_officers
    from ledger.proof.restoring import Approval, refill, reopen

    if (source is None) == (not new_incarnation):
        raise Usage("Name an export with --from, or --new-incarnation if there is none.")
    if new_incarnation and lost is None:
        raise Usage("Say with --lost how many entries are given up.")
    settings = settings_here()
    approval = Approval(lambda store: by or find_officers(store).administrator, approved_by, reason)
    with open_database(settings) as database:
        migrate(database)
        if source is not None:
            with progress_bar("restore", "events") as bar:
                done = refill(database, settings, source, approval, progress=bar)
            print(f"Positions {done.restored_size + 1} to {done.signed_size} are filled in again, as they were signed.")
        else:
            done = reopen(database, settings, lost or 0, approval)
            print(
                f"Positions {done.restored_size + 1} to {done.signed_size} are lost; the log goes on as {done.origin}."
            )
            say("Give its new key and policy to witnesses and inspectors (see ledger doctor).")
