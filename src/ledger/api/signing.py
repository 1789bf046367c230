"""What clients see of the signer: how far it vouches for the ledger, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import strawberry

from ledger.api.context import Context
from ledger.api.derived import enums
from ledger.api.glossary import describe_value, summary
from ledger.api.scalars import Position
from ledger.proof.finding import Finding, FindingKind
from ledger.proof.published import SigningState, published, published_keys

enums(SigningState)
# An inspection has findings too, and its own kinds of them.
strawberry.enum(FindingKind, name="SigningFindingKind", description=summary(FindingKind))
for _value in cast(Any, FindingKind).__strawberry_definition__.values:
    _value.description = describe_value(FindingKind, _value.name)


@strawberry.type(description="What a signer found wrong with the history it was shown, or with itself.")
class SigningFinding:
    kind: FindingKind = strawberry.field(description="What kind of wrong it is.")
    sentence: str = strawberry.field(description="What was found.")
    first_bad: Position | None = strawberry.field(
        description="The first position that is not as it was; null where no position is at fault."
    )
    last_good: Position = strawberry.field(description="Up to this position the history is known to be sound.")

    @classmethod
    def of(cls, finding: Finding) -> SigningFinding:
        """A finding as clients see it."""
        first_bad = None if finding.first_bad is None else Position(finding.first_bad)
        return cls(
            kind=finding.kind, sentence=finding.sentence, first_bad=first_bad, last_good=Position(finding.last_good)
        )


@strawberry.type(description="How far the ledger is vouched for by its signer, outside the database.")
class Signing:
    state: SigningState = strawberry.field(description="Whether everything is signed.")
    size: Position = strawberry.field(description="How many entries the last checkpoint covers.")
    verifier_keys: list[str] = strawberry.field(description="The keys that sign now, as C2SP vkeys, the oldest first.")
    finding: SigningFinding | None = strawberry.field(description="Why nothing more is signed; null while all is well.")
    unwitnessed_since: datetime | None = strawberry.field(
        description="Since when too few witnesses have seen what was signed; null if enough have."
    )


def signing(context: Context) -> Signing:
    """What the signer has published at this moment."""
    directory = context.service.settings.signer_dir
    found = published(directory, context.service.store.head)
    since = found.unwitnessed_since
    return Signing(
        state=found.state,
        size=Position(found.size),
        verifier_keys=[str(key) for key in published_keys(directory)],
        finding=SigningFinding.of(found.finding) if found.finding else None,
        unwitnessed_since=datetime.fromtimestamp(since, UTC) if since is not None else None,
    )
