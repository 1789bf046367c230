"""Allocation: grades given out strictly by proportion, and the reason path of every unit.

Vetoes first, then the grades by share from the best down, the rest by total and bottom share,
and exceptions on top. Source: domain.md 3.9, 3.11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from ledger.domain.quota import GradeQuota, GradingRules, QuotaBase, TiePolicy
from ledger.domain.refusals import GradeTieUnresolved
from ledger.domain.seats import seats_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked unit as it comes to the opening of grades."""

    unit_id: str
    total: Decimal
    tie_keys: tuple[Fraction, ...] = ()
    """Figures that part units of one total, the greater first."""
    forced_grade: str | None = None
    """The grade a veto forces."""
    grade_max: str | None = None
    """The best grade a veto leaves."""
    barred_from: frozenset[str] = frozenset()
    """Grades whose other conditions the unit does not meet."""

    @property
    def limit(self) -> str | None:
        """The best grade the unit may have for all its vetoes, None without any."""
        return self.forced_grade or self.grade_max


@dataclass(frozen=True, slots=True)
class Tie:
    """Units that are tied at a cut, where the leading group has to choose."""

    grade: str
    unit_ids: tuple[str, ...]
    seats: int
    """How many of them can have the grade."""

    @property
    def refusal(self) -> GradeTieUnresolved:
        """What whoever wants the grades is answered."""
        return GradeTieUnresolved(grade=self.grade, tied=", ".join(self.unit_ids), seats=self.seats)


