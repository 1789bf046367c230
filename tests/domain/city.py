"""A small city for the domain's tests: a ledger in a list, and the words to say given, when, then.

    entered = city.given(enter("7.4"), by="scorer")

    assert city.when(verify(entered), by="scorer") == Refusal("SEPARATION_OF_DUTIES")

Whoever acts is named after the role they hold, and every instant is a constant below.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from ledger.domain.commands import (
    ApproveCorrection,
    EnterScore,
    EnterScoreLate,
    ExemptIndicator,
    GrantRole,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RegisterEvidence,
    RegisterPerson,
    RegisterUnit,
    RequestCorrection,
    SelfReportScore,
    SetTarget,
    VerifyScore,
    WithdrawScore,
)
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.facts import Actor, Event, Fact, State, Stream
from ledger.domain.persons import RoleGranted
from ledger.domain.plan import (
    EntryKind,
    Indicator,
    Plan,
)
from ledger.domain.plan_rules import AdjustmentRules
from ledger.domain.recall import Recall
from ledger.domain.refusals import Refused
from ledger.domain.results import Results
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.score import Basis, ReasonCode, Score, score_stream
from ledger.domain.settlement import settle
from ledger.domain.units import UnitCategory
from ledger.domain.world import Command, World
from ledger.mini_ledger.plan import CYCLE as CYCLE
from ledger.mini_ledger.plan import GROUP as GROUP
from ledger.mini_ledger.plan import PLAN as MINI_PLAN
from ledger.mini_ledger.plan import UNITS as UNITS
from ledger.mini_ledger.plan import YEAR as YEAR
from ledger.mini_ledger.plan import indicator as indicator
from ledger.mini_ledger.story import instant as instant

S = TypeVar("S", bound=State)


FOUNDED = instant("2018-01-02 09:00")
MIDSUMMER = instant("2018-06-15 12:00")
NOW = instant("2019-01-05 12:00")
"""The year is over and entry is open."""
LATE = instant("2019-01-11 09:00")
"""The entry deadline has passed, the one for verification has not."""

EVIDENCE = ("e" * 64,)
BECAUSE = "The clerk read the wrong row of the table."


PLAN = replace(
    MINI_PLAN,
    calendar=replace(MINI_PLAN.calendar, holidays=(), makeup_workdays=()),
    adjustments=AdjustmentRules(),
    grading=None,
    decisions=(),
    veto_articles=(),
)
"""The plan of the specification's golden mini-ledger as far as scores go."""


def plan_with(*indicators: Indicator) -> Plan:
    """The city's plan over other indicators."""
    return replace(PLAN, indicators=indicators)


@dataclass(frozen=True)
class Refusal:
    """What became of a command that was not recorded: the code clients branch on, and the place."""

    code: str
    path: str | None = None


