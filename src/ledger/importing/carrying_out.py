"""The flow of one import: prepare, compare, carry out in large batches, report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol
from uuid import UUID, uuid5

from ledger.commands import Commands, Outcome, Recorded, Request
from ledger.domain.commands import FinishScoreImport, RegisterEvidence, RenameUnit, StartScoreImport
from ledger.domain.commands.moving import require_phase
from ledger.domain.cycle import cycle_stream
from ledger.domain.evidence import evidence_stream
from ledger.domain.facts import Channel
from ledger.domain.identifiers import NAME_LENGTH_MAX
from ledger.domain.periods import local_day
from ledger.domain.phases import ENTERING
from ledger.domain.refusals import MalformedInput, Refused, SeparationOfDuties, UnknownId
from ledger.domain.roles import Role
from ledger.domain.world import CIVIL_TIMEZONE, Command, World
from ledger.evidence import EvidenceDirectory
from ledger.importing.differences import Act, ScoresThere, Step, differences, withdrawals
from ledger.importing.founding import Errand, Founding
from ledger.importing.lookups import new_names, unfinished_import
from ledger.importing.naming import ids_under
from ledger.importing.rehearsal import Rehearsal
from ledger.importing.rows import Row
from ledger.importing.tables import Table
from ledger.importing.terms import Terms
from ledger.importing.verdicts import Order, Report, Verdict
from ledger.store import Store

CHUNK_ROWS_MAX = 2_000

_NAMESPACE = UUID("6d1d7a3c-5a0e-4c53-9a1f-1f6b8d6f2b57")
_COLUMNS = {"unit_id": "unit", "period": "period", "value": "value", "proposed_value": "value"}

_VERDICTS = {
    Act.ENTER: Verdict.ENTERED,
    Act.ENTER_AGAIN: Verdict.ENTERED,
    Act.VERIFY: Verdict.ENTERED,
    Act.CORRECT: Verdict.CORRECTED,
    Act.APPROVE: Verdict.CORRECTED,
    Act.WITHDRAW: Verdict.WITHDRAWN,
}


class Carrier(Protocol):
    """Carries out commands: for good (`Commands`) or not (`Rehearsal`)."""

    def decide_many(self, requests: Sequence[Request]) -> Callable[[], list[Outcome]]:
        """Decide commands in order and return what carries them out and tells what became of each."""
        ...


@dataclass(slots=True)
class _Chunk:
    """Some steps on their way: first the scorer's commands, then the other person's on what those left."""

    steps: list[Step]
    positions: dict[Step, int] = field(default_factory=dict[Step, int])
    refusals: dict[Step, Refused] = field(default_factory=dict[Step, Refused])
    sent: list[Step] = field(default_factory=list[Step])
    """Those for which a command is on its way."""
    outcomes: Future[list[Outcome]] | None = None


def import_table(
    store: Store,
    evidence: EvidenceDirectory,
    table: Table,
    order: Order,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Make the ledger agree with `table` and return what became of each row.

    With `dry_run` everything is decided by the same rules and nothing recorded. `progress` is
    told how many of the rows are done. Raises Refused if the import as a whole
    cannot be; of its rows nothing is recorded then.
    """
    return _Import(store, evidence, table, order, dry_run=dry_run).run(progress)


