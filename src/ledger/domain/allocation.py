"""Allocation: grades given out strictly by proportion, and the reason path of every unit.

Vetoes first, then the grades by share from the best down, the rest by total and bottom share,
and exceptions on top. Source: domain.md 3.9, 3.11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from ledger.domain import reason_path
from ledger.domain.quota import GradeQuota, GradingRules, QuotaBase, TiePolicy
from ledger.domain.reason_path import Shortfall, counted
from ledger.domain.seats import seats_of
from ledger.domain.tie import Resolution, Tie, decided
from ledger.domain.veto import Veto


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
    vetoes: tuple[Veto, ...] = ()
    """What forces the one and leaves the other."""
    shortfalls: tuple[Shortfall, ...] = ()
    """What the unit does not reach, beside the total, of what grades ask for."""

    @property
    def limit(self) -> str | None:
        """The best grade the unit may have for all its vetoes, None without any."""
        return self.forced_grade or self.grade_max


@dataclass(frozen=True, slots=True)
class Allocation:
    """The grade of every unit, the seats, and what became of them."""

    grades: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]]
    """Why each unit has its grade, step by step."""
    seats: Mapping[str, int]
    """By grade; of the failing grade, how many have it by the bottom share, where the plan has one.

    None where grades are not forced: nothing but the least totals limits them then.
    """
    unused: Mapping[str, int]
    over: Mapping[str, int]
    """How many have a grade beyond its seats, because they were tied or are held harmless."""
    exceptions: Mapping[str, str] = field(default_factory=dict[str, str])
    """The grades that units have outside the quota. Seats were counted as if there were none of them."""
    limits: Mapping[str, str] = field(default_factory=dict[str, str])
    """The best grade that a veto leaves a unit, where there is one."""
    tied: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many of the unused seats are empty because more units are tied at the cut."""
    carried: Mapping[str, Fraction] = field(default_factory=dict[str, Fraction])
    """The part of a seat that a small group carries to the next cycle."""
    ended: Mapping[str, date] = field(default_factory=dict[str, date])
    """The units that became others within the cycle and are ranked all the same, with the day they ended."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is legal, but to be known before it stands.

        Grades without seats, seats left empty or exceeded, units that are no more.
        """
        of_seats = (
            f"{grade}: {warning}"
            for grade, seats in self.seats.items()
            for number, warning in (
                (not seats, "no seat at all"),
                (self.tied.get(grade, 0), f"{self.tied.get(grade, 0)} of {counted(seats, 'seat')} left empty by a tie"),
                (self.over.get(grade, 0), f"{self.over.get(grade, 0)} over {counted(seats, 'seat')}"),
            )
            if number
        )
        of_units = (f"{unit_id} ended on {day} and is still ranked" for unit_id, day in self.ended.items())
        return (*of_seats, *of_units)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where the seats of a grade end inside a tie block."""

    grade: str
    block: Sequence[Candidate]
    """Those that may have the grade."""
    others: int
    """With how many each of them is tied."""
    left: int
    """The seats that are left for them."""
    over: int
    """How many seats too few there are for all of them."""


@dataclass(slots=True)
class _Opening:
    rules: GradingRules
    ladder: Sequence[str]
    grades: dict[str, str] = field(default_factory=dict[str, str])
    reasons: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    seats: dict[str, int] = field(default_factory=dict[str, int])
    unused: dict[str, int] = field(default_factory=dict[str, int])
    over: dict[str, int] = field(default_factory=dict[str, int])
    tied: dict[str, int] = field(default_factory=dict[str, int])

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
            reason = reason_path.forced(candidate.forced_grade, candidate.vetoes)
            opening.give(candidate, candidate.forced_grade, reason)
    remaining = [candidate for candidate in ordered if candidate.forced_grade is None]
    for quota in rules.grades:
        barred = _barred(opening, quota, remaining)
        if rules.forced:
            own = seats_of(_base(rules, ordered, quota), quota.share, rules.rounding)
            opening.seats[quota.grade] = (seats or {}).get(quota.grade, own)
            _fill(opening, quota.grade, remaining, barred, resolutions)
        else:
            _give_all(opening, quota, [candidate for candidate in remaining if candidate.unit_id not in barred])
        remaining = [candidate for candidate in remaining if candidate.unit_id not in opening.grades]
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
        tied=opening.tied,
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
        reasons[unit_id] = (*reasons[unit_id], reason_path.held(held))
        # A unit on a grade by exception holds no seat of it.
        if exceptions.pop(unit_id, None) is None and grade in beyond:
            beyond[grade] -= 1
        if held in beyond:
            beyond[held] += 1
    unused = {**allocation.unused, **{grade: max(-number, 0) for grade, number in beyond.items()}}
    return replace(
        allocation,
        grades=grades,
        reasons=reasons,
        unused=unused,
        tied={grade: min(number, unused[grade]) for grade, number in allocation.tied.items()},
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
        bars.append(reason_path.capped(quota.grade, candidate.grade_max, candidate.vetoes))
    if candidate.total < quota.total_min:
        bars.append(reason_path.too_low(candidate.total, quota.total_min, quota.grade))
    return bars + [shortfall.reason for shortfall in candidate.shortfalls if shortfall.grade == quota.grade]


def _barred(opening: _Opening, quota: GradeQuota, remaining: Sequence[Candidate]) -> frozenset[str]:
    """Who of those left may not have the grade; why is explained."""
    bars = {candidate.unit_id: _bars(candidate, quota, opening.ladder) for candidate in remaining}
    for candidate in remaining:
        for reason in bars[candidate.unit_id]:
            opening.explain(candidate, reason)
    return frozenset(unit_id for unit_id, reasons in bars.items() if reasons)


def _give_all(opening: _Opening, quota: GradeQuota, candidates: Sequence[Candidate]) -> None:
    """Give the grade to everybody whose total is enough."""
    for candidate in candidates:
        opening.give(candidate, quota.grade, reason_path.in_band(candidate.total, quota.total_min, quota.grade))


def _fill(
    opening: _Opening,
    grade: str,
    remaining: Sequence[Candidate],
    barred: frozenset[str],
    resolutions: Sequence[Resolution],
) -> None:
    """Give the grade's seats to tie blocks in order."""
    seats = left = opening.seats[grade]
    admitted = 0
    for block in _blocks(remaining):
        if left <= 0:
            break
        eligible = [candidate for candidate in block if candidate.unit_id not in barred]
        # Without refill a barred unit leaves empty the seat that it would have had, and is tied for it.
        left -= 0 if opening.rules.refill else len(block) - len(eligible)
        if len(eligible) > left:
            others = len(eligible if opening.rules.refill else block) - 1
            over = max(admitted + len(eligible) - seats, 0)
            admitted += _at_the_cut(opening, _Cut(grade, eligible, others, max(left, 0), over), resolutions)
            break
        for candidate in eligible:
            opening.give(candidate, grade, reason_path.seated(grade, seats))
        admitted += len(eligible)
        left -= len(eligible)
    opening.unused[grade] = max(seats - admitted, 0)
    if admitted > seats:
        opening.over[grade] = admitted - seats


