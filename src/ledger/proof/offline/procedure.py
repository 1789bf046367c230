"""The rules of procedure, held against what the entries themselves say.

Nobody approves alone, what is cited is there and of the kind that can be cited, and only the
value in force is verified, corrected or withdrawn. Whoever owns the database and the key can
add entries that no command would have been allowed to; here they are found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_heading = re.compile(rb'{"actor":{"on_behalf_of":(?:null|"([^"]+)"),"person_id":"([^"]+)"').fullmatch
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
    "replaces_position": (*_VALUES, "ScoreWithdrawn", *_TARGETS),
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
        *("ScoreLateEntered", "ScoreWithdrawn", "SubjectErased", "VetoLifted"),
    )
)
"""What one person records and another approves."""
FOUNDER = "founder"
"""Gives the first roles of an empty ledger, and can do nothing afterwards."""
_cited = re.compile(rb'"verified_position":(\d+)[,}]').search
_FRESH = b',"replaces_position":null,"self_report_position":null,'


@dataclass(slots=True)
class Score:
    """How one score stands: positions of its values, and who stood for them."""

    entered: int | None = None
    official: int | None = None
    entered_by: frozenset[str] = frozenset()
    verified_by: frozenset[str] = frozenset()
    request: tuple[int, int, object, frozenset[str]] | None = None
    """The open request: its position, what it corrects, the value it asks for, who made it."""


class Procedure:
    """What has happened so far, as far as the rules need to know."""

    def __init__(self) -> None:
        self.types: list[str] = [""]
        """The type of each event, by position."""
        self._scores: dict[bytes, Score | tuple[int, frozenset[str]]] = {}
        """Scores by stream; of one that is only entered, where and by whom."""
        self._lenient: set[str] = set()
        self._known: dict[bytes, frozenset[str]] = {}

    def broken(self, kind: str, stream: bytes, entry: bytes) -> Iterable[str]:
        """Take the next event, and return a sentence for each rule that it breaks."""
        position = len(self.types)
        self.types.append(kind)
        # Most of a ledger is of two types, which are not worth being parsed as a whole.
        if kind == "ScoreEntered":
            if stream not in self._scores and _FRESH in entry and (persons := self._persons(entry)):
                self._scores[stream] = position, persons
                return ()
        elif kind == "ScoreVerified" and (cited := _cited(entry)) and (persons := self._persons(entry)):
            return self._verified(self._score(stream), int(cited[1]), persons)
        return self._read(position, kind, stream, entry)

    def _persons(self, entry: bytes) -> frozenset[str] | None:
        """Who acted, and for whom; None if the entry does not begin as entries do."""
        heading = entry[: entry.find(b',"role":')]
        known = self._known.get(heading)
        if known is None and (found := _heading(heading)):
            known = self._known[heading] = frozenset([person.decode() for person in found.groups() if person])
        return known

    def _score(self, stream: bytes) -> Score:
        score = self._scores.get(stream)
        if not isinstance(score, Score):
            score = self._scores[stream] = Score() if score is None else Score(score[0], None, score[1])
        return score

    def _read(self, position: int, kind: str, stream: bytes, entry: bytes) -> Iterable[str]:
        try:
            whole: dict[str, Any] = json.loads(entry)
            return list(self._ruled(position, kind, stream, whole["actor"], whole["data"]))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            # Whoever forges entries need not keep to their form, and must not get away with that.
            return ["The entry is not as an entry has to be."]

    def _ruled(
        self, position: int, kind: str, stream: bytes, actor: dict[str, Any], data: dict[str, Any]
    ) -> Iterator[str]:
        persons = frozenset((actor["person_id"], actor.get("on_behalf_of") or actor["person_id"]))
        yield from self._citations(position, data)
        yield from _four_eyes(kind, data, persons)
        if kind == "PlanVersionIssued" and data["content"].get("approver_independence", "FULL") != "FULL":
            self._lenient.add(data["cycle_id"])
        if stream.startswith(b"score:"):
            yield from self._scored(self._score(stream), position, kind, data, persons)

    def _citations(self, position: int, data: dict[str, Any]) -> Iterator[str]:
        for name, cited in data.items():
            if cited is None or not name.endswith("_position"):
                continue
            if not isinstance(cited, int) or not 0 <= cited < position:
                yield f"{name} is {cited}, which is not an earlier position."
            elif name in CITABLE and self.types[cited] not in CITABLE[name]:
                yield f"{name} is {cited}, which is of the type {self.types[cited]}."

    def _verified(self, score: Score, cited: int, persons: frozenset[str]) -> list[str]:
        broken: list[str] = []
        if cited != score.entered:
            broken.append(f"Position {cited} is verified, and {score.entered} is the value entered last.")
        if not persons.isdisjoint(score.entered_by):
            broken.append("Who entered the value has verified it.")
        score.official, score.verified_by = score.entered, persons
        return broken

    def _scored(
        self, score: Score, position: int, kind: str, data: dict[str, Any], persons: frozenset[str]
    ) -> Iterator[str]:
        match kind:
            case "ScoreVerified":
                yield from self._verified(score, data["verified_position"], persons)
            case "CorrectionRequested":
                yield from _in_force("corrects_position", data, score.official)
                score.request = position, data["corrects_position"], data["proposed_value"], persons
            case "CorrectionRejected" | "CorrectionRequestWithdrawn":
                score.request = None
            case "ScoreCorrected":
                yield from self._corrected(score, data, persons)
                score.official, score.request = position, None
                score.entered_by = score.verified_by = frozenset()
            case "ScoreWithdrawn":
                yield from _in_force("withdrawn_position", data, score.official or score.entered)
                if score.official is not None and not data.get("approved_by"):
                    yield "A verified value is withdrawn without approval."
                score.official = score.entered = None
            case "ScoreEntered" | "ScoreLateEntered":
                if score.official is not None:
                    yield "A verified value is entered again, which only a correction may change."
                score.entered, score.entered_by = position, persons
            case _:
                pass

    def _corrected(self, score: Score, data: dict[str, Any], persons: frozenset[str]) -> Iterator[str]:
        yield from _in_force("corrects_position", data, score.official)
        if score.request is None or score.request[0] != data["request_position"]:
            yield f"No request is open at {data['request_position']}."
        elif (data["corrects_position"], data["new_value"]) != score.request[1:3]:
            yield "Something else is approved than was asked for."
        part = score.entered_by | (score.request[3] if score.request else frozenset[str]())
        if data["cycle_id"] not in self._lenient:
            part |= score.verified_by
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
