"""A ledger from before a plan had to keep the grades that vetoes name: it is read all the same."""

from __future__ import annotations

from collections.abc import Callable

from city import CYCLE, GROUP, NOW, City, found_city
from client import Client
from test_vetoes import IMPOSE, RENAMED, VETOED, reissue

from ledger.domain.commands import ImposeVeto
from ledger.domain.facts import Actor
from ledger.domain.veto import VetoImposed

RANKING = f'{{ ranking(cycle: "{CYCLE}", group: "{GROUP}") {{ rows(first: 5) {{ nodes {{ unitId grade }} }} }} }}'
GRADING = f'{{ grading(cycle: "{CYCLE}", group: "{GROUP}") {{ ifOpened {{ unknownVeto allocation {{ unitId }} }} }} }}'


def imposed(command: ImposeVeto) -> VetoImposed:
    """What a veto leaves, whatever the plan says."""
    facts = found_city(VETOED).when(command, by="leading")
    assert isinstance(facts, tuple)
    assert isinstance(facts[0], VetoImposed)
    return facts[0]


def test_a_veto_that_no_grade_can_satisfy_stops_neither_rankings_nor_standings(
    serve: Callable[[City], Client],
) -> None:
    city = found_city(VETOED)
    city.given(reissue(RENAMED), by="office")
    city.memory.record(imposed(IMPOSE), actor=Actor("leading", "LEADING"), at=NOW)

    client = serve(city)

    assert client.service.projector.stopped is None
    assert len(client.ask(RANKING, by="office")["rows"]["nodes"]) == 5
    opened = client.ask(GRADING, by="office")["ifOpened"]
    assert opened["allocation"] == []
    assert f"veto_position: {city.head}" in opened["unknownVeto"]
