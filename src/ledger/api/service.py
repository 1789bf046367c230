"""The service: one ledger opened for work, with everything a request may need."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from ledger.api.access_log import AccessLog
from ledger.api.fast.lines import Lines
from ledger.api.heads import Heads
from ledger.api.tokens import TokenKey, token_key
from ledger.commands import Commands, Request
from ledger.database import Database, open_database
from ledger.domain.commands.founding import FOUNDER, OpenLedger
from ledger.domain.facts import Channel
from ledger.evidence import EvidenceDirectory
from ledger.migrate import migrate
from ledger.projector import Projector
from ledger.proof.behind import Behind
from ledger.proof.log import LogReader
from ledger.recorder import system_clock
from ledger.results import Answers
from ledger.settings import Settings
from ledger.store import Store, open_store
from ledger.writer import Writer


@dataclass(frozen=True, slots=True)
class Service:
    """What the HTTP layer works with; safe to share between threads."""

    settings: Settings
    database: Database
    store: Store
    commands: Commands
    writer: Writer
    answers: Answers
    log: LogReader
    projector: Projector
    heads: Heads
    evidence: EvidenceDirectory
    key: TokenKey
    access_log: AccessLog
    lines: Lines


@contextmanager
def open_service(settings: Settings, *, clock: Callable[[], datetime] = system_clock) -> Generator[Service]:
    """Open the configured ledger: start or find the database, migrate it, prepare the projections."""
    with open_database(settings) as database:
        migrate(database)
        with service_on(database, settings, clock=clock) as service:
            if service.store.head == 0:
                _found(service)
            yield service


def _found(service: Service) -> None:
    # An empty ledger is opened with its institutional persons, or nobody could ever act in it.
    # The id is the ledger's own, so of several processes that start at once one opens it.
    command_id = uuid5(NAMESPACE_URL, f"ledger:{service.settings.ledger_id}:opening")
    service.commands.execute(
        Request(command=OpenLedger(), command_id=command_id, person_id=FOUNDER, channel=Channel.SYSTEM)
    )


@contextmanager
def service_on(
    database: Database, settings: Settings, *, clock: Callable[[], datetime] = system_clock
) -> Generator[Service]:
    """Open one ledger of a migrated database."""
    with ExitStack() as stack:
        store = stack.enter_context(
            open_store(database, ledger_id=settings.ledger_id, clock=clock, data_dir=settings.data_dir)
        )
        store.barred = Behind(settings.signer_dir, lambda: store.head)
        evidence = EvidenceDirectory(settings.evidence_dir)
        projector = Projector(database, settings.ledger_id)
        projector.prepare()
        readers = stack.enter_context(database.readers())
        answers = Answers(readers, ledger_id=settings.ledger_id)
        heads = Heads(database, settings.ledger_id, lambda: answers.head().position)
        stack.callback(heads.close)
        access_log = AccessLog(settings.data_dir)
        stack.callback(access_log.close)
        commands = Commands(store, stored_bytes=evidence.size)
        writer = Writer(commands)
        stack.callback(writer.close)
        lines = Lines(database, answers)
        stack.callback(lines.close)
        yield Service(
            settings=settings,
            database=database,
            store=store,
            commands=commands,
            writer=writer,
            answers=answers,
            log=LogReader(readers, ledger_id=settings.ledger_id),
            projector=projector,
            heads=heads,
            evidence=evidence,
            key=token_key(settings),
            access_log=access_log,
            lines=lines,
        )
