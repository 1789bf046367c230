"""The eventsourcing library as its manual shows it: one aggregate, a projection, and the runner that folds it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, DomainEventProtocol, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier


class Line(Aggregate):
    """A score."""

    @event("Entered")
    def __init__(self, value: Decimal):
        self.value = value

    @event("Corrected")
    def correct(self, value: Decimal) -> None:
        """Give it another value."""
        self.value = value


class Scores(Application[UUID]):
    """The manual's application."""

    def enter(self, values: Sequence[Decimal]) -> None:
        """Record a score and its corrections."""
        line = Line(values[0])
        for value in values[1:]:
            line.correct(value)
        self.save(line)


class CurrentScores(PostgresTrackingRecorder):
    """A table of current scores."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any):
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(
            SQL("CREATE TABLE IF NOT EXISTS {} (line uuid PRIMARY KEY, value numeric)").format(
                Identifier("current_score")
            )
        )

    def put(self, line: UUID, value: Decimal, tracking: Tracking) -> None:
        """Write one score together with the place in the log."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO current_score VALUES (%s, %s) ON CONFLICT (line) DO UPDATE SET value = EXCLUDED.value",
                (line, value),
            )


class CurrentScoresProjection(Projection[CurrentScores]):
    """Folds every event with a statement of its own."""

    name = "current"
    topics = ()

    @singledispatchmethod
    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        """Fold one event."""
        given: Any = domain_event
        self.view.put(given.originator_id, given.value, tracking)


def events_per_second(conninfo: str, events: int) -> float:
    """How many events a second the runner folds, fsync on."""
    given = conninfo_to_dict(conninfo)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(given["dbname"]),
        "POSTGRES_HOST": str(given["host"]),
        "POSTGRES_PORT": str(given.get("port", 5432)),
        "POSTGRES_USER": str(given["user"]),
        "POSTGRES_PASSWORD": str(given.get("password", "none")),
    }
    scores = Scores(env=environment)
    for _ in range(events // 20):
        scores.enter([Decimal(number) for number in range(20)])
    last = scores.recorder.max_notification_id()
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Scores, projection_class=CurrentScoresProjection, view_class=CurrentScores, env=environment
    ) as runner:
        runner.wait(last, timeout=600)
    seconds = time.perf_counter() - began
    scores.close()
    return events / seconds
