"""The world as a decision sees it: who acts, when, and the streams it asks about.

A decision is a function of the command and of what it reads here; the streams it read are
remembered with their versions, so that the append can refuse if any of them moved. Several
commands of one person may be decided in one world, one after the other: what they have in
common is then found once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Protocol, TypeVar, TypeVarTuple

from ledger.domain.evidence import evidence_stream
from ledger.domain.facts import Actor, Event, Fact, State, Stream
from ledger.domain.impartiality import own_units
from ledger.domain.periods import end_of, local_day
from ledger.domain.persons import Person, person_stream
from ledger.domain.plan import Plan
from ledger.domain.posts import post_stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    ConflictOfInterest,
    DeadlinePassed,
    EvidenceRequired,
    EvidenceUnknown,
    ForbiddenRole,
    OutOfScopeUnit,
    ReasonRequired,
    ReasonTooShort,
    Refused,
    SeparationOfDuties,
    StaleExpectedVersion,
    UnknownId,
)
from ledger.domain.roles import Grant, Role

CIVIL_TIMEZONE = "Asia/Shanghai"
"""Days outside any plan (roles, delegations) are days of this time zone."""
REASON_LENGTH_MAX = 2000
NOBODY = Actor("anonymous", "RATER")
"""Whom the ledger names where a ballot is cast: no person, whoever's connection it came over."""

S = TypeVar("S", bound=State)
T = TypeVar("T")
Subjects = TypeVarTuple("Subjects")


class History(Protocol):
    """Where streams are read from: the store, or a list of events in a test."""

    def load(self, stream: Stream[S], /) -> tuple[int, S]:
        """Return the stream's version (0 if nothing is recorded) and its state."""
        ...

    def recall(self, cycle_id: str, at: int | None = None, /) -> Recall:
        """Return everything that is recorded of a cycle, as known now or at a position."""
        ...

    def event(self, position: int, /) -> Event | None:
        """Return the event at a position, None if there is none."""
        ...


