"""The events of the golden mini-ledger as commands: each kind with the command that leaves it, and who sends that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, TypedDict

from ledger.domain.adjustment import AwardLevel
from ledger.domain.appeal import AppealOutcome
from ledger.domain.commands import (
    AcceptAppeal,
    ApproveBonus,
    ApproveCorrection,
    ClaimBonus,
    CloseEntry,
    ComputeResults,
    ConfirmDecision,
    DecideAppeal,
    DecidePunishment,
    DecideReward,
    EndPublicNotice,
    EnterScore,
    FileAppeal,
    ImposeVeto,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    OpenGrades,
    OpenInspectionCase,
    OpenRestatement,
    PlanCycle,
    PublishReport,
    RecordFinding,
    RecordSpotCheck,
    RegisterUnit,
    RequestCorrection,
    RestateReports,
    ReviseGrades,
    RevokeDecision,
    StartPublicNotice,
    VerifyScore,
)
from ledger.domain.decision import RevocationReason
from ledger.domain.grading import ReportAudience
from ledger.domain.inspection_case import FindingKind
from ledger.domain.plan import EntryKind
from ledger.domain.publication import ReportKind
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import ReasonCode, RequestedFor, VerificationMethod
from ledger.domain.units import UnitCategory
from ledger.domain.veto import VetoEffect
from ledger.domain.world import Command
from ledger.mini_ledger.plan import CYCLE, GROUP, PLAN, RULES, YEAR

Happening = dict[str, Any]
"""One event of the specification."""
At = Mapping[int, int]
"""Our position for each of the specification's that was told."""

SPECIFIED: dict[str, Any] = json.loads((files("ledger") / "data" / "mini_ledger.json").read_text("utf-8"))
"""The mini-ledger as the specification's vectors have it: its events, and the tables that they have to give."""
HAPPENINGS: list[Happening] = SPECIFIED["events"]
DOCUMENT = b"minutes"
MINUTES = hashlib.sha256(DOCUMENT).hexdigest()
"""The content hash of the one document that proves everything here."""


def command_of(happening: Happening, at: At) -> tuple[Command, str]:
    """The command that leaves an event, and who sends it; `at` knows the positions it cites."""
    command, by = _COMMANDS[happening["type"]]
    return command(at, happening), happening.get("by", by)


class _Score(TypedDict):
    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str


def _score(happening: Happening) -> _Score:
    return {
        "cycle_id": CYCLE,
        "unit_id": happening["unit"],
        "indicator_id": happening["indicator"],
        "period": YEAR,
    }


def _article(number: str) -> RuleRef:
    return RuleRef(source=RuleSource.PLAN, version=1, article=number)


def _measures_issued(at: At, happening: Happening) -> Command:
    return IssueMeasures(measures_id=happening["measures_id"], title="Measures", in_force_from=date(2018, 1, 1))


def _cycle_planned(at: At, happening: Happening) -> Command:
    return PlanCycle(
        cycle_id=happening["cycle"],
        title="Mini-ledger 2018",
        starts_on=date(2018, 1, 1),
        ends_on=date(2018, 12, 31),
        measures_id="M-1",
        measures_version=1,
    )


def _plan_version_issued(at: At, happening: Happening) -> Command:
    return IssuePlanVersion(cycle_id=happening["cycle"], content=PLAN, summary="First version")


def _unit_registered(at: At, happening: Happening) -> Command:
    unit_id, day = happening["unit"], date(2018, 1, 1)
    return RegisterUnit(unit_id=unit_id, name_zh=unit_id, category=UnitCategory.DISTRICT, effective_on=day)


def _cycle_opened(at: At, happening: Happening) -> Command:
    return OpenCycle(cycle_id=happening["cycle"])


def _score_entered(at: At, happening: Happening) -> Command:
    awarded = happening["indicator"] == "C"
    return EnterScore(
        **_score(happening),
        value=Decimal(happening["value"]),
        uom="points" if awarded else "%",
        entry_kind=EntryKind.POINTS if awarded else EntryKind.ACTUAL,
    )


def _score_verified(at: At, happening: Happening) -> Command:
    return VerifyScore(**_score(happening), verified_position=at[happening["verifies_position"]])


CLAIM = ClaimBonus(
    cycle_id=CYCLE,
    unit_id="U03",
    rule=_article("B1"),
    matter_id="AWARD-1",
    level=AwardLevel.PROVINCIAL,
    points=Decimal("1.5"),
    occurred_on=date(2018, 11, 20),
    evidence=(MINUTES,),
    document_no="2018-117",
    issued_on=date(2018, 12, 3),
)
"""What is approved at 40; the specification passes over the claim, which comes right before."""