class TieUndecided(Exception):
    """Grades cannot be given out before a tie is decided."""

    def __init__(self, tie: Tie):
        super().__init__(tie)
        self.tie = tie


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who of the units tied at a cut gets the grade; it says nothing of any other tie."""

    position: int
    """What decided it."""
    grade: str
    tied: frozenset[str]
    admitted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Allocation:
    """The grade of every unit, the seats, and what became of them."""

    grades: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]]
    """Why each unit has its grade, step by step."""
    seats: Mapping[str, int]
    """By grade; of the failing grade, how many have it by the bottom share, where the plan has one."""
    unused: Mapping[str, int]
    over: Mapping[str, int]
    """How many have a grade beyond its seats, because they were tied or are held harmless."""
    exceptions: Mapping[str, str] = field(default_factory=dict[str, str])
    """The grades that units have outside the quota. Seats were counted as if there were none of them."""
    limits: Mapping[str, str] = field(default_factory=dict[str, str])
    """The best grade that a veto leaves a unit, where there is one."""


@dataclass(slots=True)
class _Opening:
    rules: GradingRules
    ladder: Sequence[str]
    grades: dict[str, str] = field(default_factory=dict[str, str])
    reasons: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    seats: dict[str, int] = field(default_factory=dict[str, int])
    unused: dict[str, int] = field(default_factory=dict[str, int])
    over: dict[str, int] = field(default_factory=dict[str, int])

    def give(self, candidate: Candidate, grade: str, reason: str) -> None:
        self.grades[candidate.unit_id] = grade
        self.explain(candidate, reason)

    def explain(self, candidate: Candidate, reason: str) -> None:
        self.reasons.setdefault(candidate.unit_id, []).append(reason)


def precedence(
    total: Decimal, tie_keys: tuple[Fraction, ...], unit_id: str
) -> tuple[Decimal, tuple[Fraction, ...], str]:
    """Sorts the best unit first: by total, then by tie keys, then by id, which gives nobody a rank or a seat."""
    return -total, tuple(-key for key in tie_keys), unit_id


def allocate(
    rules: GradingRules,
    candidates: Sequence[Candidate],
    *,
    resolutions: Sequence[Resolution] = (),
    seats: Mapping[str, int] | None = None,
    exceptions: Mapping[str, str] | None = None,
) -> Allocation:
    """Open the grades of one group, or of groups that share one quota.

    `resolutions` are what the leading group decided on ties, the latest last; each holds for
    exactly the units that it names as tied. `seats` gives the seats by grade where they are not
    the group's own share; `exceptions` names the grade that a unit was granted outside the quota.
    An exception raises a unit, never above what its vetoes leave. Raises TieUndecided where the
    policy is COMMITTEE and nothing is decided.
    """
    ordered = sorted(candidates, key=lambda c: precedence(c.total, c.tie_keys, c.unit_id))
    opening = _Opening(rules, rules.names)
    for candidate in ordered:
        if candidate.forced_grade is not None:
            opening.give(candidate, candidate.forced_grade, f"forced to {candidate.forced_grade} by veto")
    remaining = [candidate for candidate in ordered if candidate.forced_grade is None]
    for quota in rules.grades:
        own = seats_of(_base(rules, ordered, quota), quota.share, rules.rounding)
        opening.seats[quota.grade] = (seats or {}).get(quota.grade, own) if rules.forced else len(ordered)
        remaining = _fill(opening, quota, remaining, resolutions)
    last = _last(opening, remaining, len(ordered), seats or {})
    for candidate in remaining:
        _give_rest(opening, candidate, last=candidate.unit_id in last)
    granted = _grant(opening, ordered, exceptions or {})
    return Allocation(
        grades=opening.grades,
        reasons={unit_id: tuple(steps) for unit_id, steps in opening.reasons.items()},
        seats=opening.seats,
        unused=opening.unused,
        over=opening.over,
        exceptions=granted,
        limits={candidate.unit_id: candidate.limit for candidate in ordered if candidate.limit is not None},
    )


def held_harmless(
    allocation: Allocation, previous: Mapping[str, str], at_fault: frozenset[str], ladder: Sequence[str]
) -> Allocation:
    """Return the allocation with no unit below the grade it had before, but for those at fault.

    `ladder` is every grade, best first. What goes over a quota is recorded; a seat that a held
    unit leaves stays empty. No unit is held above what its vetoes leave, and the seats of the
    bottom share stay as they are.
    """
    grades, reasons, exceptions = dict(allocation.grades), dict(allocation.reasons), dict(allocation.exceptions)
    beyond = {g: allocation.over.get(g, 0) - allocation.unused[g] for g in allocation.seats if g != ladder[-1]}
    for unit_id, grade in allocation.grades.items():
        had = previous.get(unit_id, grade)
        held = max(had, allocation.limits.get(unit_id, had), key=lambda each: _place(ladder, each))
        if unit_id in at_fault or _place(ladder, held) >= _place(ladder, grade):
            continue
        grades[unit_id] = held
        reasons[unit_id] = (*reasons[unit_id], f"{held}: held harmless")
        # A unit on a grade by exception holds no seat of it.
        if exceptions.pop(unit_id, None) is None and grade in beyond:
            beyond[grade] -= 1
        if held in beyond:
            beyond[held] += 1
    return replace(
        allocation,
        grades=grades,
        reasons=reasons,
        unused={**allocation.unused, **{grade: max(-number, 0) for grade, number in beyond.items()}},
        over={grade: number for grade, number in beyond.items() if number > 0},
        exceptions=exceptions,
    )


def _place(ladder: Sequence[str], grade: str) -> int:
    """The place of a grade from the best, which is 0; one that the plan has no more is below every other."""
    return ladder.index(grade) if grade in ladder else len(ladder)


def _base(rules: GradingRules, ordered: Sequence[Candidate], quota: GradeQuota) -> int:
    if rules.base is QuotaBase.RANKED:
        return len(ordered)
    return sum(c.forced_grade is None and not _bars(c, quota, rules.names) for c in ordered)


def _bars(candidate: Candidate, quota: GradeQuota, ladder: Sequence[str]) -> list[str]:
    """Why the candidate may not have the grade; empty if it may."""
    bars: list[str] = []
    if candidate.grade_max is not None and _place(ladder, quota.grade) < _place(ladder, candidate.grade_max):
        bars.append(f"not above {candidate.grade_max} by veto")
    if candidate.total < quota.total_min:
        bars.append(f"total {candidate.total} below {quota.total_min} for {quota.grade}")
    if quota.grade in candidate.barred_from:
        bars.append(f"does not meet a condition of {quota.grade}")
    return bars


def _fill(
    opening: _Opening, quota: GradeQuota, remaining: list[Candidate], resolutions: Sequence[Resolution]
) -> list[Candidate]:
    """Give the grade's seats to tie blocks in order, and return who is left."""
    barred: set[str] = set()
    for candidate in remaining:
        for reason in _bars(candidate, quota, opening.ladder):
            opening.explain(candidate, reason)
            barred.add(candidate.unit_id)
    seats = left = opening.seats[quota.grade]
    admitted: set[str] = set()
    for block in _blocks(remaining):
        if left <= 0:
            break
        eligible = [candidate for candidate in block if candidate.unit_id not in barred]
        # Without refill a barred unit leaves empty the seat that it would have had.
        left -= 0 if opening.rules.refill else len(block) - len(eligible)
        chosen = eligible if len(eligible) <= left else _at_the_cut(opening, quota, eligible, max(left, 0), resolutions)
        for candidate in chosen:
            opening.give(candidate, quota.grade, f"{quota.grade} within {seats} seats")
            admitted.add(candidate.unit_id)
        left -= len(chosen)
        if len(chosen) < len(eligible):
            break
    opening.unused[quota.grade] = max(seats - len(admitted), 0)
    if len(admitted) > seats:
        opening.over[quota.grade] = len(admitted) - seats
    return [candidate for candidate in remaining if candidate.unit_id not in admitted]


