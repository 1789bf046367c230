"""The question whether the log is still what was signed, and the answer that says what it rests on."""

from __future__ import annotations

from typing import Annotated

import strawberry

from ledger.api.arguments import AskInfo
from ledger.api.context import Context
from ledger.api.derived import enums
from ledger.api.scalars import Position
from ledger.proof import verdict as proof
from ledger.proof.finding import FindingKind
from ledger.proof.verdict import VerdictMode, verdict_on

enums(VerdictMode)


@strawberry.type(description="What is wrong first.")
class FirstBad:
    kind: FindingKind = strawberry.field(description="What kind of thing it is.")
    position: Position | None = strawberry.field(
        description="The first position that is not as it was; null where none can be named."
    )
    sentence: str = strawberry.field(description="The same for people.")


@strawberry.type(description="Between which positions something is wrong.")
class Bracket:
    after: Position = strawberry.field(description="Everything up to this position is as it was signed.")
    through: Position = strawberry.field(description="The last position that was signed.")


@strawberry.type(
    description="What was checked of the log, what was not, and what was found. It is this service's own answer:"
    " whoever does not believe it verifies a bundle offline."
)
class Verdict:
    mode: VerdictMode = strawberry.field(description="On whose word it rests.")
    size: Position = strawberry.field(description="How many entries the last checkpoint covers.")
    checked: list[str] = strawberry.field(description="What was checked.")
    not_checked: list[str] = strawberry.field(description="What was not checked, which is no less important.")
    last_good: Position = strawberry.field(description="Everything up to this position is as it was signed.")
    first_bad: FirstBad | None = strawberry.field(description="What is wrong first; null if nothing was found.")
    bracket: Bracket | None = strawberry.field(description="Where to look for it; null if nothing was found.")

    @classmethod
    def of(cls, found: proof.Verdict) -> Verdict:
        """A verdict as clients see it."""
        bad = found.finding
        return cls(
            mode=found.mode,
            size=Position(found.size),
            checked=list(found.checked),
            not_checked=list(found.not_checked),
            last_good=Position(found.last_good),
            first_bad=None
            if bad is None
            else FirstBad(
                kind=bad.kind,
                position=None if bad.first_bad is None else Position(bad.first_bad),
                sentence=bad.sentence,
            ),
            bracket=None
            if bad is None
            else Bracket(after=Position(found.last_good), through=Position(max(found.size, found.last_good))),
        )


@strawberry.type(description="Questions about the log's soundness.")
class VerdictQueries:
    @strawberry.field(description="Whether the log is still what was signed, and what that answer rests on.")
    async def verify(
        self,
        info: AskInfo,
        trusted: Annotated[
            str | None,
            strawberry.argument(description="A checkpoint that you kept, as a signed note, which has to be continued."),
        ] = None,
    ) -> Verdict:
        return await info.context.ask(info, _verdict, info.context, trusted)


def _verdict(context: Context, trusted: str | None) -> Verdict:
    return Verdict.of(verdict_on(context.service.settings.signer_dir, context.service.log, trusted))
