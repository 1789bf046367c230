"""Purity: fields whose answer follows from the arguments, the position and what the viewer may see, and nothing else.

Only such answers are remembered. Names and texts about persons are not among them, because an
erasure takes them back; proofs are not, because the signer's files are no part of the ledger.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from ledger.domain.visibility import Visibility

ROOTS = frozenset(
    {
        "corrections",
        "event",
        "events",
        "explain",
        "gapAnalysis",
        "ranking",
        "rankingDiff",
        "score",
        "scoreHistory",
        "unitTimeline",
        "values",
    }
)
FIGURES = frozenset({"corrections", "explain", "gapAnalysis", "ranking", "score", "scoreHistory", "values"})
"""Those of them that ask nothing of the viewer but which scores and totals they may see."""
CALLED = frozenset({("Ranking", "rows"), ("Event", "data"), ("UnitExplanation", "figures")})
"""Fields below a root that have a resolver, which needs nothing but its object and arguments."""

_MOMENT = ("asOf",)
_MOMENTS = {"rankingDiff": ("from", "to")}


def pinned(field: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the answer of a root field is as of positions that are named, and so never changes."""
    moments = [arguments.get(name) for name in _MOMENTS.get(field, _MOMENT)]
    return all([moment is not None and moment.get("position") is not None for moment in moments])


def sight(visibility: Visibility, *, figures: bool) -> Hashable:
    """What two viewers have in common who get the same answer, be it about figures only or not."""
    return (visibility.all_scores or visibility.scopes) if figures else visibility
