"""Every command there is. Mutations, their inputs and descriptions are derived from this list."""

from __future__ import annotations

from ledger.domain.commands.adjusting import (
    ApproveBonus,
    CarryOverAdjustment,
    ClaimBonus,
    ImposeDeduction,
    RejectBonus,
    RevokeAdjustment,
)
from ledger.domain.commands.appealing import EscalateAppeal, FileAppeal, WithdrawAppeal
from ledger.domain.commands.assigning import AssignResponsibility, ChangeResponsibility, DecomposeTarget
from ledger.domain.commands.burdening import (
    ApproveAssessmentItem,
    IssueDataRequest,
    ProposeAssessmentItem,
    RejectAssessmentItem,
    RetireAssessmentItem,
    SetBurdenCap,
)
from ledger.domain.commands.cadre_grading import ComputeCadreResult, DecideCadreGrade
from ledger.domain.commands.correcting import (
    ApproveCorrection,
    RejectCorrection,
    RequestCorrection,
    WithdrawCorrectionRequest,
)
from ledger.domain.commands.deciding import DecidePunishment, DecideReward
from ledger.domain.commands.evaluating import (
    CastBallot,
    CloseEvaluation,
    ImportSurveyResult,
    IssueBallotTokens,
    OpenEvaluation,
    TallyEvaluation,
)
from ledger.domain.commands.exempting import EndIndicatorExemption, ExemptIndicator
from ledger.domain.commands.filing import FinishScoreImport, RegisterEvidence, StartScoreImport
from ledger.domain.commands.grade_giving import OpenGrades, ReviseGrades
from ledger.domain.commands.grading import (
    ComputeResults,
    EndPublicNotice,
    GrantGradeException,
    ResolveTie,
    StartPublicNotice,
)
from ledger.domain.commands.inspecting import (
    CloseCase,
    DispositionFlag,
    OpenInspectionCase,
    RaiseFlag,
    RecordFinding,
    SealQuery,
)
from ledger.domain.commands.judging import (
    AcceptAppeal,
    AssignAppeal,
    DecideAppeal,
    DeclareAppealInadmissible,
    HearAppeal,
    ImplementAppeal,
)
from ledger.domain.commands.noting import NoteSourceRevision
from ledger.domain.commands.planning import (
    AmendCalendar,
    AssignUnitToGroup,
    CloseEntry,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RepealMeasures,
)
from ledger.domain.commands.posting import HoldPost, LeavePost
from ledger.domain.commands.publishing import CloseCycle, PublishReport, RetractReport, SetReportDue
from ledger.domain.commands.registry import (
    EraseSubject,
    GrantDelegation,
    GrantRole,
    RegisterPerson,
    RegisterUnit,
    RenameUnit,
    RevokeDelegation,
    RevokeRole,
)
from ledger.domain.commands.reorganising import DissolveUnit, MergeUnits, SplitUnit, TransferDuty
from ledger.domain.commands.restating import CloseRestatement, OpenRestatement, RestateReports
from ledger.domain.commands.reviewing import (
    ConfirmDecision,
    HonourDecision,
    RecordRecovery,
    ResumeDecision,
    RevokeDecision,
    SuspendDecision,
)
from ledger.domain.commands.scoring import EnterScore, ReturnScore, SelfReportScore, VerifyScore
from ledger.domain.commands.spot_checking import PlanSpotCheck, RecordSpotCheck, ResolveDiscrepancy
from ledger.domain.commands.targeting import AdjustTarget, SetTarget
from ledger.domain.commands.tasking import (
    AssignKeyTask,
    CancelKeyTask,
    CompleteKeyTask,
    ExtendKeyTask,
    ReportMilestone,
    ReturnMilestone,
    VerifyMilestone,
)
from ledger.domain.commands.vetoing import ImposeVeto, LiftVeto
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
    EraseSubject,
    HoldPost,
    LeavePost,
    SetBurdenCap,
    ProposeAssessmentItem,
    ApproveAssessmentItem,
    RejectAssessmentItem,
    RetireAssessmentItem,
    IssueDataRequest,
    IssueMeasures,
    RepealMeasures,
    PlanCycle,
    IssuePlanVersion,
    AmendCalendar,
    AssignUnitToGroup,
    ExemptIndicator,
    EndIndicatorExemption,
    MergeUnits,
    SplitUnit,
    DissolveUnit,
    TransferDuty,
    OpenCycle,
    CloseEntry,
    SetTarget,
    AdjustTarget,
    AssignResponsibility,
    ChangeResponsibility,
    DecomposeTarget,
    AssignKeyTask,
    ReportMilestone,
    VerifyMilestone,
    ReturnMilestone,
    ExtendKeyTask,
    CompleteKeyTask,
    CancelKeyTask,
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
    ComputeResults,
    StartPublicNotice,
    EndPublicNotice,
    ResolveTie,
    GrantGradeException,
    OpenGrades,
    SetReportDue,
    PublishReport,
    RetractReport,
    OpenRestatement,
    ReviseGrades,
    RestateReports,
    CloseRestatement,
    CloseCycle,
    NoteSourceRevision,
    PlanSpotCheck,
    RecordSpotCheck,
    ResolveDiscrepancy,
    OpenEvaluation,
    IssueBallotTokens,
    CastBallot,
    ImportSurveyResult,
    CloseEvaluation,
    TallyEvaluation,
    ClaimBonus,
    ApproveBonus,
    RejectBonus,
    ImposeDeduction,
    RevokeAdjustment,
    CarryOverAdjustment,
    ImposeVeto,
    LiftVeto,
    ComputeCadreResult,
    DecideCadreGrade,
    DecideReward,
    DecidePunishment,
    HonourDecision,
    SuspendDecision,
    ResumeDecision,
    ConfirmDecision,
    RevokeDecision,
    RecordRecovery,
    FileAppeal,
    AcceptAppeal,
    DeclareAppealInadmissible,
    AssignAppeal,
    HearAppeal,
    DecideAppeal,
    WithdrawAppeal,
    EscalateAppeal,
    ImplementAppeal,
    RaiseFlag,
    DispositionFlag,
    OpenInspectionCase,
    SealQuery,
    RecordFinding,
    CloseCase,
)
"""The commands offered over HTTP, in the order of an assessment year."""
