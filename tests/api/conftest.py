"""The whole service over HTTP, on a database of the test's own, with the projector running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from city import City
from client import Client
from clock import Clock
from sending import Sender
from served import served, told, undertaken

from ledger.api.service import Service, service_on
from ledger.commands import Request
from ledger.database import Database
from ledger.domain.commands.founding import OpenLedger
from ledger.mini_ledger.events import DOCUMENT, MINUTES
from ledger.mini_ledger.story import MiniLedger
from ledger.settings import Settings

NewDatabase = Callable[[], AbstractContextManager[Database]]


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
def serve(database: Database, settings: Settings) -> Iterator[Callable[[City], Client]]:
    """Serves what was decided in a city's memory, at the same positions."""
    with ExitStack() as stack:
        yield lambda city: stack.enter_context(served(city, database, settings))


@pytest.fixture(scope="session")
def story(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The whole mini-ledger of the specification, to be read only; see `served.told`."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("story"))
    with new_database() as database, served(told()[0], database, settings) as client:
        yield client


@pytest.fixture(scope="session")
def year(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A year in which much is undertaken, to be read only; see `served.undertaken`."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("year"))
    with new_database() as database, served(undertaken(), database, settings) as client:
        yield client
