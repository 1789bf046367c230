"""The fictional city: one seed gives one ledger, and what is said about it is true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.binhai.building import GROUND_TRUTH, Built, build, built
from ledger.binhai.calendar import at
from ledger.binhai.city import City
from ledger.binhai.copies import DAMAGED_EXPORT, EXPORT, RESERIALISED_EXPORT
from ledger.binhai.index import BEST, plan_of, weights_of
from ledger.binhai.proving import Proof
from ledger.binhai.shape import Shape, library, presets
from ledger.binhai.stage import Act, OutOfScript, Script, Stage
from ledger.binhai.truth import STORIES, Plant, Truth
from ledger.database import Database
from ledger.domain.adjustment import DeductionImposed
from ledger.domain.commands import OpenCycle
from ledger.domain.decision import DecisionHonoured, RewardDecided
from ledger.domain.facts import FACTS, Fact
from ledger.domain.formula import FormulaKind
from ledger.domain.grading import GradesOpened, GradesRevised, TieResolved
from ledger.domain.plan import Participation, Plan
from ledger.domain.plan_check import check_plan
from ledger.domain.recall import Recall
from ledger.domain.roles import Grant, incompatible
from ledger.domain.score import CorrectionRequested, ReasonCode, RequestedFor, ScoreCorrected
from ledger.entries import ENTRY_BYTES_MAX, decode
from ledger.evidence import EvidenceDirectory
from ledger.migrate import migrate
from ledger.recount import Recount
from ledger.scripted import ScriptedClock
from ledger.settings import Settings
from ledger.store import open_store

F = TypeVar("F", bound=Fact)

SHAPES = presets()
NOBODY_CLOSE, TWO_LEVEL = 2, 15
"""Seeds by which chance leaves no unit of XS close to the best grade, and two units level at its cut."""


@pytest.fixture(scope="module")
def ledgers(server: str) -> Iterator[Database]:
    """A database for several ledgers of this module."""
    name = "test_binhai"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        database = Database(make_conninfo(server, dbname=name))
        migrate(database)
        yield database
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def played(ledgers: Database, directory: Path, *, ledger_id: int, seed: int = NOBODY_CLOSE) -> tuple[Path, Built]:
    """The preset XS played on a ledger of its own, and where its files are."""
    directory.mkdir()
    settings = Settings(directory, ledger_id=ledger_id)
    return directory, build(ledgers, settings, preset="XS", seed=seed, progress=lambda done, total: None)


@pytest.fixture(scope="module")
def year(ledgers: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """One year of the preset XS."""
    return played(ledgers, tmp_path_factory.mktemp("binhai") / "first", ledger_id=1)


@pytest.fixture(scope="module")
def other_year(ledgers: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """A year of the preset XS with another seed."""
    return played(ledgers, tmp_path_factory.mktemp("binhai") / "other", ledger_id=3, seed=TWO_LEVEL)


def facts(directory: Path, kind: type[F]) -> list[F]:
    events = (decode(line) for line in (directory / EXPORT).read_bytes().splitlines())
    return [event.fact for event in events if isinstance(event.fact, kind)]


def test_one_seed_gives_one_export_byte_for_byte(ledgers: Database, year: tuple[Path, Built], tmp_path: Path):
    again, _ = played(ledgers, tmp_path / "again", ledger_id=2)

    for name in (EXPORT, GROUND_TRUTH):
        assert (again / name).read_bytes() == (year[0] / name).read_bytes()


def test_another_seed_gives_another_year(other_year: tuple[Path, Built], year: tuple[Path, Built]):
    assert (other_year[0] / EXPORT).read_bytes() != (year[0] / EXPORT).read_bytes()


def test_whatever_the_seed_a_unit_is_lifted_over_the_cut_and_found_out(
    year: tuple[Path, Built], other_year: tuple[Path, Built]
):
    for directory, _ in (year, other_year):
        lifted = next(plant["subject"] for plant in truth(directory) if plant["plant"] == "P1")
        given = [
            unit.grade
            for kind in (GradesOpened, GradesRevised)
            for fact in facts(directory, kind)
            for unit in fact.allocation
            if unit.unit_id == lifted["unit"]
        ]

        assert given == [BEST, "UNQUALIFIED"]


def test_without_the_last_correction_the_unit_is_not_lifted(year: tuple[Path, Built], other_year: tuple[Path, Built]):
    for directory, found in (year, other_year):
        plants = [plant for plant in planted(directory) if plant.plant == "P1"]

        assert len(plants) == 1
        assert before_the_grades(directory, found).false(plants) == []


def test_a_correction_that_regrades_nobody_is_no_lift(year: tuple[Path, Built]):
    directory, found = year
    [lifted] = [plant for plant in planted(directory) if plant.plant == "P1"]
    events = [decode(line) for line in (directory / EXPORT).read_bytes().splitlines()]
    first = next(event for event in events if isinstance(event.fact, ScoreCorrected))
    innocent = replace(lifted, positions=((first.position, first.type),))

    assert before_the_grades(directory, found).false([innocent]) == [f"P1 at {first.position}: {lifted.note}"]


def before_the_grades(directory: Path, found: Built) -> Proof:
    """What could be settled from the export just before the meeting opened the grades."""
    events = [decode(line) for line in (directory / EXPORT).read_bytes().splitlines()]
    opened = next(event.position for event in events if isinstance(event.fact, GradesOpened))
    known = Recall().fold(events, through=opened - 1)
    return Proof(known, found.cycle_id, lambda position: events[position - 1])


def planted(directory: Path) -> list[Plant]:
    lines = truth(directory)
    named = [[(event["position"], event["type"]) for event in line["positions"]] for line in lines]
    return [msgspec.convert(line | {"positions": events}, Plant) for line, events in zip(lines, named, strict=True)]


def test_the_reward_that_nobody_reviewed_was_paid(year: tuple[Path, Built], other_year: tuple[Path, Built]):
    for directory, _ in (year, other_year):
        events = [decode(line) for line in (directory / EXPORT).read_bytes().splitlines()]
        [story] = [plant for plant in planted(directory) if plant.plant == "P15" and not plant.look_alike]
        named = [events[position - 1].fact for position, _ in story.positions]

        assert [fact.amount for fact in named if isinstance(fact, DecisionHonoured)] == [Decimal("200000.00")]
        assert Decimal("200000.00") in [fact.amount for fact in named if isinstance(fact, RewardDecided)]


def test_a_correction_says_on_whose_account_it_is_asked_for(year: tuple[Path, Built]):
    asked = [fact for fact in facts(year[0], CorrectionRequested) if fact.case_ref is not None]

    assert {(fact.reason_code, fact.requested_for) for fact in asked} == {
        (ReasonCode.APPEAL_UPHELD, RequestedFor.APPEAL),
        (ReasonCode.FRAUD_FINDING, RequestedFor.INSPECTION),
    }


def test_everybody_in_a_whole_city_has_a_name_of_their_own():
    names = Counter(person.name for person in City(SHAPES["M"], seed=1).staff.by_id.values())

    assert names.most_common(1)[0][1] == 1


def test_where_nobody_is_close_to_the_cut_the_unit_above_it_loses_points_first(year: tuple[Path, Built]):
    lifted = next(plant["subject"] for plant in truth(year[0]) if plant["plant"] == "P1")
    lost = [fact for fact in facts(year[0], DeductionImposed) if fact.matter_id.startswith("D-LIFT")]

    assert len(lost) == 1
    assert lost[0].unit_id.startswith(lifted["group"])
    assert lost[0].unit_id != lifted["unit"]


def test_units_that_chance_made_level_at_a_cut_are_chosen_from(other_year: tuple[Path, Built]):
    [tie] = facts(other_year[0], TieResolved)

    assert (tie.grade, len(tie.tied), len(tie.admitted)) == (BEST, 2, 1)


def test_a_whole_city_lacks_what_has_no_look_alike():
    truth = Truth()
    for name in STORIES:
        truth.plant(name, (), note="planted")
        if name != "P7":
            truth.look_alike(name, (), note="innocent")

    assert truth.lacking() == ["P7"]


def test_what_was_built_is_known_only_once_it_is_complete(year: tuple[Path, Built], tmp_path: Path):
    directory, found = year

    assert built(Settings(directory)) == found
    assert built(Settings(tmp_path)) is None


def test_the_ground_truth_names_events_of_the_ledger(year: tuple[Path, Built]):
    directory, found = year
    events = [decode(line) for line in (directory / EXPORT).read_bytes().splitlines()]
    plants = truth(directory)

    assert len(events) == found.head == sum(found.kinds.values())
    assert {plant["plant"] for plant in plants} == {"P1", "P15", "P20"}
    for plant in plants:
        for named in plant["positions"]:
            assert events[named["position"] - 1].type == named["type"]
            assert named["type"] in FACTS


def test_a_look_alike_expects_no_rule_and_an_anomaly_some(year: tuple[Path, Built]):
    for plant in truth(year[0]):
        assert bool(plant["expected"]) is not plant["look_alike"]


def truth(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / GROUND_TRUTH).read_text("utf-8").splitlines()]


def test_every_statement_of_the_year_comes_out_again(year: tuple[Path, Built]):
    found = list(Recount(year[0] / EXPORT))

    assert {statement.statement for statement in found} >= {"GradesOpened", "GradesRevised", "ReportPublished"}
    assert [statement for statement in found if not statement.matches] == []


def test_the_damaged_copy_differs_in_one_byte_that_a_recount_finds_in_the_figures(year: tuple[Path, Built]):
    whole, damaged = ((year[0] / name).read_bytes() for name in (EXPORT, DAMAGED_EXPORT))
    different = [place for place, (ours, theirs) in enumerate(zip(whole, damaged, strict=True)) if ours != theirs]
    line = whole[: different[0]].count(b"\n") + 1

    assert len(different) == 1
    assert [p["position"] for plant in truth(year[0]) if plant["plant"] == "P20" for p in plant["positions"]] == [
        *(line, line),
    ]
    found = [each for each in Recount(year[0] / DAMAGED_EXPORT) if not each.matches]
    assert (found[0].position, found[0].statement) == (line, "ScoreVerified")
    assert {each.statement for each in found} >= {"ResultsComputed", "GradesOpened", "ReportPublished"}


def test_the_innocent_copy_says_the_same_in_other_bytes(year: tuple[Path, Built]):
    whole, other = ((year[0] / name).read_bytes().splitlines() for name in (EXPORT, RESERIALISED_EXPORT))

    assert whole != other
    assert list(map(json.loads, whole)) == list(map(json.loads, other))


def test_a_play_ends_where_the_ledger_answers_otherwise_than_the_script(database: Database, tmp_path: Path):
    def hopeful() -> Script:
        yield Act(at=at("2018-03-01 09:00"), by="nobody", command=OpenCycle(cycle_id="none"))

    clock = ScriptedClock()
    with open_store(database, clock=clock) as store:
        stage = Stage(store, clock, EvidenceDirectory(tmp_path), seed=1)
        stage.enter(hopeful())

        with pytest.raises(OutOfScript):
            stage.play(lambda done: None)
        assert store.head == 0


def first_plan(shape: Shape) -> Plan:
    """The first version of the plan of a city of this shape."""
    city = City(shape, seed=1)
    scoring = city.staff.scoring
    return plan_of(shape, groups=city.groups(), scoring=scoring, weights=weights_of(shape), title="Plan")


def test_every_method_of_scoring_occurs_in_the_plan_of_a_whole_city():
    plan = first_plan(SHAPES["M"])

    assert {indicator.formula.kind for indicator in plan.indicators} == set(FormulaKind)


@pytest.mark.parametrize("preset", ["XS", "S", "M"])
def test_a_plan_contradicts_itself_nowhere_and_fits_into_one_entry(preset: str):
    plan = first_plan(SHAPES[preset])

    check_plan(plan)
    assert len(msgspec.json.encode(plan)) < ENTRY_BYTES_MAX - 1_000


def test_the_library_has_sixty_indicators_in_eight_dimensions():
    assert Counter(row.dimension_id for row in library()) == {
        "ECO": 15,
        "KEY": 6,
        "GAP": 4,
        "ENV": 6,
        "RISK": 4,
        "LIV": 8,
        "PARTY_BUILDING": 10,
        "LAW": 7,
    }


def test_ninety_units_are_ranked_in_eight_groups():
    city = City(SHAPES["M"], seed=1)

    assert [len(city.ranked(group_id)) for group_id in city.group_ids] == [10, 4, 12, 18, 16, 8, 8, 14]
    assert sum(unit.participation is Participation.LISTED_SEPARATELY for unit in city.units.values()) == 2


@pytest.mark.parametrize(
    ("group_id", "frequencies"),
    [("G1", (12, 14, 4, 10)), ("G2", (12, 14, 4, 10)), ("G3", (2, 10, 2, 8)), ("G8", (0, 6, 2, 6))],
)
def test_a_group_has_so_many_indicators_a_month_quarter_half_and_year(group_id: str, frequencies: tuple[int, ...]):
    shape = SHAPES["M"]
    rows = shape.rows_of(next(group for group in shape.groups if group.group_id == group_id))
    found = Counter(row.frequency.value for row in rows)

    assert tuple(found[name] for name in ("MONTH", "QUARTER", "HALF", "YEAR")) == frequencies


@pytest.mark.parametrize("group_id", ["G1", "G3", "G8"])
def test_a_fifth_of_the_weight_is_for_what_is_hidden_or_takes_long(group_id: str):
    weights = weights_of(SHAPES["M"])[group_id]
    tagged = {row.indicator_id for row in library() if {"LATENT", "LONG_TERM"} & set(row.tags)}

    assert sum(weight for name, weight in weights.items() if name in tagged) >= Decimal(20)


def test_nobody_in_the_city_holds_two_duties_that_must_not_meet():
    for person in City(SHAPES["M"], seed=1).staff.by_id.values():
        grants = [
            Grant(role=role, scope=scope, position=number, valid_from=at("2018-01-02 09:00").date())
            for number, (role, scope) in enumerate(person.roles)
        ]
        assert [incompatible(g.role, g.scope, [h for h in grants if h is not g]) for g in grants] == [None] * len(
            grants
        )


def test_no_department_judges_itself():
    city = City(SHAPES["M"], seed=1)

    for unit_id, indicator_id, _ in city.cells():
        scorer = city.person(city.staff.scorer(indicator_id, unit_id))
        assert scorer.home_unit_id != unit_id
        assert all(scope.covers(indicator_id=indicator_id) for _, scope in scorer.roles)
