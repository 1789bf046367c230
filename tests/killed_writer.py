"""A writer that may be killed at any instant: `python killed_writer.py <conninfo> <number> <commands> <answers>`.

It sends its commands in order and notes every answer in a file. Started again, it goes on with the first command
whose answer it does not know, under the same command id: the append may or may not have been committed.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
from eventsourcing.persistence import PersistenceError
from year import SCORERS, entry

from ledger.commands import Commands, Recorded, Request
from ledger.database import Database
from ledger.domain.refusals import Refused
from ledger.store import open_store

UNITS = 20
"""Fewer than writers times commands by far, so that writers meet on one score."""
NOW = datetime(2018, 3, 1, 4, tzinfo=UTC)
DELAY_S = 0.002


def command_id(writer: int, number: int) -> UUID:
    """The id of one writer's command, the same in every life of the writer."""
    return UUID(int=(writer + 1 << 64) + number)


def request(writer: int, number: int) -> Request:
    """One writer's command, the same in every life of the writer."""
    command = entry(f"U{(writer + 7 * number) % UNITS:03}", f"{writer}.{number % 100:02}")
    return Request(command=command, command_id=command_id(writer, number), person_id=SCORERS[writer])


def insist(commands: Commands, wanted: Request) -> Recorded:
    """Send until there is an answer: through conflicts, and through the server's death and return."""
    while True:
        try:
            return commands.execute(wanted)
        except Refused as refused:
            if not refused.retryable:
                raise
        except (PersistenceError, psycopg.Error):
            time.sleep(0.1)


def write(conninfo: str, writer: int, count: int, answers: Path) -> None:
    """Send the commands that are not answered yet."""
    known = len(answers.read_bytes().splitlines()) if answers.exists() else 0
    with open_store(Database(conninfo), clock=lambda: NOW) as store:
        commands, noted = Commands(store), os.open(answers, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in range(known, count):
            time.sleep(random.uniform(0, DELAY_S))
            recorded = insist(commands, request(writer, number))
            # One small write: after a kill the line is there or not, never half.
            os.write(noted, b"%d\n" % recorded.position)


def main() -> None:
    conninfo, writer, count, answers = sys.argv[1:]
    while True:
        try:
            return write(conninfo, int(writer), int(count), Path(answers))
        except (PersistenceError, psycopg.Error):
            time.sleep(0.1)


if __name__ == "__main__":
    main()