def _bonus_approved(at: At, happening: Happening) -> Command:
    points = Decimal(happening["points"])
    return ApproveBonus(cycle_id=CYCLE, unit_id=happening["unit"], claim_position=at[39] + 1, points_granted=points)


def _entry_closed(at: At, happening: Happening) -> Command:
    return CloseEntry(cycle_id=CYCLE)


def _results_computed(at: At, happening: Happening) -> Command:
    return ComputeResults(cycle_id=CYCLE, group_id=GROUP)


_ACCOUNTS = {"APPEAL_UPHELD": RequestedFor.APPEAL, "FRAUD_FINDING": RequestedFor.INSPECTION}


def _correction_requested(at: At, happening: Happening) -> Command:
    code = happening["reason_code"]
    return RequestCorrection(
        **_score(happening),
        corrects_position=at[happening["corrects_position"]],
        proposed_value=Decimal(happening["new_value"]),
        reason_code=ReasonCode(code),
        reason="The figure is not the one in the yearbook.",
        evidence=(MINUTES,),
        requested_for=_ACCOUNTS.get(code, RequestedFor.DEPARTMENT),
    )


def _score_corrected(at: At, happening: Happening) -> Command:
    return ApproveCorrection(**_score(happening), request_position=at[happening["request_position"]])


def _notice_started(at: At, happening: Happening) -> Command:
    return StartPublicNotice(cycle_id=CYCLE, group_id=GROUP, results_position=at[45])


def _veto_imposed(at: At, happening: Happening) -> Command:
    return ImposeVeto(
        cycle_id=CYCLE,
        unit_id=happening["unit"],
        rule=_article("V1"),
        matter="What the competent authority established.",
        occurred_on=date(2018, 12, 20),
        effect=VetoEffect(happening["effect"]),
        grade=happening["grade"],
        evidence=(MINUTES,),
        determined_by="Competent authority",
    )


def _notice_ended(at: At, happening: Happening) -> Command:
    return EndPublicNotice(cycle_id=CYCLE, group_id=GROUP)


def _grades_opened(at: At, happening: Happening) -> Command:
    return OpenGrades(cycle_id=CYCLE, group_id=GROUP, results_position=at[happening["results_position"]])


def _report_published(at: At, happening: Happening) -> Command:
    return PublishReport(
        cycle_id=CYCLE,
        number=happening["number"],
        kind=ReportKind.ANNUAL,
        audience=ReportAudience.PUBLIC,
        group_ids=(GROUP,),
        as_of_position=at[happening["as_of_position"]],
        approved_by="leading",
    )


def _reward_decided(at: At, happening: Happening) -> Command:
    rule = RULES[happening["grade"]]
    return DecideReward(
        cycle_id=CYCLE,
        unit_id=happening["unit"],
        grade=happening["grade"],
        basis_position=at[happening["basis_position"]],
        rule=_article(rule.article),
        amount=rule.amount,
        evidence=(MINUTES,),
        proposed_by="office",
    )


def _punishment_decided(at: At, happening: Happening) -> Command:
    return DecidePunishment(
        cycle_id=CYCLE,
        unit_id=happening["unit"],
        grade=happening["grade"],
        basis_position=at[happening["basis_position"]],
        rule=_article(RULES[happening["grade"]].article),
        evidence=(MINUTES,),
        proposed_by="office",
    )


def _decided_for(happening: Happening) -> str:
    """The unit that the decision cited by an event is about."""
    decided: int = happening["decision_position"]
    return HAPPENINGS[decided - 1]["unit"]


def _decision_confirmed(at: At, happening: Happening) -> Command:
    return ConfirmDecision(
        cycle_id=CYCLE,
        unit_id=_decided_for(happening),
        decision_position=at[happening["decision_position"]],
        basis_position=at[happening["basis_position"]],
    )


def _decision_revoked(at: At, happening: Happening) -> Command:
    return RevokeDecision(
        cycle_id=CYCLE,
        unit_id=_decided_for(happening),
        decision_position=at[happening["decision_position"]],
        reason_code=RevocationReason.BASIS_SUPERSEDED,
        reason="The grade it stood on was revised.",
        approved_by="p-lead",
    )


def _appeal_filed(at: At, happening: Happening) -> Command:
    return FileAppeal(
        cycle_id=CYCLE,
        unit_id=happening["unit"],
        # Its subject is U02.B, which was entered there.
        about_position=at[14],
        grounds="The yearbook has another figure for the district.",
        remedy="Take the figure of the yearbook.",
        evidence=(MINUTES,),
    )


