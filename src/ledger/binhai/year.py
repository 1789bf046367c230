"""The year: every script of a city, entered on the stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from ledger.binhai.aftermath import Aftermath
from ledger.binhai.appeals import Appeals
from ledger.binhai.appraisal import Appraisal
from ledger.binhai.attempts import AttemptPlants
from ledger.binhai.calendar import ZONE, at
from ledger.binhai.cells import Scores
from ledger.binhai.changes import ChangePlants
from ledger.binhai.checks import CheckPlants
from ledger.binhai.city import Cell, City
from ledger.binhai.closing import MEETING_AT, Closing
from ledger.binhai.earlier import YearBefore
from ledger.binhai.figures import Figures
from ledger.binhai.finale import Finale
from ledger.binhai.matters import Matters
from ledger.binhai.opening import Opening
from ledger.binhai.plants import ScorePlants
from ledger.binhai.proving import Proof
from ledger.binhai.reorganising import Reorganising
from ledger.binhai.rewarding import Rewarding
from ledger.binhai.stage import OutOfScript, Script, Stage
from ledger.binhai.truth import Truth
from ledger.domain.periods import parse_period, start_of


def enter_year(city: City, stage: Stage, *, host: City) -> Truth:
    """Enter all scripts of one city's year and return what will be planted, once it is played.

    `host` is the city whose persons opened the ledger.
    """
    truth = Truth()
    appraisal, rewarding = Appraisal(city, stage), Rewarding(city, stage)
    figures = Figures(city)
    scores = Scores(city, stage, figures)
    stage.enter(*Opening(city, stage, figures, host=host).scripts())
    cells = set(city.cells())
    finale, appeals = Finale(city, stage, scores, truth), Appeals(city, stage, scores, truth)
    if city.shape.stories:
        reorganising = Reorganising(city, stage, truth)
        stage.enter(*reorganising.scripts())
        cells -= {*reorganising.cells_left(), *reorganising.cells_exempted()}
        cells |= set(reorganising.cells_taken_over())
        for plants in (ScorePlants, ChangePlants, AttemptPlants, CheckPlants):
            stage.enter(*plants(city, stage, scores, truth).scripts())
        stage.enter(*finale.scripts(appraisal), *appeals.scripts(), *YearBefore(city, stage).scripts())
    stage.enter(finale.lifting(), finale.leaving_room())
    stage.enter(*Aftermath(city, stage, scores, truth).scripts(finale, appeals, rewarding))
    _enter_scores(stage, scores, sorted(cells))
    stage.enter_at(MEETING_AT - timedelta(minutes=20), partial(_prove, city, stage, truth))
    stage.enter(*Matters(city, stage, host=host).scripts())
    stage.enter_at(at("2018-12-07 08:00"), appraisal.scripts)
    stage.enter(*Closing(city, stage).scripts())
    stage.enter_at(at("2019-03-04 08:00"), rewarding.first)
    stage.enter_at(at("2019-03-20 08:00"), rewarding.cadres)
    stage.enter_at(at("2019-03-22 08:00"), rewarding.cadre_grades)
    return truth


def _prove(city: City, stage: Stage, truth: Truth) -> Iterable[Script]:
    """Go on only if the stories that rest on figures came out as they are told."""
    false = Proof(stage.known, city.cycle_id, stage.store.event).false(truth.plants)
    if false:
        raise OutOfScript(f"the truth would be false: {'; '.join(false)}")
    return ()


def _enter_scores(stage: Stage, scores: Scores, cells: Sequence[Cell]) -> None:
    """Let the scores of each period begin when it has ended."""
    by_period: dict[str, list[Cell]] = {}
    for cell in cells:
        by_period.setdefault(cell[2], []).append(cell)

    def scripts(cells: list[Cell]) -> Iterable[Script]:
        return (scores.script(cell) for cell in cells)

    for period, of_period in sorted(by_period.items()):
        ended = start_of(parse_period(period).ends_on, ZONE.key)
        stage.enter_at(ended - timedelta(hours=1), partial(scripts, of_period))
