"""Purity: fields whose answer follows from the arguments, the position and what the viewer may see, and nothing else.

Only such answers are remembered. Names and texts about persons are not among them, because an
erasure takes them back; proofs are not, because the signer's files are no part of the ledger.
"""

# graphql-core 3.2 leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
CALLED = frozenset({("Ranking", "rows"), ("Event", "data")})
"""Fields below a root that have a resolver, which needs nothing but its object and arguments."""

_MOMENTS = {"rankingDiff": ("from", "to")}


def pinned(field: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the answer of a root field is as of positions that are named, and so never changes."""
    return all((arguments.get(name) or {}).get("position") is not None for name in _MOMENTS.get(field, ("asOf",)))