def _appeal_accepted(at: At, happening: Happening) -> Command:
    return AcceptAppeal(cycle_id=CYCLE, unit_id="U02", appeal_position=at[55])


def _appeal_decided(at: At, happening: Happening) -> Command:
    return DecideAppeal(
        cycle_id=CYCLE,
        unit_id="U02",
        appeal_position=at[55],
        outcome=AppealOutcome(happening["outcome"]),
        findings="The yearbook bears the district out.",
        directs="Correct the figure to that of the yearbook.",
        evidence=(MINUTES,),
    )


def _restatement_opened(at: At, happening: Happening) -> Command:
    cause = "A published figure proved wrong."
    return OpenRestatement(cycle_id=CYCLE, cause=cause, group_ids=(GROUP,), evidence=(MINUTES,), approved_by="leading")


def _grades_revised(at: At, happening: Happening) -> Command:
    return ReviseGrades(
        cycle_id=CYCLE,
        group_id=GROUP,
        results_position=at[happening["results_position"]],
        supersedes_position=at[happening["supersedes_position"]],
        at_fault=("U04",) if happening["position"] == 76 else (),
    )


def _report_restated(at: At, happening: Happening) -> Command:
    superseded = (at[happening["supersedes_position"]],)
    return RestateReports(cycle_id=CYCLE, supersedes_positions=superseded, approved_by="leading")


def _spot_check_recorded(at: At, happening: Happening) -> Command:
    return RecordSpotCheck(
        **_score(happening),
        check_id="CHECK-1",
        observed=Decimal(happening["observed"]),
        uom="%",
        method=VerificationMethod.SITE_VISIT,
        inspectors=("p-inspector", "office"),
        evidence=(MINUTES,),
    )


def _case_opened(at: At, happening: Happening) -> Command:
    return OpenInspectionCase(
        case_id="CASE-1",
        cycle_id=CYCLE,
        title="A corrected figure",
        reason="What was observed is what stood there before the correction.",
        positions=(at[44], at[68]),
    )


def _finding_recorded(at: At, happening: Happening) -> Command:
    unit_id, _ = happening["subject"].split(".")
    return RecordFinding(
        case_id="CASE-1",
        kind=FindingKind(happening["kind"]),
        unit_ids=(unit_id,),
        positions=(at[44], at[68]),
        standard="Measures, article 12",
        findings="The figure was changed after the deadline without a source.",
        evidence=(MINUTES,),
    )


_COMMANDS: dict[str, tuple[Callable[[At, Happening], Command], str]] = {
    "MeasuresIssued": (_measures_issued, "leading"),
    "CyclePlanned": (_cycle_planned, "office"),
    "PlanVersionIssued": (_plan_version_issued, "office"),
    "UnitRegistered": (_unit_registered, "office"),
    "CycleOpened": (_cycle_opened, "office"),
    "ScoreEntered": (_score_entered, "p-scorer"),
    "ScoreVerified": (_score_verified, "p-verifier"),
    "BonusApproved": (_bonus_approved, "p-lead"),
    "EntryClosed": (_entry_closed, "office"),
    "ResultsComputed": (_results_computed, "office"),
    "CorrectionRequested": (_correction_requested, "office"),
    "ScoreCorrected": (_score_corrected, "director"),
    "PublicNoticeStarted": (_notice_started, "office"),
    "VetoImposed": (_veto_imposed, "leading"),
    "PublicNoticeEnded": (_notice_ended, "office"),
    "GradesOpened": (_grades_opened, "leading"),
    "ReportPublished": (_report_published, "office"),
    "RewardDecided": (_reward_decided, "leading"),
    "AppealFiled": (_appeal_filed, "p-reporter"),
    "AppealAccepted": (_appeal_accepted, "office"),
    "AppealDecided": (_appeal_decided, "p-panel"),
    "RestatementOpened": (_restatement_opened, "office"),
    "GradesRevised": (_grades_revised, "leading"),
    "ReportRestated": (_report_restated, "office"),
    "DecisionRevoked": (_decision_revoked, "leading"),
    "DecisionConfirmed": (_decision_confirmed, "leading"),
    "SpotCheckRecorded": (_spot_check_recorded, "p-inspector"),
    "InspectionCaseOpened": (_case_opened, "p-inspector"),
    "FindingRecorded": (_finding_recorded, "p-inspector"),
    "PunishmentDecided": (_punishment_decided, "leading"),
}
"""Each kind of event with the command that leaves it, and who sends that unless the specification says."""
