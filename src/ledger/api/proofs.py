"""What clients see of the log: checkpoints and proofs, in base64 as other people's verifiers read them."""

from __future__ import annotations

import base64
from typing import Annotated

import strawberry

from ledger.api.scalars import Position
from ledger.proof.checkpoint import Checkpoint as SignedHead
from ledger.proof.log import Inclusion
from ledger.proof.note import Note

TreeSize = Annotated[
    Position | None,
    strawberry.argument(
        description="In the tree of this size; if left out in the last checkpoint's, or the log's if that is too small."
    ),
]


def shown_hash(data: bytes) -> str:
    """A hash, or other bytes, as clients see them."""
    return base64.b64encode(data).decode()


@strawberry.type(description="The head of the log's tree, signed outside the database: what proofs are held against.")
class Checkpoint:
    origin: str = strawberry.field(description="Which log it is.")
    size: Position = strawberry.field(description="How many entries the tree has: all positions up to this one.")
    root: str = strawberry.field(description="The root hash of the tree, in base64.")
    note: str = strawberry.field(description="The signed note with all its signatures, to be kept (C2SP signed-note).")

    @classmethod
    def of(cls, head: SignedHead, note: Note) -> Checkpoint:
        """A checkpoint, and the note that bears its signatures."""
        return cls(origin=head.origin, size=Position(head.size), root=shown_hash(head.root), note=str(note))


@strawberry.type(description="What proves, to whoever holds a checkpoint, that an entry is in the log.")
class InclusionProof:
    position: Position = strawberry.field(description="The entry's position; its index in the tree is one less.")
    size: Position = strawberry.field(description="The size of the tree that the path is in.")
    root: str = strawberry.field(description="The root hash that the path leads to, as the database has it, in base64.")
    leaf_hash: str = strawberry.field(description="The entry's leaf hash (RFC 6962), in base64.")
    entry: str = strawberry.field(description="The bytes of the entry as they are stored, in base64.")
    path: list[str] = strawberry.field(description="The hashes from the leaf's sibling up to the root, in base64.")
    tlog_proof: str | None = strawberry.field(
        description="All of it as one file for other people's verifiers (C2SP tlog-proof);"
        " null unless the last checkpoint is of this size."
    )

    @classmethod
    def of(cls, found: Inclusion, checkpoint: Checkpoint | None) -> InclusionProof:
        """A proof, with the last checkpoint if there is one."""
        signed = checkpoint is not None and checkpoint.size == found.size
        return cls(
            position=Position(found.position),
            size=Position(found.size),
            root=shown_hash(found.root),
            leaf_hash=shown_hash(found.leaf),
            entry=shown_hash(found.entry),
            path=[shown_hash(each) for each in found.path],
            tlog_proof=found.tlog_proof(checkpoint.note) if checkpoint is not None and signed else None,
        )