class _Import:
    def __init__(self, store: Store, evidence: EvidenceDirectory, table: Table, order: Order, *, dry_run: bool):
        self.store = store
        self.table = table
        self.order = order
        self.sha256 = table.sha256
        self.report = Report(keeps_all=dry_run)
        self._rehearsal = Rehearsal(store, stored_bytes=lambda sha256: len(table.content))
        self._dry_run = dry_run
        self._evidence = evidence
        self._import: UUID | None = None
        self._terms: Terms | None = None
        commands = Commands(store, stored_bytes=evidence.size)
        self._carrier: Carrier = self._rehearsal if dry_run else commands

    def run(self, progress: Callable[[int, int], None]) -> Report:
        for row in self.table.refused:
            self.report.refuse(row.number, row.unit_id, row.period, row.column, row.refused)
        if self.table.rows:
            self._check_order()
            founding = Founding(
                self.store, self.table, cycle_id=self.order.cycle_id, indicator_id=self.order.indicator_id
            )
            self._prepare(founding)
            self._reconcile(founding, progress)
        if self.report.last_position is None:
            self.report.last_position = self.store.head
        if self._dry_run:
            self.report.first_position = self.report.last_position = None
        return self.report

    def _check_order(self) -> None:
        if self.order.by == self.order.approved_by:
            raise SeparationOfDuties(path="approved_by", because="who enters neither verifies nor approves")
        if self.order.reconcile and self.order.approved_by is None:
            raise MalformedInput(path="approved_by", hint="Corrections need a second person.")

    def _prepare(self, founding: Founding) -> None:
        """Open the ledger and plan the cycle as far as that is missing; only if all of it will be accepted."""
        errands = founding.errands(by=self.order.by, approved_by=self.order.approved_by)
        head = self.store.head
        requests = [self._errand(errand, head) for errand in errands]
        self._require(self._rehearsal.execute_many(requests))
        self._check_cycle()
        if not self._dry_run:
            self._evidence.put([self.table.content], sha256=self.sha256)
            self._require(self._execute(requests))

    def _errand(self, errand: Errand, head: int) -> Request:
        name = f"{self.store.ledger_id}:{head}:{errand.person_id}:{errand.command!r}"
        return Request(
            command=errand.command,
            command_id=uuid5(_NAMESPACE, name),
            person_id=errand.person_id,
            channel=Channel.IMPORT,
        )

    def _check_cycle(self) -> None:
        """Refuse as a whole what would be refused row by row. Raises UnknownId, PhaseViolation, ForbiddenRole."""
        world = World(self._rehearsal, person_id=self.order.by, now=self.store.now())
        cycle = world.exists(cycle_stream(self.order.cycle_id), path="cycle", cycle_id=self.order.cycle_id)
        if cycle.latest.plan.indicator(self.order.indicator_id) is None:
            raise UnknownId(path="indicator", indicator_id=self.order.indicator_id)
        require_phase(cycle, ENTERING)
        if self.order.approved_by is not None:
            roles = (Role.VERIFIER, Role.APPROVER) if self.order.reconcile else (Role.VERIFIER,)
            for role in roles:
                world.require_holder(
                    self.order.approved_by, role, path="approved_by", indicator_id=self.order.indicator_id
                )

    def _reconcile(self, founding: Founding, progress: Callable[[int, int], None]) -> None:
        # Only a table that has the last word may rename, and only in a cycle that tables made.
        names = new_names(self.store, self.table) if founding.from_table and self.order.reconcile else {}
        if names:
            self._rename(self._begun(), founding.officers.office, names)
        total = len(self.table.rows)
        with (
            closing(ScoresThere(self.store, self.order.cycle_id, self.order.indicator_id)) as there,
            # What is decided is appended in order by one thread, while the next is decided in this one.
            ThreadPoolExecutor(1, "ledger-import") as appender,
        ):
            going: deque[_Chunk] = deque()
            # The two last are empty: they see those before them through.
            for number, steps in enumerate(chain(self._steps(there), ([], []))):
                progress(min(number * CHUNK_ROWS_MAX, total), total)
                if steps and self._terms is None:
                    self._terms = self._found_terms(self._begun(), founding.officers.director)
                going.append(_Chunk(steps))
                self._send_first(going[-1], appender)
                if len(going) > 1:
                    self._send_second(going[-2], appender)
                if len(going) > 2:
                    self._note(going.popleft())
        progress(total, total)
        if self._import is not None:
            self._finish(self._import)

    def _steps(self, there: ScoresThere) -> Iterator[list[Step]]:
        """What is to be done about some rows after the others, then about what the table no longer has."""
        verify = self.order.approved_by is not None
        for start in range(0, len(self.table.rows), CHUNK_ROWS_MAX):
            rows = self.table.rows[start : start + CHUNK_ROWS_MAX]
            steps: list[Step] = []
            for found in differences(rows, there.of(rows), reconcile=self.order.reconcile, verify=verify):
                if isinstance(found, Row):
                    self.report.add(found.number, found.unit_id, found.period, Verdict.UNCHANGED)
                else:
                    steps.append(found)
            yield steps
        # Without the unit or period of every row nobody knows what is really gone.
        gone = there.besides(self.table) if self.order.reconcile and self.table.names_every_score else []
        for start in range(0, len(gone), CHUNK_ROWS_MAX):
            yield withdrawals(gone[start : start + CHUNK_ROWS_MAX])

    @property
    def _agreed(self) -> Terms:
        assert self._terms is not None, "nothing is sent before the import has begun"
        return self._terms

    def _begun(self) -> UUID:
        """The id of the import, which begins with the first thing there is to do."""
        if self._import is None:
            self._import, begun = self._import_id()
            self.report.import_id = str(self._import)
            self._begin(self._import, begun=begun)
        return self._import

    def _import_id(self) -> tuple[UUID, bool]:
        """The id of this import, and whether it has begun: of the same file, cut short before."""
        wanted = (self.sha256, self.order.cycle_id, self.order.indicator_id)
        begun = unfinished_import(self.store, *wanted)
        if begun is not None:
            return UUID(begun), True
        return uuid5(_NAMESPACE, ":".join((*wanted, str(self.store.ledger_id), str(self.store.head)))), False

    def _begin(self, import_id: UUID, *, begun: bool) -> None:
        by = self.order.by
        version, _ = self.store.load(evidence_stream(self.sha256))
        if version == 0:
            register = RegisterEvidence(
                sha256=self.sha256, media_type=self.table.media_type, title=self.table.name[:NAME_LENGTH_MAX]
            )
            self._require(self._execute([self._request(import_id, "evidence", by, register)]))
        if not begun:
            start = StartScoreImport(
                import_id=str(import_id),
                cycle_id=self.order.cycle_id,
                indicator_id=self.order.indicator_id,
                sha256=self.sha256,
                rows=len(self.table.rows) + len(self.table.refused),
            )
            self._require(self._execute([self._request(import_id, "start", by, start)]))

    def _rename(self, import_id: UUID, office: str, names: dict[str, str]) -> None:
        today = local_day(self.store.now(), CIVIL_TIMEZONE)
        requests = [
            self._request(
                import_id,
                f"rename:{unit_id}",
                office,
                RenameUnit(unit_id=unit_id, new_name_zh=name, evidence=(self.sha256,), effective_on=today),
            )
            for unit_id, name in names.items()
        ]
        self._require(self._execute(requests))

    def _found_terms(self, import_id: UUID, director_id: str) -> Terms:
        _, cycle = self._rehearsal.load(cycle_stream(self.order.cycle_id))
        indicator = cycle.latest.plan.indicator(self.order.indicator_id)
        assert indicator is not None, "_check_cycle has refused"
        return Terms(
            import_id=import_id,
            cycle_id=self.order.cycle_id,
            indicator_id=self.order.indicator_id,
            uom=indicator.uom,
            entry_kind=indicator.entry_kind,
            approved_by=self.order.approved_by,
            director_id=director_id,
            reason_code=self.order.reason_code,
            reason=self.order.reason or f"According to the table {self.table.name}",
            evidence=self.sha256,
            file_name=self.table.name,
        )

    def _send_first(self, chunk: _Chunk, appender: Executor) -> None:
        """What the scorer commands."""
        if chunk.steps:
            terms = self._agreed
            commands = [(step, command) for step in chunk.steps if (command := terms.first_command(step))]
            self._send(chunk, "first", self.order.by, commands, appender)

    def _send_second(self, chunk: _Chunk, appender: Executor) -> None:
        """What the other person commands on that, once it is recorded."""
        if chunk.steps:
            self._settle(chunk)
            terms, positions = self._agreed, chunk.positions
            going = [step for step in chunk.steps if step not in chunk.refusals]
            commands = [
                (step, command) for step in going if (command := terms.second_command(step, positions.get(step)))
            ]
            self._send(chunk, "second", self.order.approved_by or "", commands, appender)

    def _send(
        self, chunk: _Chunk, turn: str, person_id: str, commands: list[tuple[Step, Command]], appender: Executor
    ) -> None:
        import_id = self._agreed.import_id
        id_of, batch_id = ids_under(import_id), str(import_id)
        requests = [
            Request(
                command=command,
                command_id=id_of(f"{turn}:{step.act}:{step.unit_id}:{step.period}"),
                person_id=person_id,
                channel=Channel.IMPORT,
                batch_id=batch_id,
            )
            for step, command in commands
        ]
        chunk.sent = [step for step, _ in commands]
        chunk.outcomes = appender.submit(self._carrier.decide_many(requests))

    def _settle(self, chunk: _Chunk) -> None:
        """Wait for what was sent, and take down what became of it."""
        assert chunk.outcomes is not None, "it was sent"
        outcomes, chunk.outcomes = chunk.outcomes.result(), None
        self._reached(outcomes)
        for step, outcome in zip(chunk.sent, outcomes, strict=True):
            if isinstance(outcome, Recorded):
                chunk.positions[step] = outcome.position
            else:
                chunk.refusals[step] = outcome

    def _note(self, chunk: _Chunk) -> None:
        """Report what became of the steps."""
        if chunk.steps:
            self._settle(chunk)
        for step in chunk.steps:
            row = step.row.number if step.row else None
            refused = chunk.refusals.get(step)
            if refused is None:
                self.report.add(row, step.unit_id, step.period, _VERDICTS[step.act])
            else:
                column = _COLUMNS.get((refused.path or "").split(".")[-1])
                self.report.refuse(row, step.unit_id, step.period, column, refused)

    def _finish(self, import_id: UUID) -> None:
        rejected = self.report.rejected_rows
        accepted = len(self.table.rows) + len(self.table.refused) - len(rejected)
        finish = FinishScoreImport(import_id=str(import_id), accepted=accepted, rejected_rows=rejected)
        self._require(self._execute([self._request(import_id, "finish", self.order.by, finish)]))

    def _request(self, import_id: UUID, name: str, person_id: str, command: Command) -> Request:
        """A command of this import. Its id is made from the import's, so that repeating it records nothing twice."""
        return Request(
            command=command,
            command_id=uuid5(import_id, name),
            person_id=person_id,
            channel=Channel.IMPORT,
            batch_id=str(import_id),
        )

    def _execute(self, requests: list[Request]) -> list[Outcome]:
        outcomes = self._carrier.decide_many(requests)()
        self._reached(outcomes)
        return outcomes

    def _reached(self, outcomes: list[Outcome]) -> None:
        positions = [event.position for o in outcomes if isinstance(o, Recorded) for event in o.events]
        if positions:
            first, last = self.report.first_position, self.report.last_position
            self.report.first_position = min(positions) if first is None else min(first, *positions)
            self.report.last_position = max(positions) if last is None else max(last, *positions)

    def _require(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                raise outcome
