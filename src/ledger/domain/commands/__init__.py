"""Every command there is. Mutations, their inputs and descriptions are derived from this list."""

from __future__ import annotations

from ledger.domain.commands.correcting import (
    ApproveCorrection,
    RejectCorrection,
    RequestCorrection,
    WithdrawCorrectionRequest,
)
from ledger.domain.commands.filing import FinishScoreImport, RegisterEvidence, StartScoreImport
from ledger.domain.commands.planning import (
    AmendCalendar,
    AssignUnitToGroup,
    CloseEntry,
    EndIndicatorExemption,
    ExemptIndicator,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RepealMeasures,
)
from ledger.domain.commands.registry import (
    GrantDelegation,
    GrantRole,
    RegisterPerson,
    RegisterUnit,
    RenameUnit,
    RevokeDelegation,
    RevokeRole,
)
from ledger.domain.commands.scoring import EnterScore, ReturnScore, SelfReportScore, VerifyScore
from ledger.domain.commands.targeting import AdjustTarget, SetTarget
from ledger.domain.commands.withdrawing import EnterScoreLate, WithdrawScore
from ledger.domain.world import Command

COMMANDS: tuple[type[Command], ...] = (
    RegisterUnit,
    RenameUnit,
    RegisterPerson,
    GrantRole,
    RevokeRole,
    GrantDelegation,
    RevokeDelegation,
    IssueMeasures,
    RepealMeasures,
    PlanCycle,
    IssuePlanVersion,
    AmendCalendar,
    AssignUnitToGroup,
    ExemptIndicator,
    EndIndicatorExemption,
    OpenCycle,
    CloseEntry,
    SetTarget,
    AdjustTarget,
    RegisterEvidence,
    StartScoreImport,
    FinishScoreImport,
    SelfReportScore,
    EnterScore,
    EnterScoreLate,
    ReturnScore,
    VerifyScore,
    WithdrawScore,
    RequestCorrection,
    ApproveCorrection,
    RejectCorrection,
    WithdrawCorrectionRequest,
)
"""The commands offered over HTTP, in the order of an assessment year."""
