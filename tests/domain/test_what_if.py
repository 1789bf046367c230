"""What if: events thought away, with what stands on them, and nothing else."""

from __future__ import annotations

from city import CYCLE, FOUNDED, GROUP, City, exempt, found_city, set_target

from ledger.domain.cycle import cycle_stream
from ledger.domain.facts import Event
from ledger.domain.recall import Recall
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.domain.targets import target_stream
from ledger.domain.what_if import without


def stream_of(city: City, name: str) -> list[Event]:
    return [event for event in city.memory.events if event.stream == name]


def thought(city: City, *excluded: int) -> Results:
    """The city's results without some events."""
    real = Recall().fold(city.memory.events).slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)
    streams = {city.memory.events[position - 1].stream for position in excluded}
    return settle(without(real, [stream_of(city, name) for name in streams], frozenset(excluded)))


def shown(results: Results, unit_id: str = "U04") -> str:
    row = results.row(unit_id)
    assert row is not None
    return str(row.total)


def test_without_a_correction_and_its_request_the_value_is_what_it_was(city: City) -> None:
    position = city.corrected("8.0")

    before = shown(city.results(as_of=position - 2))
    assert shown(thought(city, position, position - 1)) == before != shown(city.results())


def test_what_stands_on_an_excluded_event_falls_away_with_it(city: City) -> None:
    verified = city.corrected("8.0") - 2

    assert [event.type for event in city.memory.events[verified - 2 : verified]] == ["ScoreEntered", "ScoreVerified"]
    assert shown(thought(city, verified - 1)) == "0.00"


def test_a_target_thought_away_leaves_the_plans(city: City) -> None:
    opened = found_city(opened=False)
    position = opened.given(set_target("4.0"), by="office", at=FOUNDED)
    stream = stream_of(opened, target_stream(CYCLE, "U04", "A").name)
    real = Recall().fold(opened.memory.events).slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)

    assert list(real.targets) == [("U04", "A")]
    assert without(real, [stream], frozenset({position})).targets == {}


def test_an_exemption_thought_away_makes_the_indicator_count_again(city: City) -> None:
    position = city.given(exempt("U04", "A"), by="director")
    real = Recall().fold(city.memory.events).slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)

    undone = without(real, [stream_of(city, cycle_stream(CYCLE).name)], frozenset({position}))

    assert (len(real.cycle.exemptions), len(undone.cycle.exemptions)) == (1, 0)