def _blocks(ordered: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates by equal totals and equal tie keys."""
    return [list(block) for _, block in groupby(ordered, key=lambda candidate: (candidate.total, candidate.tie_keys))]


def _at_the_cut(
    opening: _Opening, quota: GradeQuota, block: list[Candidate], left: int, resolutions: Sequence[Resolution]
) -> list[Candidate]:
    """Who of a tie block that is larger than the seats left gets the grade."""
    match opening.rules.tie_policy:
        case TiePolicy.INCLUDE_ALL:
            return block
        case TiePolicy.EXCLUDE_ALL:
            for candidate in block:
                opening.explain(candidate, f"tied at the cut of {quota.grade} with {len(block) - 1} others")
            return []
        case TiePolicy.COMMITTEE:
            return _admitted(quota, block, left, resolutions) if left else []


def _admitted(
    quota: GradeQuota, block: list[Candidate], left: int, resolutions: Sequence[Resolution]
) -> list[Candidate]:
    """Who of a tie block the leading group admitted. Raises TieUndecided where it did not decide on this tie."""
    tied = sorted(candidate.unit_id for candidate in block)
    for decided in reversed(resolutions):
        if (decided.grade, decided.tied) == (quota.grade, frozenset(tied)) and len(decided.admitted) == left:
            return [candidate for candidate in block if candidate.unit_id in decided.admitted]
    raise TieUndecided(Tie(quota.grade, tuple(tied), left))


def _last(opening: _Opening, remaining: Sequence[Candidate], count: int, seats: Mapping[str, int]) -> frozenset[str]:
    """The units that fail by the bottom share; tied ones are spared where they are more than the seats left."""
    rules = opening.rules
    if not rules.forced or not rules.bottom_share:
        return frozenset()
    bottom = left = seats.get(rules.failing, seats_of(count, rules.bottom_share, rules.rounding))
    last: set[str] = set()
    for block in reversed(_blocks(remaining)):
        if len(block) > left:
            if left and block[0].total >= rules.passing_total_min:
                for candidate in block:
                    opening.explain(candidate, f"spared at the bottom, tied with {len(block) - 1} others")
            break
        last.update(candidate.unit_id for candidate in block)
        left -= len(block)
    opening.seats[rules.failing], opening.unused[rules.failing] = bottom, left
    return frozenset(last)


def _give_rest(opening: _Opening, candidate: Candidate, *, last: bool) -> None:
    rules = opening.rules
    if candidate.total < rules.passing_total_min or candidate.grade_max == rules.failing:
        opening.give(candidate, rules.failing, f"{rules.failing}: total {candidate.total}")
    elif last:
        opening.give(candidate, rules.failing, f"{rules.failing}: among the last {opening.seats[rules.failing]}")
    else:
        opening.give(candidate, rules.passing, f"{rules.passing}: the rest, total {candidate.total}")


def _grant(opening: _Opening, ordered: Sequence[Candidate], exceptions: Mapping[str, str]) -> dict[str, str]:
    """Raise units to the grades they were granted outside the quota, and return those that it raised."""
    ladder = opening.ladder
    granted: dict[str, str] = {}
    for candidate in ordered:
        grade = exceptions.get(candidate.unit_id)
        if grade is None or _place(ladder, grade) >= _place(ladder, opening.grades[candidate.unit_id]):
            continue
        if candidate.limit is not None and _place(ladder, grade) < _place(ladder, candidate.limit):
            opening.explain(
                candidate, f"{grade} was granted outside the quota, but not above {candidate.limit} by veto"
            )
            continue
        opening.give(candidate, grade, f"{grade} outside the quota by exception")
        granted[candidate.unit_id] = grade
    return granted
