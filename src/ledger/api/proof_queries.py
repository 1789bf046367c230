"""Questions about the log: what was signed, and proofs to hold against it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from ledger.api.arguments import AskInfo
from ledger.api.proofs import Checkpoint, InclusionProof, TreeSize
from ledger.api.reads import events, proofs
from ledger.api.scalars import Position


@strawberry.type(description="Questions about the log.")
class ProofQueries:
    @strawberry.field(description="The checkpoint that was signed last; null while nothing is signed.")
    async def checkpoint(self, info: AskInfo) -> Checkpoint | None:
        return await info.context.ask(info, proofs.checkpoint, info.context)

    @strawberry.field(description="The proof that an event is in the log; null if it is not yours to see.")
    async def inclusion_proof(
        self,
        info: AskInfo,
        position: Annotated[Position, strawberry.argument(description="The event.")],
        size: TreeSize = None,
    ) -> InclusionProof | None:
        context = info.context

        def seen() -> InclusionProof | None:
            return proofs.inclusion(context, position, size) if events.event(context, position) else None

        return await context.ask(info, seen)

    @strawberry.field(
        description="The hashes that prove the log of one size to be the beginning of that of another, in base64."
    )
    async def consistency_proof(
        self,
        info: AskInfo,
        earlier: Annotated[Position, strawberry.argument(name="from", description="The earlier size, from 1.")],
        later: Annotated[Position, strawberry.argument(name="to", description="The later size.")],
    ) -> list[str]:
        return await info.context.ask(info, proofs.consistency, info.context, earlier, later)
