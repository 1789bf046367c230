"""Moves about how a year ends: ballots, results put up, grades, reports and restatements, each at its own day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from city import BECAUSE, CYCLE, EVIDENCE, LATE, City, approve, request
from moves import GROUPS, Cell, Tried
from opening import (
    ARTICLE,
    NOTICED,
    OPENED,
    PUBLISHED,
    RESTATED,
    end_notice,
    grading_of,
    notice,
    open_grades,
    publications_of,
    publish,
    reopen,
    resolve,
    restate,
    revise,
)

from ledger.domain.commands import (
    CastBallot,
    CloseEntry,
    CloseEvaluation,
    GrantGradeException,
    IssueBallotTokens,
    OpenEvaluation,
    SplitUnit,
    TallyEvaluation,
)
from ledger.domain.cycle import cycle_stream
from ledger.domain.evaluation import token_hash
from ledger.domain.plan_rules import RaterClass
from ledger.domain.recall import Recall
from ledger.domain.reorganisation import UnitShare
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.domain.tallying import BallotAnswer

PEERS = "PEERS-NORTH"
ASKED = ("U01", "U02", "U03")
TOKENS = tuple(f"token-{number}" for number in range(6))


def _group(city: City, cell: Cell) -> str:
    return city.memory.load(cycle_stream(CYCLE))[1].membership[cell[0]][0]


def _peers(city: City, cell: Cell, number: Decimal) -> Tried:
    opened = OpenEvaluation(
        cycle_id=CYCLE,
        campaign_id=PEERS,
        rater_class=RaterClass.PEER,
        group_id=GROUPS[0],
        unit_ids=ASKED,
        eligible_count=len(TOKENS),
        eligible_hash="f" * 64,
        opens_on=date(2019, 1, 1),
        closes_on=date(2019, 1, 31),
    )
    return opened, "office"


def _tokens(city: City, cell: Cell, number: Decimal) -> Tried:
    hashes = tuple(sorted(map(token_hash, TOKENS)))
    return IssueBallotTokens(cycle_id=CYCLE, campaign_id=PEERS, token_hashes=hashes), "office"


def _ballot(city: City, cell: Cell, number: Decimal) -> Tried:
    chosen = int(number)
    options = ("good", "bad", "good") if chosen % 2 else ("bad", "good", "good")
    answers = tuple(BallotAnswer(unit_id=unit, option=each) for unit, each in zip(ASKED, options, strict=True))
    token = TOKENS[chosen % len(TOKENS)]
    return CastBallot(cycle_id=CYCLE, campaign_id=PEERS, token=token, answers=answers), "deputy"


def _close_ballots(city: City, cell: Cell, number: Decimal) -> Tried:
    return CloseEvaluation(cycle_id=CYCLE, campaign_id=PEERS), "office"


def _tally(city: City, cell: Cell, number: Decimal) -> Tried:
    return TallyEvaluation(cycle_id=CYCLE, campaign_id=PEERS), "office"


def _split(city: City, cell: Cell, number: Decimal) -> Tried:
    shares = (UnitShare(unit_id="U02", share=Decimal("0.7")), UnitShare(unit_id="U05", share=Decimal("0.3")))
    split = SplitUnit(
        cycle_id=CYCLE,
        predecessor_id="U04",
        successors=shares,
        effective_on=date(2018, 10, 1),
        reason=BECAUSE,
        evidence=EVIDENCE,
    )
    return split, "leading"


def _close_entry(city: City, cell: Cell, number: Decimal) -> Tried:
    return CloseEntry(cycle_id=CYCLE), "office"


def _notice(city: City, cell: Cell, number: Decimal) -> Tried:
    computed = grading_of(city, _group(city, cell)).computed
    return (notice(computed[-1].position, _group(city, cell)), "office") if computed else None


def _end_notice(city: City, cell: Cell, number: Decimal) -> Tried:
    return end_notice(_group(city, cell)), "office"


def _open(city: City, cell: Cell, number: Decimal) -> Tried:
    computed = grading_of(city, _group(city, cell)).computed
    return (open_grades(computed[-1].position, _group(city, cell)), "leading") if computed else None


def _resolve(city: City, cell: Cell, number: Decimal) -> Tried:
    group_id = _group(city, cell)
    known = Recall().fold(city.memory.events)
    opening = settle(known.slice(CYCLE, group_id, period=None, basis=Basis.OFFICIAL)).opening
    tie = opening.tie if opening is not None else None
    return tie and (resolve(*tie.unit_ids[: tie.seats], grade=tie.grade, group_id=group_id), "leading")


def _except(city: City, cell: Cell, number: Decimal) -> Tried:
    granted = GrantGradeException(
        cycle_id=CYCLE,
        group_id=_group(city, cell),
        unit_id=cell[0],
        grade="EXCELLENT" if number % 2 else "GOOD",
        rule=ARTICLE,
        reason=BECAUSE,
        evidence=EVIDENCE,
    )
    return granted, "leading"


def _graded(city: City) -> tuple[str, ...]:
    return tuple(group_id for group_id in GROUPS if grading_of(city, group_id).graded)


def _publish(city: City, cell: Cell, number: Decimal) -> Tried:
    return publish(group_ids=_graded(city)), "office"


def _reopen(city: City, cell: Cell, number: Decimal) -> Tried:
    return reopen(*_graded(city)), "office"


def _ask_again(city: City, cell: Cell, number: Decimal) -> Tried:
    found = city.score(*cell).official
    return found and (replace(request(found.position, str(number), cell[0], cell[1]), period=cell[2]), "scorer")


def _correct_again(city: City, cell: Cell, number: Decimal) -> Tried:
    asked = city.score(*cell).request
    return asked and (replace(approve(asked.position, cell[0], cell[1]), period=cell[2]), "director")


def _revise(city: City, cell: Cell, number: Decimal) -> Tried:
    grading = grading_of(city, _group(city, cell))
    if grading.current is None:
        return None
    return revise(grading.computed[-1].position, grading.current.position, _group(city, cell)), "leading"


def _restate(city: City, cell: Cell, number: Decimal) -> Tried:
    standing = [report.position for report in publications_of(city).standing]
    return (restate(*standing), "office") if standing else None


CLOSING_ACTIONS: dict[str, Callable[[City, Cell, Decimal], Tried]] = {
    "peers": _peers,
    "tokens": _tokens,
    "ballot": _ballot,
    "close_ballots": _close_ballots,
    "tally": _tally,
    "split": _split,
    "close_entry": _close_entry,
    "notice": _notice,
    "end_notice": _end_notice,
    "open": _open,
    "resolve": _resolve,
    "except": _except,
    "publish": _publish,
    "reopen": _reopen,
    "ask_again": _ask_again,
    "correct_again": _correct_again,
    "revise": _revise,
    "restate": _restate,
}
NOT_BEFORE: dict[str, datetime] = {
    "close_entry": LATE,
    "notice": NOTICED,
    "end_notice": OPENED,
    "publish": PUBLISHED,
    "reopen": RESTATED,
}
"""The instants to which the year goes on for a move; it never goes back."""
