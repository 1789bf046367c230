"""Spot checks: who draws what, who measures it once more, and what follows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from belonging import posted
from city import CYCLE, EVIDENCE, NOW, UNITS, YEAR, City, Refusal, enter, grant, request, verify

from ledger.domain.commands import PlanSpotCheck, RecordSpotCheck, RegisterPerson, ResolveDiscrepancy
from ledger.domain.persons import person_stream
from ledger.domain.roles import Role
from ledger.domain.score import VerificationMethod, score_stream
from ledger.domain.spot_check import (
    DiscrepancyFound,
    DiscrepancyOutcome,
    DiscrepancyResolved,
    SpotCheckPlanned,
    SpotCheckRecorded,
    draw,
    drawn_by,
    exceeds,
    list_hash,
)
from ledger.domain.visibility import visibility_of

FRAME = tuple(f"score:{CYCLE}:U{number:02}:A:{YEAR}" for number in range(40))
NAMES = tuple(score_stream(CYCLE, unit, "A", YEAR).name for unit in UNITS)
PLANNED = PlanSpotCheck(cycle_id=CYCLE, check_id="S-1", seed="lottery 2019012", n=2)
WHY = "The unit counted a plant that has moved away."


def record(observed: str, unit_id: str = "U04", check_id: str = "S-1", **changed: Any) -> RecordSpotCheck:
    command = RecordSpotCheck(
        cycle_id=CYCLE,
        check_id=check_id,
        unit_id=unit_id,
        indicator_id="A",
        period=YEAR,
        observed=Decimal(observed),
        uom="%",
        method=VerificationMethod.SITE_VISIT,
        inspectors=("inspector", "deputy"),
        evidence=EVIDENCE,
    )
    return replace(command, **changed)


def resolve(position: int, outcome: DiscrepancyOutcome, correction: int | None = None) -> ResolveDiscrepancy:
    return ResolveDiscrepancy(
        cycle_id=CYCLE,
        check_id="S-1",
        found_position=position,
        outcome=outcome,
        correction_position=correction,
        reason=WHY,
    )


@pytest.fixture
def scored(city: City) -> City:
    """The city with a verified value of A for each unit."""
    for unit in UNITS:
        city.given(verify(city.given(enter("8.0", unit), by="scorer"), unit), by="verifier")
    return city


def planned(city: City) -> SpotCheckPlanned:
    city.given(PLANNED, by="office")
    fact = city.memory.events[-1].fact
    assert isinstance(fact, SpotCheckPlanned)
    return fact


def test_whoever_has_the_frame_and_the_seed_draws_the_same() -> None:
    drawn = draw(FRAME, "seed", 5)

    assert draw(FRAME[::-1], "seed", 5) == drawn
    assert draw(FRAME, "seed", 6)[:5] == drawn, "a larger sample holds the smaller one"
    assert len(set(drawn)) == 5
    assert set(drawn) < set(FRAME)
    assert draw(FRAME, "another seed", 5) != drawn


def test_a_score_that_leaves_the_frame_moves_no_other_ones_ticket() -> None:
    drawn = draw(FRAME, "seed", 10)
    undrawn = next(name for name in FRAME if name not in drawn)

    assert draw([name for name in FRAME if name != undrawn], "seed", 10) == drawn


def test_over_many_seeds_every_score_is_drawn_about_equally_often() -> None:
    times = Counter(name for number in range(2_000) for name in draw(FRAME, f"seed {number}", 4))

    # 200 expected each; five standard deviations of a binomial are 67.
    assert set(times) == set(FRAME)
    assert all(133 <= count <= 267 for count in times.values())


def test_a_plan_binds_frame_seed_and_list_and_does_not_tell_the_list(scored: City) -> None:
    as_of = scored.head
    drawn = draw(NAMES, PLANNED.seed, 2)

    assert scored.when(PLANNED, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert scored.when(PLANNED, by="inspector") == (
        SpotCheckPlanned(
            cycle_id=CYCLE,
            check_id="S-1",
            as_of_position=as_of,
            frame_size=5,
            frame_hash=list_hash(NAMES),
            seed="lottery 2019012",
            n=2,
            drawn_hash=list_hash(drawn),
            tolerance=Decimal(0),
        ),
    )
    assert scored.when(PLANNED, by="office") == Refusal("DUPLICATE_ID", "check_id")


def test_a_draw_is_reproduced_from_the_ledger_after_everything_moved_on(scored: City) -> None:
    plan = planned(scored)
    scored.given(verify(scored.given(enter("90", indicator_id="C"), by="scorer"), indicator_id="C"), by="verifier")

    drawn = drawn_by(plan, scored.memory.recall(CYCLE, plan.as_of_position))
    assert list_hash(drawn) == plan.drawn_hash


def test_a_frame_is_limited_to_groups_and_indicators(scored: City) -> None:
    scored.given(verify(scored.given(enter("90", indicator_id="C"), by="scorer"), indicator_id="C"), by="verifier")
    scored.given(replace(PLANNED, indicator_ids=("C",), group_ids=("G1",), n=1), by="office")

    fact = scored.memory.events[-1].fact
    assert isinstance(fact, SpotCheckPlanned)
    assert fact.drawn_hash == list_hash([score_stream(CYCLE, "U04", "C", YEAR).name])


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"n": 0}, Refusal("OUT_OF_RANGE", "n")),
        ({"n": 6}, Refusal("OUT_OF_RANGE", "n")),
        ({"seed": " "}, Refusal("MALFORMED_INPUT", "seed")),
        ({"check_id": "S 1"}, Refusal("MALFORMED_INPUT", "check_id")),
        ({"tolerance": Decimal("1.1")}, Refusal("OUT_OF_RANGE", "tolerance")),
        ({"group_ids": ("G9",)}, Refusal("UNKNOWN_ID", "group_ids")),
        ({"indicator_ids": ("Z",)}, Refusal("UNKNOWN_ID", "indicator_ids")),
        ({"cycle_id": "1999"}, Refusal("UNKNOWN_ID", "cycle_id")),
    ],
)
def test_a_draw_that_cannot_be_is_refused(scored: City, changed: dict[str, Any], refusal: Refusal) -> None:
    assert scored.when(replace(PLANNED, **changed), by="office") == refusal


def test_a_value_that_was_found_again_is_recorded_without_more(scored: City) -> None:
    position = scored.score().value_positions

    assert scored.when(record("8.00"), by="inspector") == (
        SpotCheckRecorded(
            cycle_id=CYCLE,
            check_id="S-1",
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            official_position=min(position),
            observed=Decimal("8.00"),
            uom="%",
            method=VerificationMethod.SITE_VISIT,
            inspectors=("inspector", "deputy"),
            drawn=False,
            evidence=EVIDENCE,
        ),
    )
    assert scored.when(record("8.0"), by="inspector") == Refusal("DUPLICATE_ID", "unit_id")


def test_a_gap_beyond_what_is_tolerated_is_a_discrepancy(scored: City) -> None:
    outcome = scored.when(record("7.4"), by="inspector")

    assert isinstance(outcome, tuple)
    assert outcome[1:] == (
        DiscrepancyFound(
            cycle_id=CYCLE,
            check_id="S-1",
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            official_position=min(scored.score().value_positions),
            official=Decimal("8.0"),
            observed=Decimal("7.4"),
            gap=Decimal("-0.6"),
            tolerance=Decimal(0),
        ),
    )


@pytest.mark.parametrize(
    ("official", "observed", "tolerance", "found"),
    [
        ("8.0", "7.6", "0.05", False),
        ("8.0", "7.59", "0.05", True),
        ("8.0", "8.41", "0.05", True),
        ("-8.0", "-8.4", "0.05", False),
        ("0", "0.01", "0.5", True),
        ("0", "0.00", "0", False),
    ],
)
def test_the_tolerance_is_a_share_of_the_official_value(
    official: str, observed: str, tolerance: str, found: bool
) -> None:
    assert exceeds(Decimal(official), Decimal(observed), Decimal(tolerance)) is found


def test_the_draw_says_which_scores_were_drawn_and_what_is_tolerated(scored: City) -> None:
    scored.given(replace(PLANNED, tolerance=Decimal("0.1")), by="office")
    drawn = draw(NAMES, PLANNED.seed, 2)

    assert scored.when(record("7.4", tolerance=Decimal("0.2")), by="inspector") == Refusal(
        "MALFORMED_INPUT", "tolerance"
    )
    for unit, name in zip(UNITS, NAMES, strict=True):
        outcome = scored.when(record("7.4", unit), by="inspector")
        assert isinstance(outcome, tuple)
        (fact,) = outcome
        assert isinstance(fact, SpotCheckRecorded)
        assert fact.drawn is (name in drawn)


def test_who_stood_for_a_score_does_not_check_it(scored: City) -> None:
    scored.given(grant("colleague", Role.OFFICE), by="admin")
    scored.given(RegisterPerson(subject_id="neighbour", display_name="neighbour", home_unit_id="U04"), by="admin")
    scored.given(RegisterPerson(subject_id="surveyor", display_name="surveyor"), by="admin")
    posted(scored, "colleague", date(2018, 3, 1))
    scored.given(grant("surveyor", Role.VERIFIER), by="admin")

    def by(person: str, *inspectors: str) -> object:
        return scored.when(record("8.0", inspectors=inspectors or ("inspector", "deputy")), by=person)

    assert by("verifier") == Refusal("SEPARATION_OF_DUTIES")
    assert by("scorer") == Refusal("FORBIDDEN_ROLE")
    assert by("surveyor", "surveyor", "scorer") == Refusal("SEPARATION_OF_DUTIES", "inspectors")
    assert by("surveyor", "surveyor", "surveyor") == Refusal("SEPARATION_OF_DUTIES", "inspectors")
    for person in ("neighbour", "colleague"):
        assert by("surveyor", "surveyor", person) == Refusal("CONFLICT_OF_INTEREST", "inspectors")
    assert by("surveyor", "surveyor", "nobody") == Refusal("UNKNOWN_ID", "inspectors")
    assert isinstance(by("surveyor", "surveyor", "deputy"), tuple)


def test_who_approved_a_correction_stood_for_the_score_too(city: City) -> None:
    city.corrected()

    outcome = city.when(record("8.0", inspectors=("approver", "deputy")), by="inspector")
    assert outcome == Refusal("SEPARATION_OF_DUTIES", "inspectors")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"unit_id": "U99"}, Refusal("UNKNOWN_ID", "unit_id")),
        ({"indicator_id": "B"}, Refusal("NOT_VERIFIED")),
        ({"uom": "km"}, Refusal("UNIT_OF_MEASURE_MISMATCH", "uom")),
        ({"observed": Decimal("-1")}, Refusal("OUT_OF_RANGE", "observed")),
        ({"evidence": ()}, Refusal("EVIDENCE_REQUIRED", "evidence")),
        ({"tolerance": Decimal("-1")}, Refusal("OUT_OF_RANGE", "tolerance")),
    ],
)
def test_an_observation_that_fits_no_score_is_refused(scored: City, changed: dict[str, Any], refusal: Refusal) -> None:
    assert scored.when(replace(record("8.0"), **changed), by="inspector") == refusal


def test_a_discrepancy_is_resolved_once_and_says_how(scored: City) -> None:
    found = scored.given(record("7.4"), by="inspector")

    assert scored.when(resolve(1, DiscrepancyOutcome.EXPLAINED), by="office") == Refusal("UNKNOWN_ID", "found_position")
    assert scored.when(resolve(found, DiscrepancyOutcome.REFERRED), by="office") == (
        DiscrepancyResolved(
            cycle_id=CYCLE,
            check_id="S-1",
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            found_position=found,
            outcome=DiscrepancyOutcome.REFERRED,
            reason=WHY,
        ),
    )
    again = scored.when(resolve(found, DiscrepancyOutcome.EXPLAINED), by="office")
    assert again == Refusal("REQUEST_NOT_OPEN", "found_position")


def test_a_corrected_discrepancy_cites_the_correction(city: City) -> None:
    entry = city.verified("8.0")
    found = city.given(record("7.4"), by="inspector")
    outcome = DiscrepancyOutcome.CORRECTED

    assert city.when(resolve(found, outcome), by="office") == Refusal("MALFORMED_INPUT", "correction_position")
    cited = resolve(found, DiscrepancyOutcome.EXPLAINED, entry)
    assert city.when(cited, by="office") == Refusal("MALFORMED_INPUT", "correction_position")
    earlier = resolve(found, outcome, entry)
    assert city.when(earlier, by="office") == Refusal("CORRECTION_TARGET_INVALID", "correction_position")
    requested = city.given(request(entry, "7.4"), by="scorer")
    wrong = resolve(found, outcome, requested)
    assert city.when(wrong, by="office") == Refusal("CORRECTION_TARGET_INVALID", "correction_position")


def test_the_draw_is_seen_by_those_who_run_the_process_and_the_outcome_by_whoever_sees_the_score(
    scored: City,
) -> None:
    scored.given(PLANNED, by="office")
    scored.given(record("7.4"), by="inspector")

    def seen_by(person: str) -> list[str]:
        visibility = visibility_of(person, scored.memory.load(person_stream(person))[1], NOW.date())
        return [event.type for event in scored.memory.events[-3:] if visibility.sees(event)]

    everything = ["SpotCheckPlanned", "SpotCheckRecorded", "DiscrepancyFound"]
    assert {person: seen_by(person) for person in ("office", "inspector", "reporter", "verifier", "panel")} == {
        "office": everything,
        "inspector": everything,
        "reporter": everything[1:],
        "verifier": everything[1:],
        "panel": [],
    }
