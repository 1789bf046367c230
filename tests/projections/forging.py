"""Events put into the table behind the store's back, as damage or an attacker would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from psycopg.sql import SQL, Composable, Identifier, Literal

from ledger.database import APP_ROLE, Database

COLUMNS = (
    *("stream", "version", "type", "recorded_at", "command_id", "command_digest", "person_id", "on_behalf_of"),
    *("cycle_id", "group_id", "unit_id", "indicator_id", "period", "subject_id", "requested_by", "approved_by"),
    *("value", "cites", "request_position", "reason_code", "baseline", "entry"),
)


def forge(database: Database, like: int, changed: Mapping[str, LiteralString] | None = None, *, skip: int = 0) -> int:
    """Add an event like the one at a position, with columns changed to SQL expressions; return its position.

    It is the next version of the same stream, and its bytes say so unless `entry` is changed.
    `skip` leaves as many positions empty before it.
    """
    expressions: dict[str, Composable] = {name: Identifier(name) for name in COLUMNS}
    expressions["version"] = SQL("1 + (SELECT max(version) FROM ledger.event AS o WHERE o.stream = e.stream)")
    expressions["command_digest"] = SQL("NULL")
    changes = changed or {}
    expressions |= {name: SQL(text) for name, text in changes.items()}
    if "entry" not in changes:
        # The bytes end with the type and the version, which have to be those of the columns.
        kind, version = expressions["type"], expressions["version"]
        expressions["entry"] = SQL(
            "convert_to(regexp_replace(convert_from(entry, 'UTF8'), '\"type\":.*$',"
            " '\"type\":\"' || {} || '\",\"version\":' || ({}) || '}}'), 'UTF8')"
        ).format(kind, version)
    with database.connect(APP_ROLE) as connection, connection.transaction():
        row = connection.execute(
            SQL(
                "UPDATE ledger.ledger SET head = head + {} WHERE ledger_id = 1 RETURNING head",
            ).format(Literal(1 + skip))
        ).fetchone()
        assert row is not None
        connection.execute(
            SQL(
                "INSERT INTO ledger.event (ledger_id, position, {}) SELECT 1, {}, {} FROM ledger.event AS e"
                " WHERE e.ledger_id = 1 AND e.position = {}"
            ).format(
                SQL(", ").join(map(Identifier, COLUMNS)),
                Literal(row[0]),
                SQL(", ").join(expressions[name] for name in COLUMNS),
                Literal(like),
            )
        )
    return row[0]
