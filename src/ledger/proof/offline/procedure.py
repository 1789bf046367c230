"""The rules of procedure, held against what the entries themselves say.

Nobody approves alone, what is cited is there and of the kind that can be cited, and only the
value in force is verified, corrected or withdrawn. Whoever owns the database and the key can
add entries that no command would have been allowed to; here they are found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ledger.proof.offline.entries import CORRECTED, ENTERED, NO_FORM, REQUESTED, VERIFIED, Matching

_VALUES = "ScoreEntered", "ScoreLateEntered", "ScoreCorrected"
_TARGETS = "TargetSet", "TargetAdjusted"
_DUTIES = "ResponsibilityAssigned", "ResponsibilityChanged"
_GRADES = "GradesOpened", "GradesRevised"
_REPORTS = "ReportPublished", "ReportRestated"
CITABLE: dict[str, tuple[str, ...]] = {
    "adjusts_position": _TARGETS,
    "appeal_position": ("AppealFiled",),
    "assigned_position": _DUTIES,
    "cast_position": ("BallotCast",),
    "claim_position": ("BonusClaimed",),
    "corrects_position": _VALUES,
    "decision_position": ("RewardDecided", "PunishmentDecided"),
    "delegated_position": ("DelegationGranted",),
    "exempted_position": ("IndicatorExempted",),
    "flag_position": ("FlagRaised",),
    "found_position": ("DiscrepancyFound",),
    "graded_position": _GRADES,
    "granted_position": ("RoleGranted",),
    "held_position": ("PostHeld",),
    "official_position": _VALUES,
    "proposed_position": ("AssessmentItemProposed",),
    "published_position": _REPORTS,
    "replaces_position": (*_VALUES, "ScoreWithdrawn", *_TARGETS, "SurveyResultImported"),
    "reported_position": ("MilestoneReported",),
    "request_position": ("CorrectionRequested",),
    "result_position": ("CadreResultComputed",),
    "results_position": ("ResultsComputed",),
    "returned_position": _VALUES,
    "self_report_position": ("ScoreSelfReported",),
    "started_position": ("PublicNoticeStarted",),
    "supersedes_position": (*_GRADES, *_REPORTS),
    "target_position": ("BonusClaimed", "BonusApproved", "DeductionImposed", *_TARGETS),
    "verified_position": _VALUES,
    "veto_position": ("VetoImposed",),
    "withdrawn_position": _VALUES,
}
"""What a citation may name. Other fields ending in `_position` may name any earlier event."""
EXECUTED = frozenset(
    (
        *("DataRequestIssued", "DecisionRevoked", "KeyTaskCancelled", "KeyTaskExtended", "LedgerReopened"),
        *("LedgerRestored", "PlanVersionIssued", "RestatementOpened", "RoleGranted", "RoleRevoked"),
        *("ScoreLateEntered", "ScoreWithdrawn", "SubjectErased", "VetoLifted", *_REPORTS),
    )
)
"""What one person records and another approves."""
FOUNDER = "founder"
"""Gives the first roles of an empty ledger, and can do nothing afterwards."""


class Stream:
    """How one stream stands; of a score's, positions of its values, and who stood for them."""

    version: int = 0
    entered: int | None = None
    awaiting: int | None = None
    """The value entered last, as long as nobody has verified or returned it."""
    entered_by: frozenset[str] = frozenset()
    official: int | None = None
    verified_by: frozenset[str] = frozenset()
    request: tuple[int, int, object, frozenset[str]] | None = None
    """The open request: its position, what it corrects, the value it asks for, who made it."""

    def enter(self, position: int, persons: frozenset[str]) -> None:
        """A value is entered."""
        self.entered = self.awaiting = position
        self.entered_by = persons

    def verify(self, persons: frozenset[str]) -> None:
        """The value entered last is verified."""
        self.official, self.awaiting, self.verified_by = self.entered, None, persons

    def correct(self, position: int) -> None:
        """What was asked for is in force."""
        self.official, self.request = position, None
        self.entered_by = self.verified_by = frozenset()

    def took_part(self, *, verifying: bool = True) -> frozenset[str]:
        """Who stands for the value in force or for what is asked; among them, those who verified it or not."""
        asked = self.request[3] if self.request else frozenset[str]()
        return self.entered_by | asked | (self.verified_by if verifying else frozenset[str]())


class Kind(NamedTuple):
    """One type of event: the form that most of them have, and what then tells whether they keep to the rules."""

    name: str
    form: Matching = NO_FORM
    kept: Callable[..., bool] = bool


