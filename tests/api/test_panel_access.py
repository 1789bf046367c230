"""What a panel sees: its own appeals with what they contest, and nothing else for having the role."""

from __future__ import annotations

from collections.abc import Callable

from city import CYCLE, EVIDENCE, NOW, YEAR, City, enter, found_city, grant, verify
from client import Client
from test_vetoes import IMPOSE, VETOED

from ledger.domain.appeal import AppealAssigned, AppealFact, AppealFiled, AppealKind, PanelMember
from ledger.domain.commands import RegisterPerson
from ledger.domain.facts import Actor
from ledger.domain.roles import Role

APPEALS = f'{{ appeals(cycle: "{CYCLE}", first: 10) {{ nodes {{ unitId timeline {{ type }} }} }} }}'
HISTORY = """query($unit: String!, $indicator: String!) {
    scoreHistory(cycle: "%s", unit: $unit, indicator: $indicator, period: "%s", first: 10) { nodes { type } } }"""
VETOES = f'{{ vetoes(cycle: "{CYCLE}", first: 10) {{ nodes {{ unitId }} }} }}'
EVENT = "query($at: Position!) { event(position: $at) { type } }"
JUDGES = ("panel", "other", "idle")


def recorded(city: City, fact: AppealFact, by: str) -> int:
    return city.memory.record(fact, actor=Actor(by, "OFFICE"), at=NOW).position


def appealed(city: City, unit_id: str, kind: AppealKind, about: int, judge: str) -> int:
    """Given an appeal with a panel of one; its position."""
    of_score = kind is AppealKind.SCORE
    filed = AppealFiled(
        cycle_id=CYCLE,
        unit_id=unit_id,
        kind=kind,
        about_position=about,
        indicator_id="A" if of_score else None,
        period=YEAR if of_score else None,
        level=1,
        grounds="The figure of another unit was read.",
        remedy="Read it again.",
        evidence=EVIDENCE,
    )
    position = recorded(city, filed, "reporter")
    panel = (PanelMember(person_id=judge, declaration=EVIDENCE[0]),)
    recorded(city, AppealAssigned(cycle_id=CYCLE, unit_id=unit_id, appeal_position=position, panel=panel), "office")
    return position


def test_who_is_on_a_panel_sees_its_appeal_with_what_it_contests_and_no_other(serve: Callable[[City], Client]) -> None:
    city = found_city(VETOED)
    for person in ("other", "idle"):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin")
        city.given(grant(person, Role.PANEL), by="admin")
    entered = city.given(enter("7.4"), by="scorer")
    city.given(verify(entered), by="verifier")
    for unit_id, indicator_id in (("U04", "B"), ("U05", "A")):
        city.given(enter("0.5", unit_id, indicator_id), by="scorer")
    veto = city.given(IMPOSE, by="leading")
    of_score = appealed(city, "U04", AppealKind.SCORE, entered, "panel")
    of_veto = appealed(city, "U01", AppealKind.VETO, veto, "other")
    client = serve(city)

    appeals = {by: [node["unitId"] for node in client.ask(APPEALS, by=by)["nodes"]] for by in JUDGES}
    vetoes = {by: [node["unitId"] for node in client.ask(VETOES, by=by)["nodes"]] for by in JUDGES}
    seen = {by: [at for at in (of_score, of_veto) if client.ask(EVENT, by=by, at=str(at))] for by in JUDGES}
    histories = {
        (unit, indicator): len(client.ask(HISTORY % (CYCLE, YEAR), by="panel", unit=unit, indicator=indicator)["nodes"])
        for unit, indicator in (("U04", "A"), ("U04", "B"), ("U05", "A"))
    }

    assert appeals == {"panel": ["U04"], "other": ["U01"], "idle": []}
    assert vetoes == {"panel": [], "other": ["U01"], "idle": []}
    assert seen == {"panel": [of_score], "other": [of_veto], "idle": []}
    assert histories == {("U04", "A"): 2, ("U04", "B"): 0, ("U05", "A"): 0}
