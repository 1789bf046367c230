"""Cells: how one score comes to be, from the unit's own report over entry and verification to a correction."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.calendar import SITTING, last_workday, moment, workday, workdays_after
from ledger.binhai.city import Cell, City, ScoreKey, score_key
from ledger.binhai.figures import Figures, decimal
from ledger.binhai.index import deadline
from ledger.binhai.papers import paper
from ledger.binhai.shape import IndicatorRow
from ledger.binhai.stage import Act, Done, Script, Stage
from ledger.domain.commands import (
    ApproveCorrection,
    EnterScore,
    RequestCorrection,
    ReturnScore,
    SelfReportScore,
    VerifyScore,
)
from ledger.domain.facts import Channel, Event
from ledger.domain.periods import parse_period
from ledger.domain.plan import DeadlineName, EntryKind
from ledger.domain.score import EntrySource, ReasonCode, RequestedFor, VerificationMethod

RETURNED, CORRECTED = 0.04, 0.025
FIRST_REPORT, YEAR_END = date(2018, 2, 22), date(2019, 1, 1)
LAST_REPORT, LAST_ENTRY, LAST_VERIFICATION = date(2019, 1, 9), date(2019, 1, 17), date(2019, 1, 22)
LAST_CORRECTION = date(2019, 1, 23)
_REASONS = (
    (ReasonCode.DATA_ENTRY_ERROR, "录入时数位看错，经与原始报表核对后更正"),
    (ReasonCode.TRANSCRIPTION_ERROR, "誊录时串行，经逐行复核后按原表更正"),
    (ReasonCode.SOURCE_DATA_REVISED, "统计部门修订了本期数据，按修订公报更正"),
    (ReasonCode.ADDITION_ERROR, "汇总时漏加一个下属单位，补齐后更正"),
    (ReasonCode.DEFINITION_APPLIED_WRONGLY, "口径理解有误，按指标说明重新计算后更正"),
    (ReasonCode.MISSING_MATERIAL_FOUND, "补充提交的佐证材料经核实有效，据此更正"),
)


@dataclass(slots=True)
class CellPlan:
    """What is going to happen to one score; a story may order it otherwise before it begins."""

    cell: Cell
    claimed: Decimal | None
    entered: Decimal
    reporter: str
    scorer: str
    verifier: str
    reported_at: datetime
    entered_at: datetime
    verified_at: datetime
    returned_at: datetime | None = None
    corrected_to: Decimal | None = None
    evidence: tuple[str, ...] = ()
    note: str | None = None
    exact: bool = False
    checklist: str | None = None
    verification_batch: str | None = None
    channel: Channel = Channel.WEB
    entry_batch: str | None = None
    left_out: bool = False
    """Whether some story enters the value itself."""


Order = Callable[[CellPlan], None]


class Scores:
    """Writes the scripts of a city's scores."""

    def __init__(self, city: City, stage: Stage, figures: Figures):
        self.city = city
        self.stage = stage
        self.figures = figures
        self.orders: dict[Cell, list[Order]] = {}

    def order(self, cell: Cell, *orders: Order) -> None:
        """Have something about a score otherwise than chance would."""
        self.orders.setdefault(cell, []).extend(orders)

    def script(self, cell: Cell) -> Script:
        """The script of one score."""
        plan = self._planned(cell)
        for order in self.orders.get(cell, ()):
            order(plan)
        return self._played(plan)

    def _planned(self, cell: Cell) -> CellPlan:
        unit_id, indicator_id, period = cell
        rng, staff = self.city.rng("cell", *cell), self.city.staff
        row = self.city.row(indicator_id)
        value = self.figures.of(unit_id, row, period)
        turn = sum(map(ord, unit_id + indicator_id + period))
        ended = max(parse_period(period).ends_on, FIRST_REPORT)
        reported = workday(ended + timedelta(days=rng.randrange(6)))
        delay = max(1, round(4 * rng.lognormvariate(0, 0.5)))
        # What is sent back has to be there again by the deadline.
        entered = min(workdays_after(reported, delay), deadline(DeadlineName.ENTRY, period) - timedelta(days=4))
        entered = max(last_workday(entered), reported)
        verified = workdays_after(entered, rng.randrange(1, 6))
        if parse_period(period).ends_on == YEAR_END:
            reported, entered, verified = _in_time(reported, entered, verified)
        plan = CellPlan(
            cell=cell,
            claimed=self.figures.claim(rng, row, value),
            entered=value,
            reporter=staff.reporters[unit_id][turn % 2] if unit_id in staff.reporters else "",
            scorer=staff.scorer(indicator_id, unit_id, turn),
            verifier=staff.verifiers[(turn * 7 + len(period)) % len(staff.verifiers)],
            reported_at=moment(rng, reported),
            entered_at=moment(rng, entered),
            verified_at=moment(rng, verified),
            returned_at=moment(rng, workdays_after(entered, 1)) if rng.random() < RETURNED else None,
        )
        if rng.random() < CORRECTED and row.kind not in ("DEADLINE", "LINKAGE") and value > 0:
            plan.corrected_to = value
            plan.entered = misread(value, row)
        return plan

    def _played(self, plan: CellPlan) -> Script:
        if plan.left_out:
            return
        if plan.claimed is not None and plan.reporter:
            told = yield Act(at=plan.reported_at, by=plan.reporter, command=self.report(plan.cell, plan.claimed))
            self.city.books.reported[plan.cell] = told.position
        position = yield from self._entered(plan)
        done = yield Act(
            at=plan.verified_at,
            by=plan.verifier,
            command=self.verify(plan.cell, position, note=plan.checklist),
            batch_id=plan.verification_batch,
            exact=plan.exact,
        )
        self.city.books.verified[plan.cell] = done.position
        self.note(plan.cell, plan.entered, position, plan.scorer, plan.verifier)
        if plan.corrected_to is not None:
            yield from self._put_right(plan)

    def _entered(self, plan: CellPlan) -> Generator[Act, Done, int]:
        first = plan.entered
        if plan.returned_at is not None:
            first = misread(plan.entered, self.city.row(plan.cell[1]))
        command = self.enter(plan.cell, first, evidence=plan.evidence, note=plan.note)
        done = yield Act(
            at=plan.entered_at, by=plan.scorer, command=command, channel=plan.channel, batch_id=plan.entry_batch
        )
        self.city.books.entered[plan.cell] = done.position
        if plan.returned_at is None:
            return done.position
        back = plan.returned_at
        yield Act(at=back, by=plan.verifier, command=self.give_back(plan.cell, done.position))
        again = yield Act(at=back + SITTING, by=plan.scorer, command=self.enter(plan.cell, plan.entered))
        plan.verified_at = max(plan.verified_at, back + timedelta(days=1))
        self.city.books.entered[plan.cell] = again.position
        return again.position

    def _put_right(self, plan: CellPlan) -> Script:
        rng = self.city.rng("correction", *plan.cell)
        found = workdays_after(plan.verified_at.date(), rng.randrange(2, 15))
        if parse_period(plan.cell[2]).ends_on == YEAR_END:
            found = last_workday(min(found, LAST_CORRECTION - timedelta(days=1)))
        code, reason = rng.choice(_REASONS)
        assert plan.corrected_to is not None
        yield from self.correct(
            plan.cell,
            plan.corrected_to,
            at=max(moment(rng, found), plan.verified_at + SITTING),
            code=code,
            reason=f"{reason}（{plan.cell[0]} {plan.cell[2]}）",
            hours=SITTING / timedelta(hours=1),
        )

    def correct(  # noqa: PLR0913 - a correction has this many sides
        self,
        cell: Cell,
        value: Decimal,
        *,
        at: datetime,
        code: ReasonCode,
        reason: str,
        approver: str | None = None,
        requester: str | None = None,
        evidence: str | None = None,
        requested_for: RequestedFor = RequestedFor.DEPARTMENT,
        case_ref: str | None = None,
        hours: float = 3,
        exact: bool = False,
    ) -> Generator[Act, Done, tuple[Event, Event]]:
        """Have an official value corrected; return the request and the correction."""
        unit_id, indicator_id, period = cell
        entered_by, verified_by = self.city.books.stood_for[cell]
        requester = requester or entered_by
        approver = approver or self.city.staff.approver(indicator_id, unit_id)
        if evidence is None:
            title = f"更正依据 {unit_id} {indicator_id} {period} {value}"
            evidence = yield from paper(self.stage, self.city, title, by=requester, at=at, exact=exact)
        request = RequestCorrection(
            **self.key(cell),
            corrects_position=self.city.books.positions[cell],
            proposed_value=value,
            reason_code=code,
            reason=reason,
            evidence=(evidence,),
            requested_for=requested_for,
            case_ref=case_ref,
        )
        requested = yield Act(at=at, by=requester, exact=exact, command=request)
        approval = ApproveCorrection(**self.key(cell), request_position=requested.position)
        approved = yield Act(at=at + timedelta(hours=hours), by=approver, exact=exact, command=approval)
        self.note(cell, value, approved.position, entered_by, verified_by)
        return requested.events[0], approved.events[0]

    def key(self, cell: Cell) -> ScoreKey:
        """The names of a score of this year."""
        return score_key(self.city.cycle_id, cell)

    def note(self, cell: Cell, value: Decimal, position: int, entered_by: str, verified_by: str) -> None:
        """Write down what is official by now."""
        books = self.city.books
        books.figures[cell], books.positions[cell] = value, position
        books.stood_for[cell] = (entered_by, verified_by)

    def report(self, cell: Cell, value: Decimal) -> SelfReportScore:
        """A unit's own report."""
        row = self.city.row(cell[1])
        return SelfReportScore(
            **self.key(cell),
            value=value,
            uom=row.uom,
            entry_kind=entry_kind(row.kind),
        )

    def enter(
        self,
        cell: Cell,
        value: Decimal,
        *,
        evidence: tuple[str, ...] = (),
        note: str | None = None,
        source: EntrySource = EntrySource.SCORING_DEPT,
    ) -> EnterScore:
        """An entry by the scoring department."""
        row = self.city.row(cell[1])
        if row.kind == "DIRECT_POINTS" and not 60 <= value <= 95:
            note = note or "得分低于六十分或高于九十五分，理由见评分表"
        return EnterScore(
            **self.key(cell),
            value=value,
            uom=row.uom,
            entry_kind=entry_kind(row.kind),
            evidence=evidence,
            note=note,
            source=source,
        )

    def verify(self, cell: Cell, position: int, *, note: str | None = None) -> VerifyScore:
        """A verification of an entry."""
        methods = tuple(VerificationMethod)
        return VerifyScore(
            **self.key(cell),
            verified_position=position,
            method=methods[position % len(methods)],
            note=note,
        )

    def give_back(self, cell: Cell, position: int) -> ReturnScore:
        """An entry sent back to who made it."""
        return ReturnScore(
            **self.key(cell),
            returned_position=position,
            reason_code=ReasonCode.DATA_ENTRY_ERROR,
            reason="与佐证材料不一致，请核对后重报",
        )


def _in_time(reported: date, entered: date, verified: date) -> tuple[date, date, date]:
    """The same days, early enough for the year's figures to stand before entry is closed."""
    reported = last_workday(min(reported, LAST_REPORT))
    entered = last_workday(min(entered, LAST_ENTRY))
    return reported, entered, last_workday(max(min(verified, LAST_VERIFICATION), workdays_after(entered, 2)))


def misread(value: Decimal, row: IndicatorRow) -> Decimal:
    """The figure as somebody in a hurry copies it; of a day, the same one a year before."""
    if row.uom == "date":
        return value - 10_000
    wrong = decimal(float(value) * 0.97, row.scale)
    return wrong if wrong != value else value + Decimal(1).scaleb(-row.scale)


def entry_kind(kind: str) -> EntryKind:
    """What is entered under a formula."""
    return EntryKind.POINTS if kind == "DIRECT_POINTS" else EntryKind.ACTUAL
