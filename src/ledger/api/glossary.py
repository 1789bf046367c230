"""The glossary: what each field means, once, wherever it appears in the schema.

A field that carries its own attribute docstring in the domain is described by that; every
other is described here by its name, because one name means one thing in this project.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise

GLOSSARY: dict[str, str] = {
    "about_position": "The position of the value, adjustment, veto, grading, reward or punishment that is contested.",
    "action": "What was done.",
    "adjusts_position": "The position of the target that was moved.",
    "administrator_id": "Who executes decisions about roles.",
    "accepted": "How many rows were accepted.",
    "amount": "Money, in CNY.",
    "answers": "What the ballot says, one answer to a question about a unit.",
    "appeal_position": "The position that filed the appeal.",
    "approver_independence": "From whom the approver of a correction has to differ.",
    "approved_by": "The person who approved it.",
    "article": "The article's number.",
    "articles": "The articles of this version.",
    "as_of": "The last position that the answer includes.",
    "as_of_position": "The last position that was looked at.",
    "assigned": "Units that take part otherwise than the plan says.",
    "assigned_position": "The position that assigned the responsibility.",
    "baseline": "The figure of the base period.",
    "based_on": "The plan version this one changes; null for the first.",
    "basis_position": "The position of the grading, the veto or the finding that the decision stands on.",
    "batch_id": "The import batch the event belongs to.",
    "cadres": "How cadres are assessed; null if the plan does not say.",
    "calendar": "The plan's days.",
    "campaign_id": "The appraisal campaign.",
    "cap": "The most points the formula gives.",
    "case_id": "The inspection case.",
    "case_ref": "The case on whose account the correction is asked for.",
    "category": "What kind of organisation the unit is.",
    "causation_position": "The event that caused this one.",
    "channel": "Which way the command came in.",
    "check_id": "The spot check.",
    "cites": "The position this event stands on.",
    "claim_position": "The position of the bonus claim.",
    "closes_on": "The last day on which ballots are cast.",
    "code": "The stable name of the reason.",
    "command_id": "The id the client gave the command.",
    "complete": "Whether every value that is due is known.",
    "content": "The plan, whole.",
    "content_hash": "SHA-256 over the canonical content, in hexadecimal.",
    "correction_class": "What kind of change the correction is.",
    "correction_count": "How many corrections were approved.",
    "correction_position": "The position of the correction or the withdrawal; null where there was none.",
    "correction_positions": "The positions of the events that carried the decision out.",
    "correlation_id": "The process the command belongs to.",
    "corrects_position": "The position of the value to be corrected, which must be the effective one.",
    "cumulative_share": "The share of the annual target due by the end of the period, from 0 to 1.",
    "currency": "The currency of the amount.",
    "cursor": "The place of this entry, to page on from.",
    "cycle_id": "The assessment cycle.",
    "deadline": "What had to be done.",
    "deadlines": "The last days on which something may be done.",
    "decision_position": "The position of the decision.",
    "declaration": "The content hash (SHA-256) of the registered declaration of no conflict.",
    "delegated_position": "The position that granted the delegation.",
    "determined_by": "The authority that established the facts.",
    "deviation_reason": "Why the amount is another than the rule's.",
    "difficulty": "The difficulty coefficient of the target.",
    "dimension_id": "The dimension of the index system.",
    "dimensions": "The dimensions of the index system.",
    "directs": "What has to be done; null where nothing has.",
    "display_name": "What the person is called.",
    "disposition": "What the flag was worth.",
    "document_no": "The document's official number.",
    "due_on": "The last day on which it is due.",
    "effect": "What it does to the grade.",
    "effective_on": "The day from which it holds.",
    "eligible_count": "How many raters are on the list that is held outside the ledger.",
    "eligible_hash": "The SHA-256 of the list of eligible raters, in hexadecimal.",
    "ends_on": "The last day.",
    "entry_kind": "Whether a measured figure or awarded points are entered.",
    "evidence": "Content hashes (SHA-256) of registered documents.",
    "evidence_count_min": "How many pieces of evidence an entry has to cite.",
    "exact": "The exact figure, before any rounding: a decimal, or a fraction.",
    "executed_on": "The day on which it was carried out.",
    "exempted_position": "The position that granted the exemption.",
    "expected_version": "The version of the score's stream that the sender has seen; refused if it has moved.",
    "findings": "What was found, in words somebody else understands.",
    "flag_position": "The position that raised the flag.",
    "floor": "The fewest points the formula gives.",
    "formula": "How a value becomes points.",
    "found_position": "The position that found the discrepancy.",
    "frequency": "How often the indicator is scored.",
    "from_person_id": "The person acted for.",
    "full": "The points of the best.",
    "grade": "The grade, by the plan's name for it.",
    "granted_position": "The position that granted the role.",
    "grounds": "On what the appeal rests.",
    "group_id": "The peer group.",
    "group_ids": "The groups it is limited to; empty is no limit.",
    "groups": "The peer groups.",
    "heard_on": "The day of the hearing.",
    "holidays": "Days that are not worked though they fall on a working day.",
    "home_unit_id": "The unit the person belongs to.",
    "import_id": "The id of the import.",
    "high": "The upper end.",
    "in_force_from": "The day from which it holds.",
    "in_force_from_period": "The first period it holds for; null is all.",
    "indicator_id": "The indicator.",
    "indicator_ids": "The indicators it is limited to; empty is no limit.",
    "indicators": "The leaves of the index system.",
    "inspectors": "Who observed it: at least two persons.",
    "interim": "Whether the value is meant for a period that has not ended.",
    "invalidated_by": "The rules a ballot must not break to count.",
    "issued_on": "The day the document was issued.",
    "issuer": "Who issued the document.",
    "kind": "Which kind it is.",
    "label": "What the figure is.",
    "late_authority": "Evidence of the superior authority that allows it after the freeze.",
    "late_reason": "Why the value is entered late.",
    "level": "The administrative level.",
    "low": "The lower end.",
    "makeup_workdays": "Weekend days that are worked.",
    "matter": "What happened, in words somebody else understands.",
    "matter_id": "The matter it is for; for one matter the highest counts.",
    "may_score_own_unit": "Whether a scorer may score the unit they belong to.",
    "measures_id": "The implementation measures.",
    "measures_version": "The version of the measures.",
    "media_type": "The media type of the document.",
    "members": "The units of the group.",
    "message": "What stood in the way, and what to do.",
    "method": "How it was verified.",
    "milestone_id": "The step of the task.",
    "missing": "How many indicators have no value.",
    "n": "How many scores are drawn.",
    "name": "The name.",
    "name_en": "The English name.",
    "name_zh": "The Chinese name.",
    "new_name_zh": "The new Chinese name.",
    "new_target": "The target from now on.",
    "new_value": "The value from now on.",
    "note": "A remark.",
    "observed": "The value that was observed.",
    "occurred_on": "The day it happened.",
    "old_value": "The value until then.",
    "on_behalf_of": "The person acted for.",
    "opens_on": "The first day on which ballots are cast.",
    "option": "The answer chosen, as the plan names it.",
    "outcome": "How it ended.",
    "panel": "Who decides, each with a declaration of no conflict.",
    "parent_unit_id": "The unit this one is subordinate to.",
    "participation": "How the unit takes part.",
    "path": "The field of the input it is about.",
    "period": "The period, spelled as the plan spells it.",
    "periods": "The periods, spelled as the plan spells them; none means all.",
    "person_id": "The person.",
    "person_ids": "The persons it is about.",
    "phase": "Where the cycle stands.",
    "plan_version": "The version of the plan.",
    "points": "Points of 100, without a sign.",
    "points_granted": "The points that were granted.",
    "policy": "What happens to the weight.",
    "position": "The place in the whole ledger, from 1, without gaps.",
    "positions": "The events behind the figure.",
    "proposed_by": "The person who proposed it.",
    "proposed_value": "The value asked for.",
    "progress_schedule": "How much of the target is due by when.",
    "query": "The question, as it was put to the ledger.",
    "questions": "What is asked about each unit; none asks for one overall mark.",
    "rank": "1 + the number of units with a greater total; null without a rank.",
    "rater_class": "From where the units are appraised.",
    "reason": "Why, in words somebody else understands.",
    "reason_code": "Why, from the list.",
    "recorded_at": "When the ledger recorded it; never runs back.",
    "recovery": "What has to be paid back, in CNY.",
    "reference": "The appeal or the case on whose account it happens.",
    "rejected_rows": "The rows that were refused.",
    "remedy": "What is asked for.",
    "repealed_from": "The day from which the measures no longer hold.",
    "reported_position": "The position of the report, which must be the one that waits for verification.",
    "request_position": "The position of the correction request.",
    "requested_by": "The person who asked for it.",
    "requested_for": "On whose account the correction is asked for.",
    "responsible_person_id": "The person who answers for it.",
    "responsible_unit_id": "The unit that answers for it.",
    "result_hash": "SHA-256 over the answer, in hexadecimal.",
    "returned_position": "The position of the value that is sent back.",
    "retryable": "Whether the same command may succeed if it is sent again.",
    "revised_on": "The day on which the source revised the figure.",
    "revised_value": "The figure as the source has it now; the official one stands.",
    "revoked_from": "The day from which the role no longer holds.",
    "role": "The office held.",
    "rounding": "How a figure exactly between two is rounded.",
    "rounding_policy": "Whether only the total is rounded, or each level.",
    "row": "The row's number in the file, from 1 after the heading.",
    "rows": "How many rows the file has.",
    "rule": "The article it stands on.",
    "rule_id": "The red-flag rule.",
    "rule_ref": "The rule that was cited.",
    "ruleset_version": "The version of the red-flag rules.",
    "sample": "How many persons were asked.",
    "scale": "How many decimal places a value may have.",
    "schema": "The version of the fact's form.",
    "scope": "What the role extends to.",
    "score_scale": "How many decimal places a published figure has.",
    "scoring_unit_id": "The department that enters the indicator's values.",
    "seed": "What the lots are drawn with, from a source that nobody here controls.",
    "severity": "How grave it is.",
    "sha256": "The SHA-256 of the content, 64 lower-case hexadecimal digits.",
    "share": "The part of the whole, from 0 to 1.",
    "shown": "The figure as it is shown, rounded once.",
    "size": "How many bytes the document has.",
    "source": "Where the value comes from.",
    "source_ref": "What identifies the value at its source.",
    "standard": "The rule or duty that was breached.",
    "starts_on": "The first day.",
    "status": "Where the score stands.",
    "stream": "The history it belongs to.",
    "stretch": "The stretch target.",
    "subject_id": "The person it concerns.",
    "summary": "What changed, in one sentence.",
    "target": "What is to be reached.",
    "target_freeze_on": "The last day on which targets move without a superior's authority.",
    "target_position": "The position of the adjustment it ends.",
    "task_id": "The key task.",
    "text_sha256": "The hash of the article's text.",
    "timezone": "The time zone of the plan's days.",
    "title": "The title.",
    "to_cycle_id": "The cycle it counts in instead.",
    "token": "The token that was handed out for one ballot; the ledger keeps its hash only.",
    "token_hashes": "The SHA-256 of each token that was handed out, in hexadecimal.",
    "tolerance": "The share of the official value that may differ, from 0 to 1.",
    "top_marks_max": "To how many units a ballot may give the best answer.",
    "total": "The published figure, rounded once.",
    "trace": "How the amount follows from the rule.",
    "type": "The name of the fact.",
    "unit_id": "The assessed organisation, whose id never changes.",
    "unit_ids": "The units it is limited to; empty is no limit. In a plan: the assessed units.",
    "uom": "The unit of measure.",
    "valid_from": "The first day.",
    "valid_to": "The last day; null is no end.",
    "value": "The value, at the indicator's scale.",
    "value_max": "The greatest value allowed.",
    "value_min": "The least value allowed.",
    "verified_position": "The position of the value that is confirmed, which must be the one entered last.",
    "version": "The place in its own stream, from 1.",
    "versions": "The plan versions, oldest first.",
    "veto_position": "The position of the veto.",
    "weight": "Percentage points.",
    "weights": "The weight for the units of each group; a group without one does not have the indicator.",
    "withdrawn_position": "The position of the value that is withdrawn, which must be the effective one.",
    "zero_below": "The rate (actual / target) below which there are no points.",
    "zero_target_step": "Points lost per unit where the target is zero.",
}


@cache
def attribute_docs(kind: type) -> dict[str, str]:
    """The docstrings written under the attributes of one of our classes, inherited ones included."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("ledger."):
            docs |= _docs_of_module(base.__module__).get(base.__name__, {})
    return docs


@cache
def _docs_of_module(name: str) -> dict[str, dict[str, str]]:
    """The attribute docstrings of every class of a module, which is parsed once: it is half of the start-up."""
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: _docs_of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docs_of_class(node: ast.ClassDef) -> dict[str, str]:
    docs: dict[str, str] = {}
    for statement, following in pairwise(node.body):
        name = _assigned(statement)
        if name and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            docs[name] = str(following.value.value).strip()
    return docs


def _assigned(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def describe(kind: type, name: str) -> str:
    """The description of a field of `kind`. Raises KeyError for a word that nobody has explained."""
    return attribute_docs(kind).get(name) or GLOSSARY[name]


def describe_value(kind: type, name: str) -> str:
    """The description of an enum value: its docstring, else its name in words."""
    return attribute_docs(kind).get(name) or name.replace("_", " ").capitalize() + "."


def summary(kind: type) -> str:
    """The docstring of a class, its lines joined."""
    return inspect.cleandoc(kind.__doc__ or "").replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")
