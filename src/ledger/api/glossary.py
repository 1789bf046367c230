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
    "action": "What was done.",
    "adjusts_position": "The position of the target that was moved.",
    "administrator_id": "Who executes decisions about roles.",
    "accepted": "How many rows were accepted.",
    "approver_independence": "From whom the approver of a correction has to differ.",
    "approved_by": "The person who approved it.",
    "article": "The article's number.",
    "articles": "The articles of this version.",
    "as_of": "The last position that the answer includes.",
    "assigned": "Units that take part otherwise than the plan says.",
    "baseline": "The figure of the base period.",
    "based_on": "The plan version this one changes; null for the first.",
    "batch_id": "The import batch the event belongs to.",
    "calendar": "The plan's days.",
    "cap": "The most points the formula gives.",
    "case_ref": "The case on whose account the correction is asked for.",
    "category": "What kind of organisation the unit is.",
    "causation_position": "The event that caused this one.",
    "channel": "Which way the command came in.",
    "cites": "The position this event stands on.",
    "code": "The stable name of the reason.",
    "command_id": "The id the client gave the command.",
    "complete": "Whether every value that is due is known.",
    "content": "The plan, whole.",
    "content_hash": "SHA-256 over the canonical content, in hexadecimal.",
    "correction_class": "What kind of change the correction is.",
    "correction_count": "How many corrections were approved.",
    "correlation_id": "The process the command belongs to.",
    "corrects_position": "The position of the value to be corrected, which must be the effective one.",
    "cumulative_share": "The share of the annual target due by the end of the period, from 0 to 1.",
    "cursor": "The place of this entry, to page on from.",
    "cycle_id": "The assessment cycle.",
    "deadline": "What had to be done.",
    "deadlines": "The last days on which something may be done.",
    "delegated_position": "The position that granted the delegation.",
    "difficulty": "The difficulty coefficient of the target.",
    "dimension_id": "The dimension of the index system.",
    "dimensions": "The dimensions of the index system.",
    "display_name": "What the person is called.",
    "document_no": "The document's official number.",
    "effective_on": "The day from which it holds.",
    "ends_on": "The last day.",
    "entry_kind": "Whether a measured figure or awarded points are entered.",
    "evidence": "Content hashes (SHA-256) of registered documents.",
    "evidence_count_min": "How many pieces of evidence an entry has to cite.",
    "exact": "The exact figure, before any rounding: a decimal, or a fraction.",
    "exempted_position": "The position that granted the exemption.",
    "expected_version": "The version of the score's stream that the sender has seen; refused if it has moved.",
    "floor": "The fewest points the formula gives.",
    "formula": "How a value becomes points.",
    "frequency": "How often the indicator is scored.",
    "from_person_id": "The person acted for.",
    "full": "The points of the best.",
    "granted_position": "The position that granted the role.",
    "group_id": "The peer group.",
    "group_ids": "The groups it is limited to; empty is no limit.",
    "groups": "The peer groups.",
    "holidays": "Days that are not worked though they fall on a working day.",
    "home_unit_id": "The unit the person belongs to.",
    "import_id": "The id of the import.",
    "high": "The upper end.",
    "in_force_from": "The day from which it holds.",
    "in_force_from_period": "The first period it holds for; null is all.",
    "indicator_id": "The indicator.",
    "indicator_ids": "The indicators it is limited to; empty is no limit.",
    "indicators": "The leaves of the index system.",
    "interim": "Whether the value is meant for a period that has not ended.",
    "issued_on": "The day the document was issued.",
    "issuer": "Who issued the document.",
    "kind": "Which kind it is.",
    "label": "What the figure is.",
    "late_authority": "Evidence of the superior authority that allows it after the freeze.",
    "late_reason": "Why the value is entered late.",
    "level": "The administrative level.",
    "low": "The lower end.",
    "makeup_workdays": "Weekend days that are worked.",
    "may_score_own_unit": "Whether a scorer may score the unit they belong to.",
    "measures_id": "The implementation measures.",
    "measures_version": "The version of the measures.",
    "media_type": "The media type of the document.",
    "members": "The units of the group.",
    "message": "What stood in the way, and what to do.",
    "method": "How it was verified.",
    "missing": "How many indicators have no value.",
    "name": "The name.",
    "name_en": "The English name.",
    "name_zh": "The Chinese name.",
    "new_name_zh": "The new Chinese name.",
    "new_target": "The target from now on.",
    "new_value": "The value from now on.",
    "note": "A remark.",
    "occurred_on": "The day it happened.",
    "old_value": "The value until then.",
    "on_behalf_of": "The person acted for.",
    "parent_unit_id": "The unit this one is subordinate to.",
    "participation": "How the unit takes part.",
    "path": "The field of the input it is about.",
    "period": "The period, spelled as the plan spells it.",
    "periods": "The periods, spelled as the plan spells them; none means all.",
    "person_id": "The person.",
    "phase": "Where the cycle stands.",
    "plan_version": "The version of the plan.",
    "policy": "What happens to the weight.",
    "position": "The place in the whole ledger, from 1, without gaps.",
    "positions": "The events behind the figure.",
    "proposed_value": "The value asked for.",
    "progress_schedule": "How much of the target is due by when.",
    "rank": "1 + the number of units with a greater total; null without a rank.",
    "reason": "Why, in words somebody else understands.",
    "reason_code": "Why, from the list.",
    "recorded_at": "When the ledger recorded it; never runs back.",
    "rejected_rows": "The rows that were refused.",
    "repealed_from": "The day from which the measures no longer hold.",
    "request_position": "The position of the correction request.",
    "requested_by": "The person who asked for it.",
    "requested_for": "On whose account the correction is asked for.",
    "returned_position": "The position of the value that is sent back.",
    "retryable": "Whether the same command may succeed if it is sent again.",
    "revoked_from": "The day from which the role no longer holds.",
    "role": "The office held.",
    "rounding": "How a figure exactly between two is rounded.",
    "rounding_policy": "Whether only the total is rounded, or each level.",
    "row": "The row's number in the file, from 1 after the heading.",
    "rows": "How many rows the file has.",
    "rule_ref": "The rule that was cited.",
    "scale": "How many decimal places a value may have.",
    "schema": "The version of the fact's form.",
    "scope": "What the role extends to.",
    "score_scale": "How many decimal places a published figure has.",
    "scoring_unit_id": "The department that enters the indicator's values.",
    "sha256": "The SHA-256 of the content, 64 lower-case hexadecimal digits.",
    "shown": "The figure as it is shown, rounded once.",
    "size": "How many bytes the document has.",
    "source": "Where the value comes from.",
    "source_ref": "What identifies the value at its source.",
    "starts_on": "The first day.",
    "status": "Where the score stands.",
    "stream": "The history it belongs to.",
    "stretch": "The stretch target.",
    "subject_id": "The person it concerns.",
    "summary": "What changed, in one sentence.",
    "target": "What is to be reached.",
    "target_freeze_on": "The last day on which targets move without a superior's authority.",
    "text_sha256": "The hash of the article's text.",
    "timezone": "The time zone of the plan's days.",
    "title": "The title.",
    "total": "The published figure, rounded once.",
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
