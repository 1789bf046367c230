"""Persons who belong to a unit, for the domain's tests: at home there, or by a post held there."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from city import City, grant

from ledger.domain.commands import HoldPost, LeavePost, RegisterPerson
from ledger.domain.roles import Role


class Tie(StrEnum):
    """How somebody belongs to U04."""

    HOME = "HOME"
    POST = "POST"


def insider(city: City, role: Role, tie: Tie = Tie.HOME) -> str:
    """Given somebody who belongs to U04 and holds a role; who it is."""
    home = "U04" if tie is Tie.HOME else "U05"
    city.given(RegisterPerson(subject_id="insider", display_name="insider", home_unit_id=home), by="admin")
    city.given(grant("insider", role), by="admin")
    if tie is Tie.POST:
        posted(city, "insider", date(2018, 3, 1))
    return "insider"


def posted(city: City, person: str, from_on: date, until_on: date | None = None) -> None:
    """Given a post in U04."""
    city.give_role("admin", Role.ORGDEPT)
    held = HoldPost(subject_id=person, unit_id="U04", post="Deputy head", from_on=from_on)
    position = city.given(held, by="admin")
    if until_on is not None:
        city.given(LeavePost(subject_id=person, held_position=position, until_on=until_on), by="admin")
