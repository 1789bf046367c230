"""Rule references: the article of the measures or of the plan that a decision stands on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RuleSource(StrEnum):
    """In which document a rule stands."""

    MEASURES = "MEASURES"
    """The standing measures of the cycle."""
    PLAN = "PLAN"
    """The plan of the cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRef:
    """An article of one version of the measures or of the plan."""

    source: RuleSource
    """In which document the rule stands."""
    version: int
    """Which version of the measures or of the plan."""
    article: str

    def __str__(self) -> str:
        return f"{self.source.lower()} {self.version}, article {self.article}"
