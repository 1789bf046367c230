"""The specification's worked examples, as `tests/vectors/domain_vectors.json` holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "domain_vectors.json").read_text(encoding="utf-8")
)
MINI_LEDGER: dict[str, Any] = _VECTORS["mini_ledger"]


def vectors(*methods: str) -> list[dict[str, Any]]:
    """The worked examples of some methods."""
    return [vector for vector in _VECTORS["indicator"] if vector["method"] in methods]


def vector(vector_id: str) -> dict[str, Any]:
    """One worked example."""
    return next(vector for vector in _VECTORS["indicator"] if vector["id"] == vector_id)


def time_vector(vector_id: str) -> dict[str, Any]:
    """One worked example of instants and days."""
    return next(vector for vector in TIMES if vector["id"] == vector_id)


INDICATORS: list[dict[str, Any]] = _VECTORS["indicator"]
"""Every worked example of a figure."""
TIMES: list[dict[str, Any]] = _VECTORS["time"]
"""Instants and days."""
QUOTAS: list[dict[str, Any]] = _VECTORS["quota"]
"""Seats by share and rounding, and one city's seats shared out."""
GRADINGS: list[dict[str, Any]] = _VECTORS["grading"]
"""Whole allocations of ten units."""
