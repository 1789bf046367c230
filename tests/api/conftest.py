"""The whole service over HTTP, on a database of the test's own, with the projector running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from city import City
from client import Client
from clock import Clock
from mini_ledger import MiniLedger
from mini_ledger_events import DOCUMENT, MINUTES
from sending import Sender
from served import record

from ledger.api.service import Service, service_on
from ledger.commands import Request
from ledger.database import Database
from ledger.domain.commands.founding import OpenLedger
from ledger.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def service(database: Database, settings: Settings, clock: Clock) -> Iterator[Service]:
    """An opened ledger with its founding persons and an inspector, and a running projector."""
    with service_on(database, settings, clock=clock) as service:
        stop = threading.Event()
        projector = threading.Thread(target=service.projector.run, args=(stop,))
        projector.start()
        service.commands.execute(
            Request(
                command=OpenLedger(
                    title="Binhai",
                    administrator_id="administrator",
                    director_id="director",
                    office_id="office",
                    leading_id="leading",
                ),
                command_id=UUID(int=1),
                person_id="founder",
            )
        )
        yield service
        stop.set()
        service.projector.wake()
        projector.join()


@pytest.fixture
def client(service: Service) -> Client:
    client = Client(service)
    client.grant("inspector", "INSPECTOR")
    return client


@pytest.fixture
def mini(client: Client, clock: Clock) -> MiniLedger:
    """The specification's mini-ledger, to be told by mutations."""
    headers = client.headers("office")
    assert client.http("PUT", f"/evidence/{MINUTES}", content=DOCUMENT, headers=headers).status_code == 204
    return MiniLedger(Sender(client, clock))


@pytest.fixture
def serve(database: Database, settings: Settings, clock: Clock) -> Iterator[Callable[[City], Client]]:
    """Serves what was decided in a city's memory, at the same positions."""
    with service_on(database, settings, clock=clock) as service:

        def served(city: City) -> Client:
            record(service.store, clock, city)
            service.projector.catch_up()
            return Client(service)

        yield served
