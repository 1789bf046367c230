"""Registers of what units undertake and how it is looked at: progress, tasks, spot checks, discrepancies."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.checking import claims_apart, coverage, frame
from ledger.cli.asked import Asked, Register, verdict
from ledger.cli.errors import Usage
from ledger.cli.output import Record
from ledger.domain.facts import Event, Fact
from ledger.domain.key_tasks import KeyTaskFact, overdue, task_stream
from ledger.domain.numbers import SHARE_SCALE, Rounding, rounded
from ledger.domain.spot_check import SpotCheckFact, reproduces, spot_check_stream
from ledger.progress import progress_of


def _progress(asked: Asked) -> Iterator[Record]:
    if asked.period is None:
        raise Usage("Progress needs --period: by the end of which period?")
    for row in progress_of(asked.answers, asked.cycle_id, asked.period, at=asked.at):
        yield {
            "unit": row.unit_id,
            "indicator": row.indicator_id,
            "name": row.name,
            "period": asked.period,
            "target": row.target,
            "target_position": row.target_position,
            "share_due": row.share_due,
            "due": row.due,
            "ytd": row.ytd,
            "value_position": row.value_position,
            "rate": row.rate,
            "gap": row.gap,
            "completed": row.completed,
            "light": row.light,
        }


def _tasks(asked: Asked) -> Iterator[Record]:
    """Every step of every key task."""
    for events in _by(asked, KeyTaskFact, "task_id").values():
        fact = events[0].fact
        assert isinstance(fact, KeyTaskFact)
        state = task_stream(fact.cycle_id, fact.task_id).initial
        for event in events:
            state = state.evolve(event)
        late = overdue(state, asked.today)
        for step in state.steps:
            yield {
                "position": events[0].position,
                "task": fact.task_id,
                "unit": state.unit_id,
                "title": state.title,
                "status": state.status,
                "progress": rounded(state.progress, SHARE_SCALE, Rounding.HALF_UP),
                "step": step.milestone.milestone_id,
                "due": step.milestone.due_on,
                "percent": step.percent,
                "reported": step.reported.percent if step.reported else None,
                "overdue": step.milestone in late,
            }


def _checks(asked: Asked) -> Iterator[Record]:
    """Every spot check by group, its lots drawn once more."""
    for check_id, events in _by(asked, SpotCheckFact, "check_id").items():
        state = spot_check_stream(asked.cycle_id, check_id).initial
        for event in events:
            state = state.evolve(event)
        planned = state.planned
        frame_now = frame(asked.answers, planned) if planned else {}
        for of_group in coverage(asked.answers, asked.cycle_id, state, frame_now, at=asked.at):
            yield {
                "position": events[0].position,
                "check": check_id,
                "group": of_group.group_id,
                "as_of": planned.as_of_position if planned else None,
                "seed": planned.seed if planned else None,
                "tolerance": planned.tolerance if planned else None,
                "scores": of_group.scores,
                "drawn": of_group.drawn,
                "checked": of_group.checked,
                "discrepancies": of_group.discrepancies,
                "error_rate": of_group.error_rate,
                "verdict": verdict(reproduces(planned, frame_now), ("draw",)) if planned else None,
            }


def _discrepancies(asked: Asked) -> Iterator[Record]:
    for row in claims_apart(asked.answers, asked.cycle_id, at=asked.at):
        yield {
            "position": row["from_position"],
            "unit": row["unit_id"],
            "indicator": row["indicator_id"],
            "period": row["period"],
            "claimed": row["claimed"],
            "claimed_position": row["claimed_position"],
            "official": row["value"],
            "gap": row["claimed"] - row["value"],
        }


def _by(asked: Asked, kind: type[Fact], member: str) -> dict[str, list[Event]]:
    """The events of one kind by what they are about, in order."""
    found: dict[str, list[Event]] = {}
    for event in asked.answers.proceedings(asked.cycle_id, (kind,), at=asked.at):
        found.setdefault(getattr(event.fact, member), []).append(event)
    return found


PROGRESS = Register(
    (
        *("unit", "indicator", "name", "period", "target", "target_position", "share_due", "due"),
        *("ytd", "value_position", "rate", "gap", "completed", "light"),
    ),
    _progress,
)
TASKS = Register(
    (
        *("position", "task", "unit", "title", "status", "progress"),
        *("step", "due", "percent", "reported", "overdue"),
    ),
    _tasks,
)
CHECKS = Register(
    (
        *("position", "check", "group", "as_of", "seed", "tolerance", "scores", "drawn"),
        *("checked", "discrepancies", "error_rate", "verdict"),
    ),
    _checks,
)
DISCREPANCIES = Register(
    ("position", "unit", "indicator", "period", "claimed", "claimed_position", "official", "gap"), _discrepancies
)