class World:
    """What a decision may ask: its actor, its instant, and any stream."""

    def __init__(
        self,
        history: History,
        *,
        person_id: str,
        now: datetime,
        on_behalf_of: str | None = None,
        stored_bytes: Callable[[str], int | None] = lambda sha256: None,
    ):
        self.person_id = person_id
        self.on_behalf_of = on_behalf_of
        self.now = now
        self.stored_bytes = stored_bytes
        """How many bytes are stored under a content hash, None if none are."""
        self.relied_on: dict[str, int] = {}
        """Every stream that was read, with the version it had."""
        self.still: dict[str, int] = {}
        """Cycles of which nothing may be recorded after a position, because results were settled as of it."""
        self.expires_at: datetime | None = None
        """The decision holds only if it is recorded before this instant."""
        self._unsettled = Actor(person_id, "NONE", None, on_behalf_of)
        self.actor = self._unsettled
        """Whom the ledger will name; settled by `act`."""
        self._today: date | None = None
        self._history = history
        self._states: dict[str, Any] = {}
        self._recalled: dict[str, Recall] = {}
        # What was found for all decisions in this world, and the streams that it was found on.
        self._found: dict[tuple[Any, ...], Any] = {}
        self._found_on: set[str] = set()
        self._finding = False

    @property
    def today(self) -> date:
        """The civil day of the decision, for what lies outside any plan: `day` is the one under a plan."""
        # Not a cached property, which takes a lock.
        if self._today is None:
            self._today = local_day(self.now, CIVIL_TIMEZONE)
        return self._today

    def day(self, plan: Plan) -> date:
        """The day of the decision, local to the plan's time zone."""
        return local_day(self.now, plan.timezone)

    @property
    def persons(self) -> frozenset[str]:
        """The person who acts and the one they act for."""
        return self.actor.persons

    def decide(self, command: Command) -> list[Fact]:
        """Return what the command leads to; nobody acts yet when it begins. Raises Refused."""
        self.actor = self._unsettled
        return command.decide(self)

    def written(self, streams: Iterable[str]) -> None:
        """What was decided will change these streams: nothing that was known of them is good for the next decision."""
        for stream in streams:
            self._states.pop(stream, None)
            if stream in self._found_on:
                self._found.clear()
                self._found_on.clear()

    def read(self, stream: Stream[S]) -> S:
        """Return the stream's state and rely on its version from now on; one decision sees one state of a stream."""
        name = stream.name
        if name not in self._states:
            self.relied_on[name], self._states[name] = self._history.load(stream)
        if self._finding:
            self._found_on.add(name)
        return self._states[name]

    def once(self, find: Callable[[World, *Subjects], T], *about: *Subjects) -> T:
        """Return `find(world, *about)`, found once for all decisions in this world.

        What is found may depend on nothing but the world and what it is about; a refusal is
        found again each time.
        """
        key = (find, *about)
        found = self._found.get(key, self)
        if found is not self:
            return found
        outermost, self._finding = not self._finding, True
        try:
            result = self._found[key] = find(self, *about)
        finally:
            if outermost:
                self._finding = False
        return result

    def recall(self, cycle_id: str) -> Recall:
        """Return what is known of a whole cycle; the decision holds only while nothing more of it is recorded."""
        if cycle_id not in self._recalled:
            recall = self._recalled[cycle_id] = self._history.recall(cycle_id)
            self.still[cycle_id] = recall.as_of
        return self._recalled[cycle_id]

    def recall_at(self, cycle_id: str, position: int) -> Recall:
        """Return what was known of a cycle at a position, which nothing recorded now can change."""
        return self._history.recall(cycle_id, position)

    def event(self, position: int, *, path: str) -> Event:
        """Return the event at a cited position, which nothing recorded later can change. Raises UnknownId."""
        event = self._history.event(position)
        if event is None:
            raise UnknownId(path=path, position=position)
        return event

    def exists(self, stream: Stream[S], *, path: str, hint: str | None = None, **named: str) -> S:
        """Return the state of a stream that must have begun. Raises UnknownId."""
        state = self.read(stream)
        if self.relied_on[stream.name] == 0:
            raise UnknownId(path=path, hint=hint, **named)
        return state

    def expect(self, stream: Stream[S], version: int | None) -> None:
        """Raise StaleExpectedVersion unless the stream is at `version`; None expects nothing."""
        if version is not None and version != self.relied_on[stream.name]:
            raise StaleExpectedVersion(
                path="expected_version", stream=stream.name, current_version=self.relied_on[stream.name]
            )

    def act(
        self,
        *roles: Role,
        unit_id: str | None = None,
        indicator_id: str | None = None,
        group_id: str | None = None,
        group_ids: Iterable[str] = (),
    ) -> Role:
        """Act in the first of `roles` that the person holds for these subjects, all of the groups, and return it.

        Raises ForbiddenRole if none of the roles is held today, OutOfScopeUnit if one is
        held, but not for these subjects. A delegate acts in the role of who delegated.
        """
        for grant, actor in self.once(World._offices, roles):
            scope = grant.scope
            if scope.covers(unit_id=unit_id, indicator_id=indicator_id, group_id=group_id) and scope.holds(group_ids):
                self.actor = actor
                if grant.valid_to is not None:
                    self._hold_until(end_of(grant.valid_to, CIVIL_TIMEZONE))
                return grant.role
        raise OutOfScopeUnit(person_id=self.person_id, unit_id=unit_id, indicator_id=indicator_id)

    def _offices(self, roles: tuple[Role, ...]) -> tuple[tuple[Grant, Actor], ...]:
        """The grants of these roles that hold today, in the order of the roles, and as whom the person acts in each."""
        principal = _person(self, self.on_behalf_of or self.person_id)
        today = self.today
        grants = [grant for grant in principal.grants if grant.role in roles and grant.in_force(today)]
        if self.on_behalf_of is not None:
            delegate = _person(self, self.person_id)
            lent = {d.role for d in delegate.delegations if d.from_person_id == self.on_behalf_of and d.in_force(today)}
            grants = [grant for grant in grants if grant.role in lent]
        if not grants:
            raise ForbiddenRole(person_id=self.person_id, needed=" or ".join(roles))
        grants.sort(key=lambda grant: roles.index(grant.role))
        home = _person(self, self.person_id).home_unit_id
        acting = (Actor(self.person_id, grant.role.value, home, self.on_behalf_of) for grant in grants)
        return tuple(zip(grants, acting, strict=True))

    def act_unnamed(self) -> None:
        """Act without a person; what the command itself carries is its only credential."""
        self.actor = NOBODY

    def require_holder(
        self,
        person_id: str,
        *roles: Role,
        path: str,
        unit_id: str | None = None,
        indicator_id: str | None = None,
        group_id: str | None = None,
        group_ids: Iterable[str] = (),
    ) -> None:
        """Check that somebody named in a command, such as who approved, holds one of `roles` for these subjects."""
        grants = [g for g in _person(self, person_id, path=path).grants if g.role in roles and g.in_force(self.today)]
        if not grants:
            raise ForbiddenRole(path=path, person_id=person_id, needed=" or ".join(roles))
        subjects = {"unit_id": unit_id, "indicator_id": indicator_id, "group_id": group_id}
        if not any(grant.scope.covers(**subjects) and grant.scope.holds(group_ids) for grant in grants):
            raise OutOfScopeUnit(path=path, person_id=person_id, unit_id=unit_id, indicator_id=indicator_id)

    def approved(
        self,
        approved_by: str,
        *roles: Role,
        because: str,
        unit_id: str | None = None,
        group_id: str | None = None,
        group_ids: Iterable[str] = (),
    ) -> str:
        """Return who approved: another than who acts, or is acted for, and the holder of one of `roles` there.

        `because` is the rule that parts them. Raises ForbiddenRole, OutOfScopeUnit, SeparationOfDuties.
        """
        self.require_holder(
            approved_by, *roles, path="approved_by", unit_id=unit_id, group_id=group_id, group_ids=group_ids
        )
        if approved_by in self.persons:
            raise SeparationOfDuties(path="approved_by", person_id=approved_by, because=because)
        return approved_by

    def own_units(self, person_id: str) -> frozenset[str]:
        """The units that somebody belongs to today, by home or by post."""
        return self.once(_own_units, person_id)

    def require_impartial(
        self,
        *unit_ids: str,
        persons: Iterable[str] | None = None,
        path: str | None = "unit_id",
        refusal: type[Refused] = ConflictOfInterest,
    ) -> None:
        """Raise `refusal` if one of `persons` belongs to one of the units; without any, whoever acts or is acted for.

        Source: domain.md 7, "not in your own unit's matter".
        """
        for person_id in sorted(self.persons if persons is None else persons):
            own = self.own_units(person_id).intersection(unit_ids)
            if own:
                because = "nobody acts in the matter of a unit they belong to, by home or by post"
                raise refusal(path=path, person_id=person_id, unit_id=", ".join(sorted(own)), because=because)

    def differ(self, others: Iterable[str], *, because: str) -> None:
        """Raise SeparationOfDuties if whoever acts, or is acted for, is among `others`."""
        same = self.persons & frozenset(others)
        if same:
            raise SeparationOfDuties(person_id=", ".join(sorted(same)), because=because)

    def before_end_of(self, day: date | None, timezone: str, *, name: str) -> None:
        """Require that the decision is recorded before the end of the local `day`; None is no deadline."""
        if day is None:
            return
        limit = end_of(day, timezone)
        if self.now >= limit:
            raise DeadlinePassed(deadline=name, ended=limit.isoformat())
        self._hold_until(limit)

    def _hold_until(self, limit: datetime) -> None:
        self.expires_at = limit if self.expires_at is None else min(self.expires_at, limit)

    def reason(self, text: str | None, *, length_min: int, path: str = "reason") -> str:
        """Return the trimmed reason. Raises ReasonRequired, ReasonTooShort."""
        trimmed = (text or "").strip()
        if not trimmed:
            raise ReasonRequired(path=path)
        if len(trimmed) < length_min or len(trimmed) > REASON_LENGTH_MAX:
            raise ReasonTooShort(path=path, length=len(trimmed), length_min=length_min, length_max=REASON_LENGTH_MAX)
        return trimmed

    def evidence(self, hashes: tuple[str, ...], *, count_min: int) -> tuple[str, ...]:
        """Return the cited content hashes, each registered. Raises EvidenceRequired, EvidenceUnknown."""
        return self.once(World._registered, hashes, count_min)

    def _registered(self, hashes: tuple[str, ...], count_min: int) -> tuple[str, ...]:
        different = len(set(hashes))
        if different < count_min:
            raise EvidenceRequired(path="evidence", given=different, needed=count_min)
        for sha256 in hashes:
            if not self.read(evidence_stream(sha256)).registered:
                raise EvidenceUnknown(path="evidence", sha256=sha256)
        return hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something a person asks the ledger to record."""

    ANONYMOUS: ClassVar[bool] = False
    """Whether nothing that is kept of the command may tell who sent it."""

    def decide(self, world: World) -> list[Fact]:
        """Return the facts to record, or raise Refused."""
        raise NotImplementedError

    @property
    def about(self) -> str:
        """What the command is about; refused attempts are counted per target."""
        stream = self.stream()
        return stream.name if stream else type(self).__name__

    def stream(self) -> Stream[Any] | None:
        """The stream that tells this command from others of its kind, where there is one."""
        return None

    def reads(self) -> tuple[Stream[Any], ...]:
        """Streams of its own that the decision asks for: a batch reads those of all its commands at once."""
        stream = self.stream()
        return () if stream is None else (stream,)


def _own_units(world: World, person_id: str) -> frozenset[str]:
    return own_units(world.read(person_stream(person_id)), world.read(post_stream(person_id)), world.today)


def _person(world: World, person_id: str, *, path: str = "person_id") -> Person:
    return world.exists(person_stream(person_id), path=path, person_id=person_id)
