"""The configured ledger, opened for one command."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

from ledger.cli.errors import Unfit
from ledger.database import Database, open_database
from ledger.migrate import migrate
from ledger.private import random_key
from ledger.projector import Projector
from ledger.proof.behind import Behind
from ledger.recorder import system_clock
from ledger.results import Answers
from ledger.settings import Settings, read_settings
from ledger.store import Store, open_store


def settings_here() -> Settings:
    """The settings of the environment. Raises Unfit if one of them cannot be read."""
    try:
        return read_settings()
    except ValueError as error:
        raise Unfit(f"A setting cannot be read: {error}") from None


@contextmanager
def opened_store(
    settings: Settings, *, clock: Callable[[], datetime] = system_clock, new_key: Callable[[], bytes] = random_key
) -> Generator[Store]:
    """The ledger's history, its database started and migrated."""
    with open_database(settings) as database:
        migrate(database)
        with open_store(
            database, ledger_id=settings.ledger_id, clock=clock, data_dir=settings.data_dir, new_key=new_key
        ) as store:
            store.barred = Behind(settings.signer_dir, lambda: store.head)
            yield store


@contextmanager
def opened_answers(database: Database, ledger_id: int) -> Generator[Answers]:
    """The read side, its projections caught up first: no server needs to run."""
    projector = Projector(database, ledger_id)
    projector.prepare()
    projector.catch_up()
    if projector.stopped is not None:
        raise projector.stopped
    with database.readers() as readers:
        yield Answers(readers, ledger_id=ledger_id)
