"""What clients see of results: rankings, differences between two moments, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import strawberry

from ledger.api.derived import enums
from ledger.api.paging import After, Connection, First, check_first, page, place_of
from ledger.api.scalars import Position
from ledger.api.types import AsOf, Event, Node, global_id
from ledger.domain.explained import SUMMED, Explained, FigureKind, rounding_difference
from ledger.domain.gaps import GapKind
from ledger.domain.grading import RestatementPolicy
from ledger.domain.movement import Moved
from ledger.domain.numbers import Rounding, RoundingPolicy, exact_text
from ledger.domain.plan import Participation
from ledger.domain.results import Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.tables import grade_in_force, shown_row

enums(Basis, FigureKind, GapKind, Participation, RestatementPolicy, Rounding, RoundingPolicy)


@strawberry.type(description="One unit in a ranking.")
class RankingRow(Node):
    rank: int | None = strawberry.field(
        description="1 + the number of units with a greater total; null without a rank."
    )
    unit_id: str = strawberry.field(description="The unit.")
    unit_name: str | None = strawberry.field(description="What the unit is called, as of the answer.")
    participation: Participation = strawberry.field(description="How the unit takes part.")
    total: Decimal = strawberry.field(description="The published figure, rounded once.")
    exact: str = strawberry.field(description="The exact total: a decimal, or a fraction.")
    goal: Decimal = strawberry.field(description="Points for the indicators, of 100, before the plan's share.")
    evaluation: Decimal | None = strawberry.field(description="Points of the appraisal, of 100; null without one.")
    bonus: Decimal = strawberry.field(description="Points added.")
    deduction: Decimal = strawberry.field(description="Points removed.")
    grade: str | None = strawberry.field(description="The grade in force; null before grades are opened.")
    grade_if_opened: str | None = strawberry.field(description="The grade if grades were opened on these figures.")
    complete: bool = strawberry.field(description="Whether everything that applies has a value.")
    missing: int = strawberry.field(
        description="How many indicators lack a value for some period that counts,"
        " and one more if the appraisal is missing."
    )

    @classmethod
    def of(cls, results: Results, row: UnitResult) -> RankingRow:
        """A settled row, without an id and a name."""
        shown = shown_row(results, row)
        return cls(
            id=strawberry.ID(""),
            rank=row.rank,
            unit_id=row.unit_id,
            unit_name=None,
            participation=row.participation,
            total=row.total,
            exact=exact_text(row.exact),
            goal=shown.goal,
            evaluation=shown.evaluation,
            bonus=shown.bonus,
            deduction=shown.deduction,
            grade=grade_in_force(results, row.unit_id),
            grade_if_opened=results.grade_if_opened(row.unit_id),
            complete=row.complete,
            missing=row.missing,
        )

    def placed(self, ranking: str, name: str | None) -> RankingRow:
        """The row in the ranking of this name, with what its unit is called."""
        return replace(self, id=global_id("RankingRow", f"{ranking}:{self.unit_id}"), unit_name=name)


@strawberry.type(description="The units of a group by total, as known at one position.")
class Ranking:
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    group_id: str = strawberry.field(description="The peer group.")
    period: str | None = strawberry.field(description="The period; null is the cycle as a whole.")
    basis: Basis = strawberry.field(description="Whose word the values are.")
    plan_version: int = strawberry.field(description="The plan version the figures are settled under.")
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")
    complete: bool = strawberry.field(description="Whether every ranked unit has every value.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")
    found: strawberry.Private[list[RankingRow]]

    @strawberry.field(description="The units by rank; those without a rank come last.")
    def rows(self, first: First, after: After = None) -> Connection[RankingRow]:
        check_first(first)
        start = place_of(after) or 0
        places = {row.id: place for place, row in enumerate(self.found, start=1)}
        return page(
            self.found[start : start + first + 1], lambda row: places[row.id], at=self.as_of, first=first, after=after
        )


@strawberry.type(description="How one unit stands at two moments.")
class RankingDiffRow:
    unit_id: str = strawberry.field(description="The unit.")
    rank_before: int | None = strawberry.field(description="The rank at the earlier moment.")
    rank_after: int | None = strawberry.field(description="The rank at the later moment.")
    rank_delta: int | None = strawberry.field(description="Places gained (positive) or lost.")
    total_before: Decimal | None = strawberry.field(description="The total at the earlier moment.")
    total_after: Decimal | None = strawberry.field(description="The total at the later moment.")
    total_delta: Decimal | None = strawberry.field(description="The total's change.")
    grade_before: str | None = strawberry.field(description="The grade if it was opened at the earlier moment.")
    grade_after: str | None = strawberry.field(description="The grade if it was opened at the later moment.")
    causes: list[Position] = strawberry.field(
        description="The events that you may see right after which the unit stood otherwise than right before,"
        " be they about itself or about its peers; the first 100."
    )

    @classmethod
    def of(cls, moved: Moved, causes: Iterable[int]) -> RankingDiffRow:
        """A unit that moved, and what moved it."""
        before, after = moved.before, moved.after
        return cls(
            unit_id=moved.unit_id,
            rank_before=before.rank if before else None,
            rank_after=after.rank if after else None,
            rank_delta=moved.rank_delta,
            total_before=before.total if before else None,
            total_after=after.total if after else None,
            total_delta=moved.total_delta,
            grade_before=before.grade if before else None,
            grade_after=after.grade if after else None,
            causes=[Position(position) for position in causes],
        )


@strawberry.type(description="What changed in a ranking between two moments, and which events changed it.")
class RankingDiff:
    earlier: AsOf = strawberry.field(description="The earlier moment.")
    later: AsOf = strawberry.field(description="The later moment.")
    plan_version: int = strawberry.field(description="The plan version that the later figures are settled under.")
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")
    rows: list[RankingDiffRow] = strawberry.field(description="The units whose rank or total changed, at most 1,000.")
    events: list[Event] = strawberry.field(
        description="The events in between that can move the group's figures on this basis, the first 100."
    )
    truncated: bool = strawberry.field(
        description="Whether there may be more causes: too many events to examine them all, or more than 100 of a unit."
    )
    examined_through: Position = strawberry.field(
        description="The last position in between that was examined for causes; ask on from there if it is truncated."
    )


@strawberry.type(
    description="What one event moved: the figures on the official basis, right before it and right after it."
)
class Impact:
    event: Event = strawberry.field(description="The event.")
    group_ids: list[str] = strawberry.field(description="The groups whose figures are compared.")
    period: str | None = strawberry.field(description="The period; null is the cycle as a whole.")
    group_relative: bool = strawberry.field(
        description="Whether the indicator is scored against the group, so that the event moves the peers' points too."
    )
    rows: list[RankingDiffRow] = strawberry.field(description="The units whose rank, total or grade it changed.")
    as_of: AsOf = strawberry.field(description="The position of the event, which is the last one that is included.")
    plan_version: int | None = strawberry.field(
        description="The plan version that the figures after it are settled under; null if there are none."
    )
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")


@strawberry.type(description="The ranking as it would be had some events not happened.")
class Counterfactual:
    excluded: list[Position] = strawberry.field(description="The events that are thought away.")
    ranking: Ranking = strawberry.field(description="The ranking without them, and without what stands on them.")
    changes: list[RankingDiffRow] = strawberry.field(description="Units that would stand otherwise; before is real.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")
    plan_version: int = strawberry.field(
        description="The plan version that the figures are settled under, without the events."
    )
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")


@strawberry.type(
    description="Where a unit stands in one respect, an indicator or another part of the total, against its group."
)
class IndicatorGap:
    kind: GapKind = strawberry.field(description="What the units are compared in.")
    indicator_id: str = strawberry.field(description="The indicator; empty for what is none.")
    name: str = strawberry.field(description="What it is called.")
    weight: str = strawberry.field(
        description="Effective weight in percentage points of the total, exact: that of the explanation;"
        " 100 for bonus and deduction."
    )
    own: Decimal = strawberry.field(description="The unit's points: of an indicator or the appraisal, of 100.")
    best: Decimal = strawberry.field(description="The best points of the group.")
    average: Decimal = strawberry.field(description="The mean of the group's units that have a value.")
    points_lost: Decimal = strawberry.field(
        description="What the distance to the best costs in the total, before any level of it is rounded;"
        " where the formula compares the units, what it costs while the scale stays as it is."
    )
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")
    plan_version: int = strawberry.field(description="The plan version the figures are settled under.")
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")


@strawberry.type(description="A figure and what it is made of, down to the events behind it.")
class Explanation:
    label: str = strawberry.field(description="What the figure is called, such as the unit, dimension or indicator.")
    kind: FigureKind = strawberry.field(description="What kind of figure it is.")
    exact: str = strawberry.field(
        description="The exact figure; below a total they add up exactly, down to the indicators."
    )
    shown: Decimal = strawberry.field(description="The figure as it is shown, rounded once.")
    weight: str | None = strawberry.field(
        description="Effective weight in percentage points of the total, exact; of a period, and of what a"
        " predecessor left, the percentage of the indicator's score."
    )
    formula: str | None = strawberry.field(
        description="Of an indicator: the kind of formula and the points of 100 that it gave, or why it gave none;"
        " of raters: their mean and how many of them count; of a bonus or deduction: the article."
    )
    method: str | None = strawberry.field(
        description="The formula with every parameter that decides; of indicators and periods only."
    )
    points: str | None = strawberry.field(
        description="The points of 100 that the formula gave, exact; of indicators and periods only."
    )
    positions: list[Position] = strawberry.field(description="The events behind the figure.")
    rounding_difference: Decimal | None = strawberry.field(
        description="The shown figure minus the sum of the shown figures of its parts."
    )
    parts: list[Explanation] = strawberry.field(description="What the figure is made of.")
    place: int = strawberry.field(description="Its place in the tree, from 0, each figure right before its parts.")
    parent: int | None = strawberry.field(description="The place of the figure that it is a part of.")

    @classmethod
    def of(cls, node: Explained) -> list[Explanation]:
        """An explained figure and every figure below it, in order of their places."""
        figures: list[Explanation] = []
        cls._add(figures, node, None)
        return figures

    @classmethod
    def _add(cls, figures: list[Explanation], node: Explained, parent: int | None) -> Explanation:
        summed = node.kind in SUMMED
        figure = cls(
            place=len(figures),
            parent=parent,
            label=node.label,
            kind=node.kind,
            exact=exact_text(node.exact),
            shown=node.shown,
            weight=exact_text(node.weight) if node.weight is not None else None,
            formula=node.formula,
            method=node.method,
            points=exact_text(node.points) if node.points is not None else None,
            positions=[Position(position) for position in node.positions],
            rounding_difference=rounding_difference(node) if summed else None,
            parts=[],
        )
        figures.append(figure)
        figure.parts = [cls._add(figures, part, figure.place) for part in node.parts]
        return figure


@strawberry.type(description="The grade that a unit was given, or would be, and why.")
class ExplainedGrade:
    position: Position | None = strawberry.field(
        description="The event that opened or revised the grades; null for what is not opened."
    )
    restatement: str | None = strawberry.field(description="The restatement in which they were revised.")
    policy: RestatementPolicy | None = strawberry.field(description="How they were revised.")
    grade: str = strawberry.field(description="The grade.")
    rank: int | None = strawberry.field(description="The unit's rank then.")
    reasons: list[str] = strawberry.field(description="Why, step by step.")


@strawberry.type(description="Why a unit's total is what it is.")
class UnitExplanation:
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str = strawberry.field(description="The unit.")
    group_id: str = strawberry.field(description="The group it is ranked in.")
    basis: Basis = strawberry.field(description="Whose word the values are.")
    period: str | None = strawberry.field(description="The period; null is the cycle as a whole.")
    rank: int | None = strawberry.field(description="The unit's rank.")
    total: Decimal = strawberry.field(description="The published figure, rounded once.")
    plan_version: int = strawberry.field(description="The plan version the figures are settled under.")
    engine_version: str = strawberry.field(description="The version of the rules of settlement that made the figures.")
    rounding_policy: RoundingPolicy = strawberry.field(description="Whether only the total is rounded, or each level.")
    rounding: Rounding = strawberry.field(description="How a figure exactly between two is rounded.")
    grade_if_opened: ExplainedGrade | None = strawberry.field(
        description="The grade if grades were opened on these figures; null for a single period, and for an open tie."
    )
    gradings: list[ExplainedGrade] = strawberry.field(
        description="Every grade that the unit was given, the first one first; after a restatement there are two."
        " Empty for a single period."
    )
    tree: Explanation = strawberry.field(
        description="The total and what it is made of; or what an indicator contributes, if one was asked for."
    )
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")
    explained: strawberry.Private[list[Explanation]]

    @strawberry.field(description="The figures of the tree one after the other, each right before its parts.")
    def figures(
        self,
        kinds: Annotated[
            list[FigureKind] | None, strawberry.argument(description="Only these kinds; all if left out.")
        ] = None,
    ) -> list[Explanation]:
        return [figure for figure in self.explained if kinds is None or figure.kind in kinds]
