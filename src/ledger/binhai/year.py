"""The year: every script of a city, entered on the stage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ledger.binhai.appraisal import Appraisal
from ledger.binhai.calendar import ZONE, at
from ledger.binhai.cells import Scores
from ledger.binhai.city import Cell, City
from ledger.binhai.closing import Closing
from ledger.binhai.figures import Figures
from ledger.binhai.matters import Matters
from ledger.binhai.opening import Opening
from ledger.binhai.rewarding import Rewarding
from ledger.binhai.stage import Script, Stage
from ledger.domain.periods import parse_period, start_of


def enter_year(city: City, stage: Stage, *, host: City) -> None:
    """Enter all scripts of one city's year."""
    figures = Figures(city)
    scores = Scores(city, stage, figures)
    stage.enter(*Opening(city, stage, figures, host=host).scripts())
    _enter_scores(city, stage, scores)
    stage.enter(*Matters(city, stage).scripts())
    stage.enter_at(at("2018-12-07 08:00"), Appraisal(city, stage).scripts)
    stage.enter(*Closing(city, stage).scripts())
    rewarding = Rewarding(city, stage)
    stage.enter_at(at("2019-03-04 08:00"), rewarding.first)
    stage.enter_at(at("2019-03-20 08:00"), rewarding.cadres)
    stage.enter_at(at("2019-03-22 08:00"), rewarding.cadre_grades)


def _enter_scores(city: City, stage: Stage, scores: Scores) -> None:
    """Let the scores of each period begin when it has ended."""
    by_period: dict[str, list[Cell]] = {}
    for cell in city.cells():
        by_period.setdefault(cell[2], []).append(cell)

    def scripts(cells: list[Cell]) -> Iterable[Script]:
        return (scores.script(cell) for cell in cells)

    for period, cells in by_period.items():
        ended = start_of(parse_period(period).ends_on, ZONE.key)
        stage.enter_at(ended - timedelta(hours=1), lambda cells=cells: scripts(cells))
