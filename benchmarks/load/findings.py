"""Findings: what has to hold whatever happens, how often it was looked at, and where it did not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SHOWN_MAX = 5


@dataclass
class Findings:
    """Laws by name, in the order in which they were first looked at."""

    looked: Counter[str] = field(default_factory=Counter[str])
    broken: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    """What is worth knowing and judged by nobody."""

    def hold(self, law: str, holds: bool, otherwise: object = "") -> bool:
        """Note that a law was looked at; and, if it did not hold, what was found. Returns whether it did."""
        self.looked[law] += 1
        if not holds:
            self.broken.setdefault(law, []).append(str(otherwise))
        return holds

    @property
    def sound(self) -> bool:
        """Whether every law held."""
        return not self.broken

    def __str__(self) -> str:
        lines = [f"{'':6} {'looked at':>10}  law"]
        for law, looked in self.looked.items():
            found = self.broken.get(law, [])
            lines.append(f"{'BROKEN' if found else 'ok':6} {looked:10,}  {law}")
            lines += [f"{'':19}{each[:400]}" for each in found[:SHOWN_MAX]]
            if len(found) > SHOWN_MAX:
                lines.append(f"{'':19}… and {len(found) - SHOWN_MAX:,} more")
        lines += [f"{'':6} {'':10}  {name}: {said}" for name, said in self.notes.items()]
        return "\n".join(lines)
