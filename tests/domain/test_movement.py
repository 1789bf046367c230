"""Movement: which groups a fact can move."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import CYCLE, City
from opening import NORTH, RULES, SOUTH, compute, scored_city, two_groups

from ledger.domain.facts import Fact
from ledger.domain.movement import groups_moved
from ledger.domain.quota import SmallGroupRule
from ledger.domain.recall import Recall

POOLED = two_groups(replace(RULES, small_groups=SmallGroupRule.POOL))


def groups(city: City, fact: Fact, *, whole: bool = True) -> list[str]:
    recall = Recall().fold(city.memory.events)
    return groups_moved(fact, recall.cycle(CYCLE), recall.rulings(CYCLE), whole=whole)


def test_a_value_moves_its_units_group() -> None:
    city = scored_city(two_groups(RULES))

    assert groups(city, city.memory.events[-2].fact) == [SOUTH]


def test_where_groups_share_a_quota_a_value_moves_the_grades_of_all_of_them() -> None:
    city = scored_city(POOLED)
    verified = city.memory.events[-2].fact

    assert groups(city, verified) == [SOUTH, NORTH]
    assert groups(city, verified, whole=False) == [SOUTH]


@pytest.mark.parametrize(("plan", "expected"), [(two_groups(RULES), [NORTH]), (POOLED, [NORTH, SOUTH])])
def test_a_fact_about_a_group_moves_it_and_those_it_shares_a_quota_with(plan, expected) -> None:  # pyright: ignore
    city = scored_city(plan)
    city.given(compute(NORTH), by="office", at=city.memory.events[-1].recorded_at)

    assert groups(city, city.memory.events[-1].fact) == expected


def test_a_fact_about_the_cycle_moves_every_group() -> None:
    city = scored_city(two_groups(RULES))

    assert groups(city, city.memory.events[-1].fact) == [NORTH, SOUTH]
