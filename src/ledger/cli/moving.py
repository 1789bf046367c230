"""`ledger impact`, `counterfactual`, `diff` and `plan-diff`: what moved the units of a group, and which events did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from cyclopts import Parameter

from ledger import movements
from ledger.cli.explaining import OfBasis, Period
from ledger.cli.opening import opened_answers, opened_store, settings_here
from ledger.cli.output import Output, print_records, say
from ledger.cli.reading import AsOf
from ledger.domain.facts import Event
from ledger.domain.movement import Moved, placings
from ledger.domain.plan_difference import Difference, differences
from ledger.domain.score import Basis

MOVED_COLUMNS = (
    *("unit", "rank_before", "rank_after", "rank_delta", "total_before", "total_after", "total_delta"),
    *("grade_before", "grade_after"),
)
DIFF_COLUMNS = (*MOVED_COLUMNS, "causes", "events")


def impact(position: int, *, period: Period = None, output: Output = "table") -> None:
    """Print what one event moved: rank, total and grade if opened, right before it and right after it.

    Every group is compared that the event bears on, and on the official basis.

    Parameters
    ----------
    position
        The event.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        event = answers.event(answers.resolve(position=position).position)
        found = movements.impact_of(answers, event, period=period)
    relative = " The indicator is scored against the group." if found.group_relative else ""
    say(
        f"{type(event.fact).__name__} by {event.actor.person_id}; groups compared: "
        f"{', '.join(found.group_ids) or 'none'}.{relative}"
    )
    print_records(map(_moved, found.rows), MOVED_COLUMNS, output)


def counterfactual(
    cycle: str,
    group: str,
    *,
    exclude: Annotated[list[int], Parameter(help="An event that is thought away; may be repeated.")],
    period: Period = None,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print how the units of a group would stand had some events not happened, by the rank they would have.

    What stands on such an event falls away with it, as an approval does with its request. Before is
    what is, after what would be; both on the official basis.

    Parameters
    ----------
    cycle
        The assessment cycle.
    group
        The group.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        at = answers.resolve(position=as_of).position
        excluded = movements.excluded_events(answers, exclude)
        found = movements.counterfactual(answers, store.events_of, cycle, group, excluded, period=period, at=at)
    real, thought = placings(found.real), placings(found.thought)
    names = dict.fromkeys((*thought, *real))
    say(f"Of {len(names)} units {len(found.rows)} would stand otherwise, as of position {at}.")
    print_records((_moved(Moved(name, real.get(name), thought.get(name))) for name in names), MOVED_COLUMNS, output)


def diff(
    cycle: str,
    group: str,
    *,
    earlier: Annotated[int, Parameter(name="--from", help="The earlier position.")],
    later: Annotated[int | None, Parameter(name="--to", help="The later position; now, if not given.")] = None,
    period: Period = None,
    basis: OfBasis = Basis.OFFICIAL,
    output: Output = "table",
) -> None:
    """Print what changed in a group between two positions, and by which events each unit was moved.

    The causes of a unit are the events right after which it stood otherwise than right before, be they
    about itself or about its peers.

    Parameters
    ----------
    cycle
        The assessment cycle.
    group
        The group.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        found = movements.difference(
            answers,
            cycle,
            group,
            period=period,
            basis=basis,
            earlier=answers.resolve(position=earlier).position,
            later=answers.resolve(position=later).position,
        )
    records = (_moved(row) | _caused(found.causes.get(row.unit_id, ())) for row in found.rows)
    print_records(records, DIFF_COLUMNS, output)
    more = f"; there are more, ask on with --from {found.examined}" if found.truncated else ""
    say(f"Causes examined through position {found.examined}{more}.")


def plan_diff(
    cycle: str,
    *,
    earlier: Annotated[int, Parameter(name="--from", help="The earlier version of the plan.")],
    later: Annotated[int | None, Parameter(name="--to", help="The later version; the latest, if not given.")] = None,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print every place in which a later version of a plan differs from an earlier one.

    Parameters
    ----------
    cycle
        The assessment cycle.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        found = answers.cycle(cycle, answers.resolve(position=as_of).position)
    before, after = found.version(earlier, path="from"), found.version(later, path="to")
    print_records((each._asdict() for each in differences(before.plan, after.plan)), Difference._fields, output)
    for version in found.versions_after(before, after):
        say(f"Version {version.plan_version} was issued at {version.position}; `ledger impact` says whom it moved.")


def _moved(row: Moved) -> dict[str, Any]:
    before, after = row.before, row.after
    return {
        "unit": row.unit_id,
        "rank_before": before.rank if before else None,
        "rank_after": after.rank if after else None,
        "rank_delta": row.rank_delta,
        "total_before": before.total if before else None,
        "total_after": after.total if after else None,
        "total_delta": row.total_delta,
        "grade_before": before.grade if before else None,
        "grade_after": after.grade if after else None,
    }


def _caused(causes: Iterable[Event]) -> dict[str, Any]:
    """The positions of the causes, and of what types they are."""
    events = list(causes)
    return {
        "causes": " ".join(str(event.position) for event in events),
        "events": " ".join(dict.fromkeys(type(event.fact).__name__ for event in events)),
    }
