"""Commands that record who holds which post: the organisation department's alone.

Source: domain.md 2.4 "Registry", 3.9 "Cadres".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_text
from ledger.domain.persons import person_stream
from ledger.domain.posts import PostHeld, PostLeft, Posts, post_stream
from ledger.domain.refusals import DuplicateId, MalformedInput, NoChange, UnknownId
from ledger.domain.roles import Role
from ledger.domain.units import unit_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPost(Command):
    """Record that a cadre took a post in a unit."""

    subject_id: str
    unit_id: str
    post: str
    """What the post is called."""
    from_on: date
    """The first day in the post."""

    def stream(self) -> Stream[Posts]:
        return post_stream(self.subject_id)

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.ORGDEPT, unit_id=self.unit_id)
        check_text(self.post, path="post")
        world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        world.exists(unit_stream(self.unit_id), path="unit_id", unit_id=self.unit_id)
        for tenure in world.read(self.stream()).tenures:
            if (tenure.unit_id, tenure.post) == (self.unit_id, self.post) and tenure.covers(self.from_on):
                raise DuplicateId(path="post", held_position=tenure.position)
        return [PostHeld(subject_id=self.subject_id, unit_id=self.unit_id, post=self.post, from_on=self.from_on)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavePost(Command):
    """Record that a cadre left a post."""

    subject_id: str
    held_position: int
    """The position that recorded the post."""
    until_on: date
    """The last day in the post."""

    def stream(self) -> Stream[Posts]:
        return post_stream(self.subject_id)

    def decide(self, world: World) -> list[Fact]:
        tenure = world.read(self.stream()).tenure(self.held_position)
        world.act(Role.ORGDEPT, unit_id=tenure.unit_id if tenure else None)
        if tenure is None:
            raise UnknownId(path="held_position", position=self.held_position)
        if tenure.until_on is not None:
            raise NoChange(path="held_position", until_on=tenure.until_on)
        if self.until_on < tenure.from_on:
            raise MalformedInput(path="until_on", from_on=tenure.from_on, hint="The last day is before the first.")
        return [
            PostLeft(
                subject_id=self.subject_id,
                unit_id=tenure.unit_id,
                held_position=tenure.position,
                until_on=self.until_on,
            )
        ]
