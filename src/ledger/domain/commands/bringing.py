"""What a plan brings forward: parts of seats that small groups carried on from an earlier cycle.

Source: domain.md 3.9 (`ACCUMULATE`).
"""

from __future__ import annotations

from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.grading import GradesOpened, GradesRevised, grading_stream
from ledger.domain.plan import Plan
from ledger.domain.quota import CarriedSeats
from ledger.domain.refusals import BasisSuperseded, MalformedInput, OutOfRange, QuotaInvalid, UnknownId
from ledger.domain.world import World

PATH = "content.grading.brought_forward"


def require_carried(world: World, cycle: Cycle, plan: Plan) -> None:
    """Refuse a part of a seat that is not what the cited grading carried on.

    What the version before says stands as it is: it was looked at then, or it was recorded
    before anything had to be cited. Raises MalformedInput, UnknownId, OutOfRange,
    BasisSuperseded or QuotaInvalid.
    """
    before = cycle.latest.plan.grading if cycle.versions else None
    standing = before.brought_forward if before is not None else ()
    for brought in plan.grading.brought_forward if plan.grading is not None else ():
        if brought not in standing:
            _require_carried(world, cycle, brought)


def _require_carried(world: World, cycle: Cycle, brought: CarriedSeats) -> None:
    position = brought.graded_position
    if position is None:
        raise MalformedInput(path=PATH, group_id=brought.group_id, hint="Cite the grading in graded_position.")
    fact = world.event(position, path=PATH).fact
    if not isinstance(fact, GradesOpened | GradesRevised) or fact.group_id != brought.group_id:
        raise UnknownId(path=PATH, position=position, hint="No grades of this group were opened or revised there.")
    graded = world.read(cycle_stream(fact.cycle_id))
    if graded.ends_on is None or cycle.starts_on is None or graded.ends_on >= cycle.starts_on:
        raise OutOfRange(path=PATH, cycle_id=fact.cycle_id, hint="Only an earlier cycle is brought forward from.")
    current = world.read(grading_stream(fact.cycle_id, fact.group_id)).current
    if current is not None and current.position != position:
        raise BasisSuperseded(path=PATH, position=position, latest=current.position)
    carried = next((row.carried for row in fact.seats if row.grade == brought.grade), 0)
    if carried != brought.seats:
        raise QuotaInvalid(path=PATH, grade=brought.grade, given=brought.seats, carried=carried)
