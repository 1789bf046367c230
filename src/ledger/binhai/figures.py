"""Figures: what every unit achieves, from its ability and chance, at the scale its indicator declares.

Chance works in floats; what leaves this module is decimal.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from ledger.binhai.city import City, Unit
from ledger.binhai.index import cumulated_share, periods_in
from ledger.binhai.shape import IndicatorRow

_ABILITY, _LUCK = 0.06, 0.04
_RELATIVE = frozenset({"GROUP_RANK", "BEST_RATIO", "EFFICACY"})
_LOWER_BETTER = frozenset({"INVERSE_DIFF", "INVERSE_RATIO", "CHECKLIST"})
_AS_COUNTED = frozenset({"CHECKLIST", "DEADLINE", "LINKAGE"})
"""What nobody rounds up: counts, days and places."""


def decimal(value: float, scale: int) -> Decimal:
    """The figure as it is written with so many decimal places."""
    return Decimal(f"{max(value, 0):.{scale}f}")


class Figures:
    """The figures of one city, each determined by the seed alone."""

    def __init__(self, city: City):
        self._city = city
        self._series: dict[tuple[str, str], dict[str, Decimal]] = {}

    def target(self, unit_id: str, row: IndicatorRow) -> Decimal:
        """What a unit is to reach in the year."""
        target, unit = float(row.target), self._city.units[unit_id]
        if row.flow and row.kind not in _RELATIVE:
            return decimal(target * unit.size, row.scale)
        return Decimal(row.target)

    def baseline(self, unit_id: str, row: IndicatorRow) -> Decimal | None:
        """The year before, where growth is scored."""
        if row.kind != "GROWTH_MIX":
            return None
        return decimal(float(self.target(unit_id, row)) * 0.93, row.scale)

    def of(self, unit_id: str, row: IndicatorRow, period: str) -> Decimal:
        """What the unit has reached by the end of a period."""
        key = (unit_id, row.indicator_id)
        if key not in self._series:
            rng = self._city.rng("figures", *key)
            self._series[key] = self._year(rng, self._city.units[unit_id], row)
        return self._series[key][period]

    def claim(self, rng: Random, row: IndicatorRow, value: Decimal) -> Decimal:
        """What the unit itself reports: now and then a little better than it is."""
        if row.kind in _AS_COUNTED or row.target == "0" or "LEGAL_STEP_0.5" in row.tags or rng.random() < 0.3:
            return value
        gain = 1 + max(0.0, rng.gauss(0.005, 0.01))
        claimed = float(value) / gain if row.kind in _LOWER_BETTER else float(value) * gain
        highest = 100.0 if row.uom in ("%", "points") else float("inf")
        return decimal(min(claimed, highest), row.scale)

    def _year(self, rng: Random, unit: Unit, row: IndicatorRow) -> dict[str, Decimal]:
        periods = periods_in(row.frequency)
        if row.flow:
            return self._cumulated(rng, unit, row, periods)
        return {period: self._level(rng, unit, row) for period in periods}

    def _cumulated(self, rng: Random, unit: Unit, row: IndicatorRow, periods: tuple[str, ...]) -> dict[str, Decimal]:
        """A flow grows from period to period and never falls."""
        target = float(self.target(unit.unit_id, row))
        ability = _ABILITY * unit.ability * (1.5 if row.kind in _RELATIVE else 1)
        reached, due, found = 0.0, 0.0, dict[str, Decimal]()
        for period in periods:
            share = float(cumulated_share(period))
            reached += target * (share - due) * max(0.1, 1 + ability + 2 * _LUCK * rng.gauss(0, 1))
            due = share
            found[period] = decimal(reached, row.scale)
        return found

    def _level(self, rng: Random, unit: Unit, row: IndicatorRow) -> Decimal:
        """A rate, a count or an award stands by itself in every period."""
        edge = _ABILITY * unit.ability + _LUCK * rng.gauss(0, 1)
        target = float(row.target)
        match row.kind:
            case "DIRECT_POINTS":
                return decimal(min(95.0, max(60.0, 86 + 70 * edge)), row.scale)
            case "CHECKLIST":
                return Decimal(max(0, round(2 - 18 * edge + rng.random())))
            case "DEADLINE":
                days = round(-4 - 120 * edge)
                due = date(int(row.target[:4]), int(row.target[4:6]), int(row.target[6:]))
                return Decimal(f"{min(due + timedelta(days=days), date(2018, 12, 28)):%Y%m%d}")
            case "LINKAGE":
                return Decimal(row.target)
            case "INVERSE_DIFF" | "INVERSE_RATIO" if target == 0:
                return Decimal(int(rng.random() < 0.10 - edge))
            case "INVERSE_DIFF" | "INVERSE_RATIO":
                return decimal(target * (1 - edge), row.scale)
            case "BAND":
                return decimal(min(99.9, target * (1 + 0.6 * abs(rng.gauss(0, 1)) * (0.06 - edge / 3))), row.scale)
            case _ if "LEGAL_STEP_0.5" in row.tags:
                return decimal(round(2 * target * (1 + edge)) / 2, row.scale)
            case _:
                top = 99.9 if row.uom == "%" else float("inf")
                return decimal(min(top, target * (1 + edge)), row.scale)