class Memory:
    """A ledger in a list: where streams are read from, and where facts get their place."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._streams: defaultdict[str, list[Event]] = defaultdict(list)

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        state = stream.initial
        for event in self._streams[stream.name]:
            state = state.evolve(event)
        return len(self._streams[stream.name]), state

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        return Recall().fold((e for e in self.events if getattr(e.fact, "cycle_id", None) == cycle_id), through=at)

    def event(self, position: int) -> Event | None:
        return self.events[position - 1] if 0 < position <= len(self.events) else None

    def record(self, fact: Fact, *, actor: Actor, at: datetime, command_id: UUID | None = None) -> Event:
        assert not self.events or at >= self.events[-1].recorded_at, "time never runs backwards in a ledger"
        position, stream = len(self.events) + 1, self._streams[fact.stream]
        event = Event(position, at, fact.stream, len(stream) + 1, fact, actor, command_id or UUID(int=position))
        self.events.append(event)
        stream.append(event)
        return event


class City:
    """A ledger under test, with the questions its tests ask."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.stored = {EVIDENCE[0]: 1024}

    def world(self, by: str, *, at: datetime = NOW, on_behalf_of: str | None = None) -> World:
        """The world as somebody's decision would see it."""
        return World(self.memory, person_id=by, now=at, on_behalf_of=on_behalf_of, stored_bytes=self.stored.get)

    def given(self, command: Command, *, by: str, at: datetime = NOW, on_behalf_of: str | None = None) -> int:
        """Record what follows from a command that must not be refused; return its last position."""
        world = self.world(by, at=at, on_behalf_of=on_behalf_of)
        command_id = UUID(int=self.head + 1)
        for fact in command.decide(world):
            self.memory.record(fact, actor=world.actor, at=at, command_id=command_id)
        return self.head

    def when(
        self, command: Command, *, by: str, at: datetime = NOW, on_behalf_of: str | None = None
    ) -> tuple[Fact, ...] | Refusal:
        """Send a command and return the facts it recorded, or its refusal; then nothing is recorded."""
        before = self.head
        try:
            self.given(command, by=by, at=at, on_behalf_of=on_behalf_of)
        except Refused as refused:
            assert self.head == before
            return Refusal(refused.code(), refused.path)
        return tuple(event.fact for event in self.memory.events[before:])

    def give_role(self, person: str, role: Role, scope: Scope = EVERYTHING, *, at: datetime = NOW) -> None:
        """Given a role past the incompatibilities, as a ledger from before a rule would have it."""
        granted = RoleGranted(
            subject_id=person, role=role, scope=scope, valid_from=date(2018, 1, 1), approved_by="director"
        )
        at = max(at, self.memory.events[-1].recorded_at)
        self.memory.record(granted, actor=Actor("admin", "SYSADMIN"), at=at)

    @property
    def head(self) -> int:
        """The last position."""
        return len(self.memory.events)

    def score(self, unit_id: str = "U04", indicator_id: str = "A", period: str = YEAR) -> Score:
        """One score as decisions see it."""
        return self.memory.load(score_stream(CYCLE, unit_id, indicator_id, period))[1]

    def value(self, basis: Basis, unit_id: str = "U04", indicator_id: str = "A", period: str = YEAR) -> str | None:
        """One effective value, as figures see it."""
        known = Recall().fold(self.memory.events).values(CYCLE, basis).get((unit_id, indicator_id, period))
        return None if known is None else str(known.value)

    def results(self, basis: Basis = Basis.OFFICIAL, *, as_of: int | None = None, period: str | None = None) -> Results:
        """The results of the city's group as known at a position."""
        recall = Recall().fold(self.memory.events, through=as_of)
        return settle(recall.slice(CYCLE, GROUP, period=period, basis=basis))

    def ranking(self, basis: Basis = Basis.OFFICIAL, *, as_of: int | None = None) -> list[tuple[int | None, str, str]]:
        """Rank, unit and total of each unit, in order."""
        return [(row.rank, row.unit_id, str(row.total)) for row in self.results(basis, as_of=as_of).rows]

    def entered(self, value: str = "7.4") -> int:
        """Given an entered value of U04.A; its position."""
        return self.given(enter(value), by="scorer")

    def verified(self, value: str = "7.4") -> int:
        """Given a verified value of U04.A; the position of the entry, which is what a correction cites."""
        position = self.entered(value)
        self.given(verify(position), by="verifier")
        return position

    def requested(self, value: str = "8.0") -> int:
        """Given a request to correct a verified U04.A; its position."""
        return self.given(request(self.verified(), value), by="scorer")

    def corrected(self, value: str = "8.0") -> int:
        """Given a corrected U04.A; the position of the correction."""
        return self.given(approve(self.requested(value)), by="approver")


def found_city(plan: Plan = PLAN, *, opened: bool = True) -> City:
    """A city with persons, units, measures and an issued plan, its cycle open for entry unless told otherwise."""
    city = City()

    def founding(command: Command, by: str) -> None:
        city.given(command, by=by, at=FOUNDED)

    people = {"administrator_id": "admin", "director_id": "director", "office_id": "office", "leading_id": "leading"}
    founding(OpenLedger(title="Binhai", **people), "founder")
    for unit in plan.unit_ids:
        name = f"District {unit}"
        registered = RegisterUnit(
            unit_id=unit, name_zh=name, category=UnitCategory.DISTRICT, effective_on=date(2018, 1, 1)
        )
        founding(registered, "office")
    for person, role, scope in _HOLDERS:
        home = scope.unit_ids[0] if scope.unit_ids else None
        founding(RegisterPerson(subject_id=person, display_name=person, home_unit_id=home), "admin")
        if role is not None:
            founding(grant(person, role, scope), "admin")
    founding(RegisterEvidence(sha256=EVIDENCE[0], media_type="application/pdf", title="Yearbook"), "office")
    founding(IssueMeasures(measures_id="M-1", title="Measures", in_force_from=date(2018, 1, 1)), "leading")
    founding(_CYCLE_PLANNED, "office")
    founding(IssuePlanVersion(cycle_id=CYCLE, content=plan, summary="First version"), "office")
    if opened:
        founding(OpenCycle(cycle_id=CYCLE), "office")
    return city


