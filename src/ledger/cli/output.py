"""Output: one kind of record as a table for people, or as JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ledger.entries import timestamp

Format = Literal["table", "json", "csv"]
Output = Annotated[Format, Parameter(name=["--output", "-o"], help="How to print: table, json or csv.")]

Record = Mapping[str, Any]

_WIDTH_MAX = 10_000

messages = Console(stderr=True, highlight=False)
"""For people: progress and remarks, never data."""


def say(text: str) -> None:
    """Tell the person at the terminal something."""
    # A sentence is one line, whoever reads it: a terminal folds it by itself.
    messages.print(text, markup=False, soft_wrap=True)


def print_records(records: Iterable[Record], columns: Sequence[str], output: Format) -> None:
    """Print records: aligned for people, as a JSON array, or as CSV with a heading and plain line ends."""
    if output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(record[column]) for column in columns] for record in records)
    elif output == "json":
        print_json([dict(record) for record in records])
    else:
        print_table(records, columns)


def print_table(records: Iterable[Record], columns: Sequence[str], *, title: str | None = None) -> None:
    """Print an aligned table, as wide as it needs to be where the output is not a terminal.

    In a terminal only the last column is folded; figures are never cut.
    """
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="fold")
    for record in records:
        table.add_row(*(_shown(record[column]) for column in columns))
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = Console(width=_WIDTH_MAX).measure(table).maximum
    console.print(table)


def print_json(data: object) -> None:
    """Print one JSON value; decimals and positions beyond 2^53 would suffer as numbers, so decimals are text."""
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2, default=_text)
    sys.stdout.write("\n")


def record_of(value: object) -> dict[str, Any]:
    """A dataclass instance as a record, its fields in order."""
    assert is_dataclass(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            # Exactly as it was written, never with an exponent.
            return format(value, "f")
        case datetime():
            return timestamp(value)
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _shown(value: object) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}" if isinstance(value, datetime) else _text(value)


class Bar:
    """A progress bar's other end: told how much is done, in total."""

    def __init__(self, progress: Progress, what: str):
        self._progress = progress
        self._task = progress.add_task(what, total=None)

    def __call__(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)


class _Rate(TextColumn):
    def __init__(self, unit: str):
        super().__init__("")
        self._unit = unit

    def render(self, task: Any) -> Any:
        from rich.text import Text

        return Text(f"{task.speed:,.0f} {self._unit}/s" if task.speed else "")


@contextmanager
def progress_bar(what: str, unit: str) -> Generator[Bar]:
    """A bar on standard error with rate and remaining time; nothing where that is not a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as progress:
        yield Bar(progress, what)
