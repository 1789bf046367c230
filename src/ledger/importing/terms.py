"""The commands that carry out one step of an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from ledger.domain.commands import (
    ApproveCorrection,
    EnterScore,
    EnterScoreLate,
    RequestCorrection,
    VerifyScore,
    WithdrawScore,
)
from ledger.domain.plan import EntryKind
from ledger.domain.score import EntrySource, ReasonCode
from ledger.domain.world import Command
from ledger.importing.differences import Act, Step


class _Subject(TypedDict):
    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str


class _Entry(_Subject):
    source: EntrySource
    source_ref: str
    uom: str
    entry_kind: EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the commands of one import have in common, and the commands."""

    import_id: UUID
    cycle_id: str
    indicator_id: str
    uom: str
    entry_kind: EntryKind
    approved_by: str | None
    director_id: str
    reason_code: ReasonCode
    reason: str
    evidence: str
    """The hash of the file."""
    file_name: str

    def first_command(self, step: Step) -> Command | None:
        """What the scorer commands; None if that has been done."""
        match step.act:
            case Act.ENTER:
                return EnterScore(**self._entry(step), value=step.value)
            case Act.ENTER_AGAIN:
                return self._enter_again(step)
            case Act.CORRECT:
                return self._request(step)
            case Act.WITHDRAW:
                return self._withdraw(step)
            case Act.VERIFY | Act.APPROVE:
                return None

    def second_command(self, step: Step, position: int | None) -> Command | None:
        """What the other person commands on what was recorded at `position`; None if nobody has to."""
        match step.act:
            case Act.WITHDRAW:
                return None
            case Act.CORRECT | Act.APPROVE:
                asked = step.request_position if position is None else position
                return ApproveCorrection(**self._subject(step), request_position=asked)
            case Act.ENTER | Act.ENTER_AGAIN | Act.VERIFY:
                if self.approved_by is None:
                    return None
                entered = step.position if position is None else position
                return VerifyScore(**self._subject(step), verified_position=entered)

    def _subject(self, step: Step) -> _Subject:
        return {
            "cycle_id": self.cycle_id,
            "unit_id": step.unit_id,
            "indicator_id": self.indicator_id,
            "period": step.period,
        }

    def _entry(self, step: Step) -> _Entry:
        assert step.row is not None, "only what is gone from the table has no row"
        return {
            **self._subject(step),
            "source": EntrySource.IMPORT,
            "source_ref": f"{self.file_name} row {step.row.number}",
            "uom": self.uom,
            "entry_kind": self.entry_kind,
        }

    def _enter_again(self, step: Step) -> EnterScoreLate:
        return EnterScoreLate(
            **self._entry(step),
            value=step.value,
            evidence=(self.evidence,),
            late_reason=self.reason,
            approved_by=self.director_id,
        )

    def _request(self, step: Step) -> RequestCorrection:
        return RequestCorrection(
            **self._subject(step),
            corrects_position=step.position,
            proposed_value=step.value,
            reason_code=self.reason_code,
            reason=self.reason,
            evidence=(self.evidence,),
        )

    def _withdraw(self, step: Step) -> WithdrawScore:
        return WithdrawScore(
            **self._subject(step),
            withdrawn_position=step.position,
            reason_code=self.reason_code,
            reason=self.reason,
            evidence=(self.evidence,),
            approved_by=self.approved_by,
        )