def _blocks(ordered: Sequence[Candidate]) -> list[list[Candidate]]:
    """The candidates by equal totals and equal tie keys."""
    return [list(block) for _, block in groupby(ordered, key=lambda candidate: (candidate.total, candidate.tie_keys))]


def _at_the_cut(opening: _Opening, cut: _Cut, resolutions: Sequence[Resolution]) -> int:
    """Give the grade to those of a tie block that get it, and return how many they are."""
    match opening.rules.tie_policy:
        case TiePolicy.INCLUDE_ALL:
            seats = opening.seats[cut.grade]
            for candidate in cut.block:
                reason = reason_path.all_included(cut.grade, cut.others, seats=seats, over=cut.over)
                opening.give(candidate, cut.grade, reason)
            return len(cut.block)
        case TiePolicy.COMMITTEE if cut.left:
            tied = Tie(cut.grade, tuple(sorted(candidate.unit_id for candidate in cut.block)), cut.left)
            resolution = decided(tied, resolutions)
            for candidate in cut.block:
                admitted = candidate.unit_id in resolution.admitted
                reason = reason_path.chosen(cut.grade, cut.others, resolution.position, admitted=admitted)
                if admitted:
                    opening.give(candidate, cut.grade, reason)
                else:
                    opening.explain(candidate, reason)
            return cut.left
        case _:
            opening.tied[cut.grade] = cut.left
            for candidate in cut.block:
                opening.explain(candidate, reason_path.tied(cut.grade, cut.others))
            return 0


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
                opening.tied[rules.failing] = left
                for candidate in block:
                    opening.explain(candidate, reason_path.spared(len(block) - 1))
            break
        last.update(candidate.unit_id for candidate in block)
        left -= len(block)
    opening.seats[rules.failing], opening.unused[rules.failing] = bottom, left
    return frozenset(last)


def _give_rest(opening: _Opening, candidate: Candidate, *, last: bool) -> None:
    rules = opening.rules
    if candidate.total < rules.passing_total_min:
        reason = reason_path.too_low(candidate.total, rules.passing_total_min, rules.passing)
        opening.give(candidate, rules.failing, f"{rules.failing}: {reason}")
    elif candidate.grade_max == rules.failing:
        opening.give(candidate, rules.failing, reason_path.capped(rules.passing, rules.failing, candidate.vetoes))
    elif last:
        opening.give(candidate, rules.failing, reason_path.among_last(rules.failing, opening.seats[rules.failing]))
    else:
        opening.give(candidate, rules.passing, reason_path.the_rest(rules.passing, candidate.total))


def _grant(opening: _Opening, ordered: Sequence[Candidate], exceptions: Mapping[str, str]) -> dict[str, str]:
    """Raise units to the grades they were granted outside the quota, and return those that it raised."""
    ladder = opening.ladder
    granted: dict[str, str] = {}
    for candidate in ordered:
        grade = exceptions.get(candidate.unit_id)
        if grade is None or _place(ladder, grade) >= _place(ladder, opening.grades[candidate.unit_id]):
            continue
        if candidate.limit is not None and _place(ladder, grade) < _place(ladder, candidate.limit):
            opening.explain(candidate, reason_path.exception_capped(grade, candidate.limit, candidate.vetoes))
            continue
        opening.give(candidate, grade, reason_path.excepted(grade))
        granted[candidate.unit_id] = grade
    return granted
