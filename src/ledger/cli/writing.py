"""`ledger import` and `ledger export`: tables in, the whole history out."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter
from cyclopts.types import ExistingFile

from ledger.cli import Exit
from ledger.cli.bundling import write_bundle
from ledger.cli.errors import Usage
from ledger.cli.opening import opened_store, settings_here
from ledger.cli.output import Bar, Output, print_json, print_records, progress_bar, record_of, say
from ledger.domain.score import ReasonCode
from ledger.evidence import EvidenceDirectory
from ledger.importing import Order, Report, Verdict, import_table, read_table

VERDICT_COLUMNS = ("row", "column", "unit", "period", "verdict", "code", "message")
PROGRESS_STEP = 1_000
GARBAGE_LOOKED_AFTER = 50_000
SWITCH_INTERVAL_S = 0.000_5
"""The thread that appends waits for the database most of the time; it should not wait for its turn as well."""


def import_(  # noqa: PLR0913 - one parameter for each option
    table: ExistingFile,
    /,
    *,
    cycle: str,
    indicator: str,
    by: str,
    approved_by: str | None = None,
    reconcile: bool = False,
    dry_run: bool = False,
    reason_code: ReasonCode = ReasonCode.SOURCE_DATA_REVISED,
    reason: str | None = None,
    output: Output = "table",
) -> int:
    """Enter the scores of a table: CSV or XLSX with the columns unit, unit_name, period, value.

    A cycle that does not exist yet is planned from the table, and an empty ledger opened first. Running an
    interrupted import again completes it; running a complete one again records nothing.

    Parameters
    ----------
    table
        CSV or XLSX with the columns unit, unit_name, period, value; it is kept as evidence.
    cycle
        The assessment cycle.
    indicator
        The indicator that the values are of.
    by
        The person who enters the values and asks for corrections.
    approved_by
        The person who verifies and approves; without one, values are only entered.
    reconcile
        Give the table the last word: correct what changed, withdraw what is gone.
    dry_run
        Decide everything by the same rules, show the verdict on every row, record nothing.
    reason_code
        Why values change.
    reason
        The same in words; names the file if not given.
    """
    if reconcile and approved_by is None:
        raise Usage("--reconcile needs --approved-by: a second person approves corrections.")
    settings = settings_here()
    # An import makes millions of objects and no cycles; looking for some takes a fifth of its time.
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKED_AFTER)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    read = read_table(table)
    order = Order(
        cycle_id=cycle,
        indicator_id=indicator,
        by=by,
        approved_by=approved_by,
        reconcile=reconcile,
        reason_code=reason_code,
        reason=reason,
    )
    with opened_store(settings) as store, progress_bar(table.name, "scores") as bar:
        evidence = EvidenceDirectory(settings.evidence_dir)
        report = import_table(store, evidence, read, order, dry_run=dry_run, progress=bar)
    _print_report(report, dry_run=dry_run, output=output)
    if reconcile and not read.names_every_score:
        say("Nothing was withdrawn, because the unit or period of a refused row could not be read.")
    return Exit.REFUSED if report.counts[Verdict.REFUSED] else Exit.OK


def _print_report(report: Report, *, dry_run: bool, output: str) -> None:
    summary = {verdict.value.lower(): report.counts[verdict] for verdict in Verdict}
    positions = {"first_position": report.first_position, "last_position": report.last_position}
    verdicts = [record_of(verdict) for verdict in report.verdicts]
    if output == "json":
        kind = "verdicts" if dry_run else "refusals"
        print_json({**summary, **positions, "import_id": report.import_id, "dry_run": dry_run, kind: verdicts})
        return
    if verdicts or output == "csv":
        print_records(verdicts, VERDICT_COLUMNS, "csv" if output == "csv" else "table")
    if output == "csv":
        say(f"{_sentence(summary)}, {_where(report, dry_run)}.")
    else:
        print(f"{_sentence(summary)}, {_where(report, dry_run)}.")


def _sentence(summary: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in summary.items())


def _where(report: Report, dry_run: bool) -> str:
    if dry_run:
        return "nothing recorded"
    if report.first_position is None:
        return f"nothing to record at position {report.last_position}"
    return f"positions {report.first_position} to {report.last_position}"


def export(
    file: Path | None = None,
    /,
    *,
    after: Annotated[int, Parameter(help="Leave out the positions up to this one.")] = 0,
    through: Annotated[int | None, Parameter(help="The last position to write.")] = None,
    bundle: Annotated[Path | None, Parameter(help="A new directory: all that was signed, for `ledger verify`.")] = None,
    openings: Annotated[bool, Parameter(help="With the texts about persons, for --by; only in a bundle.")] = False,
    by: Annotated[str | None, Parameter(help="The inspector who gets the openings.")] = None,
) -> None:
    """Write the ledger, one entry a line in order of position, exactly the bytes that are stored.

    With --bundle write it as C2SP tlog-tiles, with its checkpoints and with the verifier.

    Parameters
    ----------
    file
        Where to; replaced only when the export is complete. Standard output if not given.
    """
    if bundle is not None:
        if file is not None or after or through is not None or openings != (by is not None):
            raise Usage("A bundle is the whole ledger; --openings and --by belong together.")
        return write_bundle(bundle, by)
    if openings or by:
        raise Usage("--openings and --by are for a bundle.")
    if after < 0 or (through is not None and through < after):
        raise Usage("--after and --through are positions, the first not after the second.")
    with opened_store(settings_here()) as store, progress_bar("export", "events") as bar:
        last = store.head if through is None else min(through, store.head)
        entries = store.entries(after=after, through=last)
        if file is None:
            _write(sys.stdout.buffer, entries, bar, last - after)
        else:
            _replace(file, entries, bar, last - after)


def _replace(file: Path, entries: Iterable[bytes], bar: Bar, total: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "wb") as unfinished:
            _write(unfinished, entries, bar, total)
            unfinished.flush()
            os.fsync(unfinished.fileno())
        os.replace(name, file)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _write(file: BinaryIO, entries: Iterable[bytes], bar: Bar, total: int) -> None:
    done = 0
    for done, entry in enumerate(entries, start=1):
        file.write(entry)
        file.write(b"\n")
        if done % PROGRESS_STEP == 0:
            bar(done, total)
    file.flush()
    bar(done, total)


__all__ = ["export", "import_"]
