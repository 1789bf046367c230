"""Statements: the facts that say what follows from others, and what follows once more.

Each is built anew by the very function that the command had it from, on what was recorded
before the command and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from ledger.domain.cadres import CadreFact, CadreGradeDecided, CadreResultComputed, Cadres, cadre_stream
from ledger.domain.commands.cadre_grading import ComputeCadreResult, DecideCadreGrade
from ledger.domain.commands.correcting import ApproveCorrection
from ledger.domain.commands.evaluating import TallyEvaluation
from ledger.domain.commands.grading import computed_at
from ledger.domain.commands.publishing import PublishReport, standing_report
from ledger.domain.commands.restating import restated
from ledger.domain.commands.scoring import VerifyScore
from ledger.domain.comparison import compare
from ledger.domain.evaluation import (
    BallotInvalidated,
    Campaign,
    EvaluationFact,
    EvaluationTallied,
    evaluation_stream,
)
from ledger.domain.facts import Event, Fact, State, Stream
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import GradesOpened, GradesRevised, GradingFact, ResultsComputed
from ledger.domain.posts import PostFact, Posts, post_stream
from ledger.domain.publication import (
    PublicationFact,
    Publications,
    ReportPublished,
    ReportRestated,
    publication_stream,
)
from ledger.domain.recall import Recall
from ledger.domain.refusals import MalformedInput, RestatementRequired, UnknownId
from ledger.domain.regrading import graded_again
from ledger.domain.reporting import computed_results, recalled
from ledger.domain.score import UNTOUCHED, Basis, Score, ScoreCorrected, ScoreFact, ScoreVerified
from ledger.domain.settlement import engine_of, settle
from ledger.domain.tables import result_rows

S = TypeVar("S", bound=State)
LINKS = (ScoreVerified, ScoreCorrected)
"""What repeats a value that another fact recorded: there are many, and only broken ones are told of."""
Through = Callable[[int], Iterable[Event]]
"""The events up to and including a position."""

_INITIAL: tuple[tuple[type[Fact], State], ...] = (
    (ScoreFact, UNTOUCHED),
    (EvaluationFact, Campaign()),
    (CadreFact, Cadres()),
    (PostFact, Posts()),
    (PublicationFact, Publications()),
)


@dataclass(slots=True)
class Told:
    """What the events so far have told, of every cycle and of the streams that statements follow from."""

    recalls: dict[str, Recall] = field(default_factory=dict[str, Recall])
    states: dict[str, State] = field(default_factory=dict[str, State])

    def take(self, event: Event) -> None:
        """Take in the next event."""
        fact = event.fact
        cycle_id = getattr(fact, "cycle_id", None)
        if isinstance(cycle_id, str):
            self.recalls.setdefault(cycle_id, Recall()).take(event)
        initial = next((state for kind, state in _INITIAL if isinstance(fact, kind)), None)
        if initial is not None:
            self.states[event.stream] = self.states.get(event.stream, initial).evolve(event)

    def recall(self, cycle_id: str) -> Recall:
        """What is known of a cycle. Raises UnknownId."""
        if cycle_id not in self.recalls:
            raise UnknownId(path="cycle_id", cycle_id=cycle_id)
        return self.recalls[cycle_id]

    def state(self, stream: Stream[S]) -> S:
        """Where a stream stands."""
        return cast("S", self.states.get(stream.name, stream.initial))


@dataclass(frozen=True, slots=True)
class Again:
    """A statement beside what follows once more."""

    differences: tuple[str, ...]
    """Each member that is another: recorded -> what follows."""
    expected_hash: str
    """Of the content as it is recorded; of grades that of the results they stand on."""
    actual_hash: str
    """Of what follows."""
    engine: str = ""
    """The version that recorded it, where it was settled by one."""


def subject_of(fact: Fact) -> str | None:
    """What a statement or a link is about; None if the fact is neither."""
    match fact:
        case ResultsComputed() | GradesOpened() | GradesRevised():
            return fact.group_id
        case ReportPublished() | ReportRestated():
            return fact.number
        case EvaluationTallied():
            return fact.campaign_id
        case CadreResultComputed() | CadreGradeDecided():
            return fact.subject_id
        case ScoreVerified() | ScoreCorrected():
            return f"{fact.unit_id} {fact.indicator_id} {fact.period}"
        case _:
            return None


def again(event: Event, told: Told, command: Sequence[Event], through: Through) -> Again | None:
    """What follows in place of a statement or a link, given what was told before its command; None if it is neither.

    `command` is all that the command recorded. Raises Refused if nothing can follow, and
    whatever else an impossible figure leads to.
    """
    match event.fact:
        case ResultsComputed() as fact:
            return _table(fact, told)
        case GradesOpened() | GradesRevised() as fact:
            return _grades(fact, told)
        case ReportPublished() | ReportRestated() as fact:
            return _report(fact, told, event.position, through)
        case EvaluationTallied() as fact:
            return _tally(fact, told, command)
        case CadreResultComputed() | CadreGradeDecided() as fact:
            return _compared(fact, _cadre(fact, told))
        case ScoreVerified() | ScoreCorrected() as fact:
            return _compared(fact, _link(fact, cast("Score", told.states.get(event.stream, UNTOUCHED))))
        case _:
            return None


def _table(fact: ResultsComputed, told: Told) -> Again:
    recall = told.recall(fact.cycle_id)
    follows = computed_results(settle(recall.slice(fact.cycle_id, fact.group_id, period=None, basis=fact.basis)))
    follows = replace(follows, engine_version=engine_of(fact.engine_version))
    return Again(_differences(fact, follows), fact.table_hash, follows.table_hash, fact.engine_version)


def _grades(fact: GradesOpened | GradesRevised, told: Told) -> Again:
    recall = told.recall(fact.cycle_id)
    [results] = recalled(recall, fact.cycle_id, [fact.group_id])
    grading = results.slice.rulings.grading(fact.group_id)
    cited = computed_at(grading, fact.results_position)
    if cited.basis is not Basis.OFFICIAL:
        raise MalformedInput(path="results_position", basis=cited.basis, hint="Only official results are graded.")
    follows = graded_again(results, grading, fact)
    if isinstance(follows, GradesRevised):
        follows = replace(follows, restatement=_restatement(fact, told))
    table_hash = fingerprint(result_rows(results))
    cited_hash = compare(cited.table_hash, table_hash, f"the table at {fact.results_position}")
    differences = (*_differences(fact, follows), *map(str, cited_hash))
    return Again(differences, cited.table_hash, table_hash, cited.engine_version)


def _report(fact: ReportPublished | ReportRestated, told: Told, position: int, through: Through) -> Again:
    publications = told.state(publication_stream(fact.cycle_id))
    recall = told.recall(fact.cycle_id)
    if isinstance(fact, ReportRestated):
        superseded = standing_report(publications, fact.supersedes_position, path="supersedes_position")
        if publications.restating is None:
            raise RestatementRequired(cycle_id=fact.cycle_id, hint="No restatement is open.")
        return _written(
            fact,
            restated(publications, superseded, publications.restating.number, recall, approved_by=fact.approved_by),
        )
    if not 0 < fact.as_of_position < position:
        raise UnknownId(path="as_of_position", position=fact.as_of_position, hint="A report follows from what was.")
    if fact.as_of_position != recall.as_of:
        # Published as of an earlier position: what was known then is read again.
        events = through(fact.as_of_position)
        recall = Recall().fold(each for each in events if getattr(each.fact, "cycle_id", None) == fact.cycle_id)
    command = PublishReport(
        cycle_id=fact.cycle_id,
        number=fact.number,
        kind=fact.kind,
        audience=fact.audience,
        group_ids=fact.group_ids,
        unit_ids=fact.unit_ids,
        period=fact.period,
    )
    return _written(fact, command.written(recall, publications, approved_by=fact.approved_by))


def _tally(fact: EvaluationTallied, told: Told, command: Sequence[Event]) -> Again:
    campaign = told.state(evaluation_stream(fact.cycle_id, fact.campaign_id))
    latest = told.recall(fact.cycle_id).cycle(fact.cycle_id).latest
    *invalid, follows = TallyEvaluation(cycle_id=fact.cycle_id, campaign_id=fact.campaign_id).counted(campaign, latest)
    recorded = tuple(event.fact for event in command if isinstance(event.fact, BallotInvalidated))
    differences = (*_differences(fact, follows), *map(str, compare(recorded, tuple(invalid), "invalidated")))
    assert isinstance(follows, EvaluationTallied)
    return Again(differences, fingerprint(fact.units), fingerprint(follows.units))


def _cadre(fact: CadreResultComputed | CadreGradeDecided, told: Told) -> Fact:
    recall = told.recall(fact.cycle_id)
    cycle, rulings = recall.cycle(fact.cycle_id), recall.rulings(fact.cycle_id)
    if isinstance(fact, CadreResultComputed):
        compute = ComputeCadreResult(
            cycle_id=fact.cycle_id,
            subject_id=fact.subject_id,
            personal_part=fact.personal_part,
            evidence=fact.evidence,
        )
        posts = told.state(post_stream(fact.subject_id))
        return compute.computed(cycle, posts, rulings.reorganisations, rulings.grading)
    of_unit = told.state(cadre_stream(fact.cycle_id, fact.unit_id))
    # Who has a later result under another unit counts there.
    cadres = of_unit.only(who for who, result in of_unit.results.items() if rulings.cadres.results[who] == result)
    result = cadres.results.get(fact.subject_id)
    if result is None:
        raise UnknownId(path="subject_id", person_id=fact.subject_id, hint="No result of the cadre was computed.")
    decide = DecideCadreGrade(
        cycle_id=fact.cycle_id,
        unit_id=fact.unit_id,
        subject_id=fact.subject_id,
        result_position=fact.result_position,
        grade=fact.grade,
        evidence=fact.evidence,
    )
    return decide.decided(cycle, cadres, result, approved_by=fact.approved_by)


def _link(fact: ScoreVerified | ScoreCorrected, score: Score) -> Fact:
    if isinstance(fact, ScoreVerified):
        verify = VerifyScore(
            cycle_id=fact.cycle_id,
            unit_id=fact.unit_id,
            indicator_id=fact.indicator_id,
            period=fact.period,
            verified_position=fact.verified_position,
            method=fact.method,
            note=fact.note,
        )
        return verify.verified(score)
    approve = ApproveCorrection(
        cycle_id=fact.cycle_id,
        unit_id=fact.unit_id,
        indicator_id=fact.indicator_id,
        period=fact.period,
        request_position=fact.request_position,
    )
    return approve.corrected(score, approved_by=fact.approved_by, restatement=fact.restatement)


def _restatement(fact: GradingFact, told: Told) -> str:
    number = told.state(publication_stream(fact.cycle_id)).restates(fact.group_id)
    if number is None:
        raise RestatementRequired(cycle_id=fact.cycle_id, group_id=fact.group_id)
    return number


def _written(fact: ReportPublished | ReportRestated, follows: ReportPublished | ReportRestated) -> Again:
    follows = replace(follows, engine_version=engine_of(fact.engine_version))
    return Again(_differences(fact, follows), fact.content_hash, follows.content_hash, fact.engine_version)


def _compared(fact: Fact, follows: Fact) -> Again:
    """A statement that has no hash of its own."""
    return Again(_differences(fact, follows), fingerprint(fact), fingerprint(follows))


def _differences(fact: Fact, follows: Fact) -> tuple[str, ...]:
    return tuple(map(str, compare(fact, follows)))
