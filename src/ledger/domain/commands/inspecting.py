"""Commands of discipline inspection, for inspectors only.

The role is asked before anything else is read or checked: a refusal to anybody else never
tells whether a case exists.

Source: domain.md 2.4 "Inspection".
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.cycle import cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.inspection_case import (
    CaseClosed,
    Disposition,
    FindingKind,
    FindingRecorded,
    FlagDispositioned,
    FlagRaised,
    InspectionCase,
    InspectionCaseOpened,
    QuerySealed,
    Severity,
    case_stream,
)
from ledger.domain.persons import person_stream
from ledger.domain.refusals import (
    CaseNotOpen,
    ConflictOfInterest,
    DuplicateId,
    MalformedInput,
    RequestNotOpen,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.units import unit_stream
from ledger.domain.world import Command, World

QUERY_LENGTH_MAX = 20_000
_HEXADECIMAL = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCommand(Command):
    """A command about one inspection case."""

    case_id: str

    def stream(self) -> Stream[InspectionCase]:
        return case_stream(self.case_id)

    def begun(self, world: World) -> InspectionCase:
        """The case, which must not be closed. Raises ForbiddenRole, UnknownId, CaseNotOpen."""
        world.act(Role.INSPECTOR)
        case = world.exists(self.stream(), path="case_id", case_id=self.case_id)
        if case.closed:
            raise CaseNotOpen(path="case_id", case_id=self.case_id)
        return case

    def opened(self, world: World) -> InspectionCase:
        """The case, which must be open. Raises ForbiddenRole, UnknownId, CaseNotOpen."""
        case = self.begun(world)
        if not case.opened:
            raise CaseNotOpen(path="case_id", case_id=self.case_id, hint="So far there are flags only.")
        return case


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseFlag(CaseCommand):
    """Put what a rule points at on file: a lead, in a case of its own or in one that runs."""

    cycle_id: str | None = None
    rule_id: str
    ruleset_version: str
    severity: Severity
    positions: tuple[int, ...]
    """The events it points at."""
    as_of_position: int

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.INSPECTOR)
        check_id(self.case_id, path="case_id")
        check_id(self.rule_id, path="rule_id")
        check_id(self.ruleset_version, path="ruleset_version")
        case = world.read(self.stream())
        if case.closed:
            raise CaseNotOpen(path="case_id", case_id=self.case_id)
        world.event(self.as_of_position, path="as_of_position")
        if not self.positions or max(self.positions) > self.as_of_position:
            raise MalformedInput(path="positions", hint="Cite at least one event, none after as_of_position.")
        _require_events(world, self.positions)
        return [
            FlagRaised(
                case_id=self.case_id,
                cycle_id=_same_cycle(world, case, self.cycle_id),
                rule_id=self.rule_id,
                ruleset_version=self.ruleset_version,
                severity=self.severity,
                positions=self.positions,
                as_of_position=self.as_of_position,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionFlag(CaseCommand):
    """Say what a flag was worth."""

    flag_position: int
    disposition: Disposition
    note: str

    def decide(self, world: World) -> list[Fact]:
        case = self.begun(world)
        if self.flag_position not in case.flags:
            raise UnknownId(path="flag_position", position=self.flag_position)
        if case.flags[self.flag_position] is not None:
            raise RequestNotOpen(path="flag_position", disposition=case.flags[self.flag_position])
        return [
            FlagDispositioned(
                case_id=self.case_id,
                cycle_id=case.cycle_id,
                flag_position=self.flag_position,
                disposition=self.disposition,
                note=world.reason(self.note, length_min=5, path="note"),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInspectionCase(CaseCommand):
    """Begin an inspection, of its own or on flags that are on file."""

    cycle_id: str | None = None
    title: str
    reason: str
    positions: tuple[int, ...] = ()
    """The events that give rise to it."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.INSPECTOR)
        check_id(self.case_id, path="case_id")
        check_text(self.title, path="title")
        case = world.read(self.stream())
        if case.opened:
            raise DuplicateId(path="case_id", case_id=self.case_id)
        _require_events(world, self.positions)
        return [
            InspectionCaseOpened(
                case_id=self.case_id,
                cycle_id=_same_cycle(world, case, self.cycle_id),
                title=self.title,
                reason=world.reason(self.reason, length_min=10),
                positions=self.positions,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealQuery(CaseCommand):
    """Bind an answer to its question and position, so that a finding can cite it."""

    query: str
    as_of_position: int
    result_hash: str

    def decide(self, world: World) -> list[Fact]:
        case = self.begun(world)
        if not self.query.strip() or len(self.query) > QUERY_LENGTH_MAX:
            raise MalformedInput(path="query", length=len(self.query), length_max=QUERY_LENGTH_MAX)
        if len(self.result_hash) != 64 or not _HEXADECIMAL.issuperset(self.result_hash):
            raise MalformedInput(path="result_hash", hint="Send a SHA-256 as 64 lower-case hexadecimal digits.")
        world.event(self.as_of_position, path="as_of_position")
        return [
            QuerySealed(
                case_id=self.case_id,
                cycle_id=case.cycle_id,
                query=self.query,
                as_of_position=self.as_of_position,
                result_hash=self.result_hash,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFinding(CaseCommand):
    """Record what an inspection found, about whom, and on which events it stands."""

    kind: FindingKind
    unit_ids: tuple[str, ...] = ()
    """The units it is about."""
    person_ids: tuple[str, ...] = ()
    positions: tuple[int, ...]
    """The events it stands on, sealed queries among them."""
    standard: str
    findings: str
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        case = self.opened(world)
        self._check_subjects(world)
        if not self.positions:
            raise MalformedInput(path="positions", hint="Cite at least one event.")
        _require_events(world, self.positions)
        return [
            FindingRecorded(
                case_id=self.case_id,
                cycle_id=case.cycle_id,
                kind=self.kind,
                unit_ids=self.unit_ids,
                person_ids=self.person_ids,
                positions=self.positions,
                standard=world.reason(self.standard, length_min=2, path="standard"),
                findings=world.reason(self.findings, length_min=10, path="findings"),
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]

    def _check_subjects(self, world: World) -> None:
        """Require subjects that exist, and none to whom whoever acts belongs."""
        if not self.unit_ids and not self.person_ids:
            raise MalformedInput(path="unit_ids", hint="Name a unit or a person.")
        for unit_id in self.unit_ids:
            world.exists(unit_stream(unit_id), path="unit_ids", unit_id=unit_id)
        for person_id in self.person_ids:
            world.exists(person_stream(person_id), path="person_ids", person_id=person_id)
        if world.persons.intersection(self.person_ids):
            raise ConflictOfInterest(person_id=world.person_id, because="the finding is about them")
        world.require_impartial(*self.unit_ids, path=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase(CaseCommand):
    """End an inspection, or drop flags that nothing came of."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        case = self.begun(world)
        return [
            CaseClosed(case_id=self.case_id, cycle_id=case.cycle_id, reason=world.reason(self.reason, length_min=10))
        ]


def _require_events(world: World, positions: tuple[int, ...]) -> None:
    for position in positions:
        world.event(position, path="positions")


def _same_cycle(world: World, case: InspectionCase, cycle_id: str | None) -> str | None:
    """The cycle of the case: as given, or as the case began with. Raises UnknownId, MalformedInput."""
    if cycle_id is None:
        return case.cycle_id
    world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)
    if case.cycle_id not in (None, cycle_id):
        raise MalformedInput(path="cycle_id", given=cycle_id, hint="The case is about another cycle.")
    return cycle_id
