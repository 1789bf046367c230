"""Commands that put on record how the ledger came back from a backup. Not offered over HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.facts import Fact, Stream
from ledger.domain.opening import LEDGER_STREAM, LedgerReopened, LedgerRestored, Opened
from ledger.domain.roles import Role
from ledger.domain.world import Command, World

REASON_LENGTH_MIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreCommand(Command):
    """What both have in common: the administrator carries it out, the director has approved it."""

    restored_size: int
    reason: str
    approved_by: str

    def stream(self) -> Stream[Opened]:
        return LEDGER_STREAM

    def act(self, world: World) -> str:
        """Act as the administrator, and return the reason."""
        world.act(Role.SYSADMIN)
        world.approved(self.approved_by, Role.DIRECTOR, because="who restores a backup does not approve it")
        return world.reason(self.reason, length_min=REASON_LENGTH_MIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRestored(RestoreCommand):
    """Put on record that what a backup lacked was filled in again."""

    refilled_through: int

    def decide(self, world: World) -> list[Fact]:
        return [
            LedgerRestored(
                restored_size=self.restored_size,
                refilled_through=self.refilled_through,
                reason=self.act(world),
                approved_by=self.approved_by,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReopened(RestoreCommand):
    """Put on record that what a backup lacked is given up, and that the log goes on under another name."""

    origin: str
    previous_origin: str
    lost_through: int
    checkpoint: str

    def decide(self, world: World) -> list[Fact]:
        return [
            LedgerReopened(
                restored_size=self.restored_size,
                origin=self.origin,
                previous_origin=self.previous_origin,
                lost_through=self.lost_through,
                checkpoint=self.checkpoint,
                reason=self.act(world),
                approved_by=self.approved_by,
            )
        ]
