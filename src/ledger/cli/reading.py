"""`ledger values` and `ledger log`: what is known now, or was at any position."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ledger.cli.opening import opened_answers, opened_store, settings_here
from ledger.cli.output import Format, Output, print_records, record_of
from ledger.domain.refusals import UnknownId
from ledger.domain.score import score_stream
from ledger.history import Edit, edits

VALUE_COLUMNS = ("unit", "period", "value")
EDIT_COLUMNS = (
    *("position", "recorded_at", "event", "value", "official_before", "official_after"),
    *("by", "role", "on_behalf_of", "cites", "reason_code", "reason", "import_id"),
)
EDIT_COLUMNS_SHOWN = ("position", "recorded_at", "event", "value", "official_after", "by", "reason")

AsOf = Annotated[int | None, Parameter(help="The last position to take into account; now, if not given.")]


def values(*, cycle: str, indicator: str, as_of: AsOf = None, output: Output = "table") -> None:
    """Print the official values of one indicator, by unit and period.

    Parameters
    ----------
    cycle
        The assessment cycle.
    indicator
        The indicator.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        at = answers.resolve(position=as_of).position
        if answers.cycle(cycle, at).latest.plan.indicator(indicator) is None:
            raise UnknownId(path="indicator", indicator_id=indicator)
        rows = [(row.unit_id, row.period, row.value) for row in answers.values(cycle, indicator, at=at)]
    print_records((dict(zip(VALUE_COLUMNS, row, strict=True)) for row in sorted(rows)), VALUE_COLUMNS, output)


def log(*, cycle: str, unit: str, indicator: str, period: str, as_of: AsOf = None, output: Output = "table") -> None:
    """Print the edit history of one score: who set it to what, when, why and on whose approval.

    Parameters
    ----------
    cycle
        The assessment cycle.
    unit
        The unit.
    indicator
        The indicator.
    period
        The period, spelled as in the plan.
    """
    with opened_store(settings_here()) as store:
        if as_of is not None and not 1 <= as_of <= store.head:
            raise UnknownId(path="as_of", position=as_of, hint=f"The ledger ends at position {store.head}.")
        events = store.events_of(score_stream(cycle, unit, indicator, period).name)
    print_edits(edits(e for e in events if as_of is None or e.position <= as_of), output)


def print_edits(history: list[Edit], output: Format) -> None:
    """Print an edit history, the widest columns left out of the table. Raises UnknownId if it is empty."""
    if not history:
        raise UnknownId(hint="Nothing is recorded of this score.")
    columns = EDIT_COLUMNS_SHOWN if output == "table" else EDIT_COLUMNS
    print_records(map(record_of, history), columns, output)