class Procedure:
    """What has happened so far, as far as the rules need to know."""

    def __init__(self) -> None:
        self.types: list[str] = [""]
        """The type of each event, by position."""
        self._lenient: set[str] = set()
        self._persons: dict[bytes, frozenset[str]] = {}
        self._kinds: dict[bytes, Kind] = {
            b"ScoreEntered": Kind("ScoreEntered", ENTERED, self._entered_kept),
            b"ScoreVerified": Kind("ScoreVerified", VERIFIED, self._verified_kept),
            b"CorrectionRequested": Kind("CorrectionRequested", REQUESTED, self._requested_kept),
            b"ScoreCorrected": Kind("ScoreCorrected", CORRECTED, self._corrected_kept),
        }

    def broken(
        self, position: int, kind: bytes, stream: Stream, name: bytes, actor: bytes, data: bytes
    ) -> Iterable[str]:
        """Take the next event, and return a sentence for each rule that it breaks."""
        known = self._kinds.get(kind) or self._kinds.setdefault(kind, Kind(kind.decode()))
        self.types.append(known.name)
        try:
            persons = self._persons.get(actor) or self._persons_of(actor)
            # Most of a ledger is of few forms and keeps to the rules, which is seen without parsing JSON.
            said = known.form(data)
            if said is not None and known.kept(position, stream, persons, *said.groups()):
                return ()
            return list(self._ruled(position, known.name, stream, name, persons, json.loads(data)))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # Whoever forges entries need not keep to their form, and must not get away with that.
            return ["The entry is not as an entry has to be."]

    def _persons_of(self, actor: bytes) -> frozenset[str]:
        """Who acted, and for whom."""
        said: dict[str, str | None] = json.loads(actor)
        persons = frozenset(each for each in (said["person_id"], said["on_behalf_of"]) if each is not None)
        self._persons[actor] = persons
        return persons

    def _entered_kept(self, position: int, score: Stream, persons: frozenset[str], reported: bytes) -> bool:
        if score.entered is not None or score.official is not None:
            return False
        if reported != b"null":
            cited = int(reported)
            if cited >= position or self.types[cited] != "ScoreSelfReported":
                return False
        score.enter(position, persons)
        return True

    def _verified_kept(self, position: int, score: Stream, persons: frozenset[str], verified: bytes) -> bool:
        if score.awaiting != int(verified) or not persons.isdisjoint(score.entered_by):
            return False
        score.verify(persons)
        return True

    def _requested_kept(
        self, position: int, score: Stream, persons: frozenset[str], corrects: bytes, value: bytes
    ) -> bool:
        if score.official != int(corrects):
            return False
        score.request = position, int(corrects), value.decode(), persons
        return True

    def _corrected_kept(
        self,
        position: int,
        score: Stream,
        persons: frozenset[str],
        approver: bytes,
        corrects: bytes,
        value: bytes,
        request: bytes,
        requester: bytes,
    ) -> bool:
        asked = int(request), int(corrects), value.decode()
        if score.request is None or score.official != asked[1] or score.request[:3] != asked or approver == requester:
            return False
        # A lenient plan allows more; that is looked at more closely.
        if not score.took_part().isdisjoint(persons | {approver.decode()}):
            return False
        score.correct(position)
        return True

    def _ruled(
        self, position: int, kind: str, stream: Stream, name: bytes, persons: frozenset[str], data: dict[str, Any]
    ) -> Iterator[str]:
        yield from self._citations(position, data)
        yield from _four_eyes(kind, data, persons)
        if kind == "PlanVersionIssued" and data["content"].get("approver_independence", "FULL") != "FULL":
            self._lenient.add(data["cycle_id"])
        if name.startswith(b"score:"):
            yield from self._scored(stream, position, kind, data, persons)

    def _citations(self, position: int, data: dict[str, Any]) -> Iterator[str]:
        for name, cited in data.items():
            if cited is None or not name.endswith("_position"):
                continue
            if not isinstance(cited, int) or not 0 <= cited < position:
                yield f"{name} is {cited}, which is not an earlier position."
            elif name in CITABLE and self.types[cited] not in CITABLE[name]:
                yield f"{name} is {cited}, which is of the type {self.types[cited]}."

    def _scored(
        self, score: Stream, position: int, kind: str, data: dict[str, Any], persons: frozenset[str]
    ) -> Iterator[str]:
        match kind:
            case "ScoreVerified":
                if data["verified_position"] != score.awaiting:
                    yield f"{data['verified_position']} is verified, and {score.awaiting or 'no value'} awaits that."
                if not persons.isdisjoint(score.entered_by):
                    yield "Who entered the value has verified it."
                score.verify(persons)
            case "ScoreReturned":
                score.awaiting = None
            case "CorrectionRequested":
                yield from _in_force("corrects_position", data, score.official)
                score.request = position, data["corrects_position"], data["proposed_value"], persons
            case "CorrectionRejected" | "CorrectionRequestWithdrawn":
                score.request = None
            case "ScoreCorrected":
                yield from self._corrected(score, data, persons)
                score.correct(position)
            case "ScoreWithdrawn":
                yield from _in_force("withdrawn_position", data, score.official or score.entered)
                if score.official is not None and not data.get("approved_by"):
                    yield "A verified value is withdrawn without approval."
                score.official = score.entered = score.awaiting = None
            case "ScoreEntered" | "ScoreLateEntered":
                if score.official is not None:
                    yield "A verified value is entered again, which only a correction may change."
                score.enter(position, persons)
            case _:
                pass

    def _corrected(self, score: Stream, data: dict[str, Any], persons: frozenset[str]) -> Iterator[str]:
        yield from _in_force("corrects_position", data, score.official)
        if score.request is None or score.request[0] != data["request_position"]:
            yield f"No request is open at {data['request_position']}."
        elif (data["corrects_position"], data["new_value"]) != score.request[1:3]:
            yield "Something else is approved than was asked for."
        part = score.took_part(verifying=data["cycle_id"] not in self._lenient)
        if (persons | {data["approved_by"]}) & part:
            yield "Who approves has entered or verified the value, or asked for the correction."


def _four_eyes(kind: str, data: dict[str, Any], persons: frozenset[str]) -> Iterator[str]:
    approved_by = data.get("approved_by")
    if approved_by is None:
        return
    for name in ("requested_by", "proposed_by"):
        if data.get(name) == approved_by:
            yield f"{approved_by} approves what is {name.replace('_', ' ')} the same person."
    if kind in EXECUTED and approved_by in persons and approved_by != FOUNDER:
        yield f"{approved_by} approves what the same person records."
    if kind in ("RoleGranted", "SubjectErased", "CadreGradeDecided") and approved_by == data.get("subject_id"):
        yield f"{approved_by} decides about themselves."


def _in_force(name: str, data: dict[str, Any], position: int | None) -> Iterator[str]:
    if data[name] != position:
        yield f"{name} is {data[name]}, and the value in force is that of {position or 'no position'}."
