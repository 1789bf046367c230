"""What a signer is shown: one ledger as the database says it is, at one moment."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString, NamedTuple, cast

from psycopg import IsolationLevel
from psycopg.sql import SQL

from ledger.database import SIGNER_ROLE, Connection, Database
from ledger.proof.columns import Row

PAGE_ROWS = 5_000
_STATEMENT_TIMEOUT = "10min"
_HEAD = "SELECT head, peaks FROM ledger.ledger WHERE ledger_id = %s"
_LAST = "SELECT max(position) FROM ledger.event WHERE ledger_id = %s"
_ROWS = SQL(cast(LiteralString, (files("ledger") / "sql" / "signer_rows.sql").read_text("utf-8")))
_TILES = (
    "SELECT tile_index, root, data FROM ledger.tile"
    " WHERE ledger_id = %s AND level = %s AND tile_index >= %s AND tile_index < %s ORDER BY tile_index LIMIT %s"
)


class StoredTile(NamedTuple):
    """A full tile, as it is stored."""

    tile_index: int
    root: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of one ledger."""

    connection: Connection
    ledger_id: int
    head: int
    """How many entries the ledger says it has."""
    peaks: bytes
    last: int
    """The last position of which there is an entry."""

    def rows(self, after: int, through: int) -> Iterator[Row]:
        """Yield the entries with positions in (after, through], in order."""
        while after < through:
            arguments = {"ledger_id": self.ledger_id, "after": after, "through": through, "limit": PAGE_ROWS}
            with self.connection.cursor(binary=True) as cursor:
                page = [Row(*row) for row in cursor.execute(_ROWS, arguments)]
            yield from page
            if not page:
                return
            after = page[-1].position

    def tiles(self, level: int, first: int, end: int) -> Iterator[StoredTile]:
        """Yield the full tiles of a level with index in [first, end), in order."""
        while first < end:
            arguments = (self.ledger_id, level, first, end, PAGE_ROWS)
            with self.connection.cursor(binary=True) as cursor:
                page = [StoredTile(*row) for row in cursor.execute(_TILES, arguments)]
            yield from page
            if not page:
                return
            first = page[-1].tile_index + 1


def connect_signer(database: Database) -> Connection:
    """A connection that can read what is to be signed, and can do nothing else."""
    reading = Database(
        database.as_role(SIGNER_ROLE, default_transaction_read_only="on", statement_timeout=_STATEMENT_TIMEOUT)
    )
    connection = reading.connect()
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    return connection


@contextmanager
def taken(connection: Connection, ledger_id: int) -> Generator[Snapshot]:
    """A snapshot for as long as the block lasts; what is appended meanwhile is not in it."""
    with connection.transaction():
        head, peaks = cast(tuple[int, bytes], connection.execute(_HEAD, (ledger_id,)).fetchone() or (0, b""))
        (last,) = cast(tuple[int | None], connection.execute(_LAST, (ledger_id,)).fetchone())
        yield Snapshot(connection, ledger_id, head, peaks, last or 0)
