"""Impartiality: nobody acts in the matter of a unit they belong to, by home or by post. Source: domain.md 7."""

from __future__ import annotations

from datetime import date

from ledger.domain.persons import Person
from ledger.domain.posts import Posts


def own_units(person: Person, posts: Posts, day: date) -> frozenset[str]:
    """The units a person belongs to on a day: the home unit, and those of the posts held then."""
    held = {tenure.unit_id for tenure in posts.tenures if tenure.covers(day)}
    return frozenset(held if person.home_unit_id is None else {person.home_unit_id, *held})
