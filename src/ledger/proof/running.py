"""A signer at work: woken by each append, once a second otherwise, through every outage of the database."""

from __future__ import annotations

import logging
import threading

import psycopg
from psycopg.sql import SQL, Identifier

from ledger.database import Connection, Database
from ledger.proof.finding import SigningRefused
from ledger.proof.memory import AnotherSigner
from ledger.proof.note import Note
from ledger.proof.signer import Signer, opened_signer
from ledger.proof.snapshot import connect_signer
from ledger.recorder import CHANNEL
from ledger.settings import Settings

POLL_S = 1.0
PAUSE_S = 0.2
"""Appends that come together are signed together."""
RECONNECT_S = 0.5
LOOK_AGAIN_S = 60.0
"""How long a signer that refused waits before it looks at everything again."""
SCRUB_ENTRIES = 1_000
"""Signed entries hashed again each time: all of a million within twenty minutes."""

_log = logging.getLogger(__name__)


def run_signer(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Sign one ledger until `stop` is set. A refusal is published, and lasts until its cause is gone."""
    said = ""
    while not stop.is_set():
        try:
            with (
                opened_signer(settings.signer_dir, settings.ledger_id, origin=settings.origin) as signer,
                connect_signer(database) as connection,
            ):
                _sign(signer, connection, settings.ledger_id, stop)
        except AnotherSigner:
            stop.wait(POLL_S)
        except SigningRefused as refused:
            if str(refused) != said:
                said = str(refused)
                _log.error("nothing more is signed: %s", said)
            stop.wait(LOOK_AGAIN_S)
        except psycopg.Error as error:
            # The database is away, or its tables are not there yet.
            _log.warning("signing is interrupted: %s", error)
            stop.wait(RECONNECT_S)


def sign_once(database: Database, settings: Settings, *, audit: bool = False) -> Note:
    """Sign what is new, hash everything again if asked to, and return the last checkpoint.

    Raises SigningRefused, AnotherSigner, psycopg.Error.
    """
    with (
        opened_signer(settings.signer_dir, settings.ledger_id, origin=settings.origin) as signer,
        connect_signer(database) as connection,
    ):
        signer.step(connection)
        if audit:
            signer.audit(connection)
        return signer.memory.note


def _sign(signer: Signer, connection: Connection, ledger_id: int, stop: threading.Event) -> None:
    connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
    while not stop.is_set():
        signer.step(connection)
        signer.scrub(connection, SCRUB_ENTRIES)
        stop.wait(PAUSE_S)
        for notification in connection.notifies(timeout=POLL_S - PAUSE_S):
            if notification.payload == str(ledger_id) or stop.is_set():
                break
