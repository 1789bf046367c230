"""The phases of a cycle, and in which of them what may be done: the table of the specification, as data.

Entry opens and closes for a cycle as a whole; results, notices and grades come one group at a
time. The cycle therefore records DRAFT, PLANNED, OPEN, ENTRY_CLOSED and CLOSED only, and the
table below speaks of these: its column "ENTRY_CLOSED / COMPUTED / NOTICE" is ENTRY_CLOSED of a
group whose grades are not opened. Once they are, only a restatement lets them move:
`commands.moving`. Source: domain.md 2.3.
"""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a cycle stands; phases only move forward, but for a restatement, after which they return."""

    DRAFT = "DRAFT"
    """Nothing is laid out."""
    PLANNED = "PLANNED"
    """The year is laid out; its plan is written and targets are set."""
    OPEN = "OPEN"
    """Scores are reported, entered and verified."""
    ENTRY_CLOSED = "ENTRY_CLOSED"
    """No more scores are entered; verification and corrections go on."""
    COMPUTED = "COMPUTED"
    """The official results of every group were computed since entry closed."""
    NOTICE = "NOTICE"
    """The results of every group were put up for objections."""
    GRADED = "GRADED"
    """The grades of every group are opened; from then on values change inside a restatement only."""
    PUBLISHED = "PUBLISHED"
    """An annual report stands on the grades of every group."""
    CLOSED = "CLOSED"
    """The cycle ended; only a restatement touches it."""
    RESTATING = "RESTATING"
    """A restatement is open: graded results may be corrected."""


OPENING = (Phase.PLANNED,)
"""Begin the entry of scores: once the year is laid out."""
SETTING_TARGETS = (Phase.PLANNED, Phase.OPEN)
"""Set or adjust targets: yes; once open until `target_freeze_on`, then only with a superior's authority; later no."""
CHANGING_PLAN = (Phase.PLANNED, Phase.OPEN)
"""A plan version: free; once open approved by the leading group; then no."""
FIXING_CALENDAR = (Phase.PLANNED, Phase.OPEN, Phase.ENTRY_CLOSED)
"""A plan version that changes nothing but the calendar: after entry closed, too."""
MOVING_UNITS = (Phase.PLANNED, Phase.OPEN)
"""Assign a unit to a group: by the office; once open by the leading group; later no."""
EXEMPTING = (Phase.PLANNED, Phase.OPEN)
"""Exempt a unit from an indicator, or end that: before entry closes."""
REORGANISING = (Phase.PLANNED, Phase.OPEN, Phase.ENTRY_CLOSED)
"""Merge or split units: until the grades of their groups are opened."""
ENTERING = (Phase.OPEN,)
"""Self-report and enter: while entry is open, within the deadlines of the period."""
EXCHANGING = (Phase.OPEN, Phase.ENTRY_CLOSED)
"""Verify, correct, withdraw, enter late, appraise, add points or take them off: until grades are opened."""
COMPUTING = (Phase.OPEN, Phase.ENTRY_CLOSED)
"""Compute results: provisional while entry is open, then yes."""
GRADING = (Phase.ENTRY_CLOSED,)
"""Give public notice, resolve ties and grant exceptions, and open grades when the notice has ended."""
CLOSING = (Phase.ENTRY_CLOSED,)
"""Close the cycle: once grades are opened and appeals are decided."""
PUNISHING_AHEAD = (Phase.OPEN, Phase.ENTRY_CLOSED, Phase.CLOSED)
"""Punish before there are grades, on a veto or a finding: from the opening of entry on."""
BARRING_PERSONS = (Phase.OPEN, Phase.ENTRY_CLOSED)
"""Veto the grade of a person, or lift that: until the cycle is closed."""