_HOLDERS = (
    ("scorer", Role.SCORER, EVERYTHING),
    ("colleague", Role.SCORER, EVERYTHING),
    ("verifier", Role.VERIFIER, EVERYTHING),
    ("approver", Role.APPROVER, EVERYTHING),
    ("reporter", Role.REPORTER, Scope(unit_ids=("U04",))),
    ("panel", Role.PANEL, EVERYTHING),
    ("inspector", Role.INSPECTOR, EVERYTHING),
    ("deputy", None, EVERYTHING),
)

_CYCLE_PLANNED = PlanCycle(
    cycle_id=CYCLE,
    title="Assessment 2018",
    starts_on=date(2018, 1, 1),
    ends_on=date(2018, 12, 31),
    measures_id="M-1",
    measures_version=1,
)


def grant(person: str, role: Role, scope: Scope = EVERYTHING) -> GrantRole:
    """A role, decided by the director, to be executed by `admin`."""
    return GrantRole(subject_id=person, role=role, scope=scope, valid_from=date(2018, 1, 1), approved_by="director")


def enter(value: str, unit_id: str = "U04", indicator_id: str = "A", period: str = YEAR) -> EnterScore:
    """An entry; indicator C takes points."""
    kind, uom = (EntryKind.POINTS, "points") if indicator_id == "C" else (EntryKind.ACTUAL, "%")
    return EnterScore(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=indicator_id,
        period=period,
        value=Decimal(value),
        uom=uom,
        entry_kind=kind,
    )


def enter_late(value: str) -> EnterScoreLate:
    """A late entry of U04.A that the director approves."""
    return EnterScoreLate(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        value=Decimal(value),
        uom="%",
        late_reason="The statistics office published late.",
        approved_by="director",
    )


def claim(value: str, unit_id: str = "U04") -> SelfReportScore:
    """A unit's own claim for A."""
    return SelfReportScore(
        cycle_id=CYCLE, unit_id=unit_id, indicator_id="A", period=YEAR, value=Decimal(value), uom="%"
    )


def verify(position: int, unit_id: str = "U04", indicator_id: str = "A") -> VerifyScore:
    """The verification of the value entered at a position."""
    return VerifyScore(
        cycle_id=CYCLE, unit_id=unit_id, indicator_id=indicator_id, period=YEAR, verified_position=position
    )


def request(position: int, value: str, unit_id: str = "U04", indicator_id: str = "A") -> RequestCorrection:
    """A request for another value in place of the one at a position."""
    return RequestCorrection(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=indicator_id,
        period=YEAR,
        corrects_position=position,
        proposed_value=Decimal(value),
        reason_code=ReasonCode.DATA_ENTRY_ERROR,
        reason=BECAUSE,
        evidence=EVIDENCE,
    )


def approve(position: int, unit_id: str = "U04", indicator_id: str = "A") -> ApproveCorrection:
    """The approval of the correction requested at a position."""
    return ApproveCorrection(
        cycle_id=CYCLE, unit_id=unit_id, indicator_id=indicator_id, period=YEAR, request_position=position
    )


def withdraw(position: int, *, approved_by: str | None = None) -> WithdrawScore:
    """The withdrawal of the value of U04.A at a position."""
    return WithdrawScore(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        withdrawn_position=position,
        reason_code=ReasonCode.WRONG_PERIOD,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by=approved_by,
    )


def exempt(unit_id: str, indicator_id: str) -> ExemptIndicator:
    """An exemption for all periods, asked for by the reporter."""
    return ExemptIndicator(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=indicator_id,
        reason="The district has no such industry.",
        evidence=EVIDENCE,
        requested_by="reporter",
    )


def set_target(target: str, unit_id: str = "U04", indicator_id: str = "A") -> SetTarget:
    """A target of a unit's own."""
    return SetTarget(cycle_id=CYCLE, unit_id=unit_id, indicator_id=indicator_id, target=Decimal(target), uom="%")
