"""Reads of the log: the last checkpoint, and proofs."""

from __future__ import annotations

from ledger.api.context import Context
from ledger.api.proofs import Checkpoint, InclusionProof, shown_hash
from ledger.proof.checkpoint import parse_checkpoint
from ledger.proof.note import parse_note


def checkpoint(context: Context) -> Checkpoint | None:
    """The checkpoint that was signed last, None while nothing is signed.

    Its signatures are not looked at: they are for those who do not believe this service.
    """
    try:
        note = parse_note((context.service.settings.signer_dir / "checkpoint").read_bytes())
    except FileNotFoundError:
        return None
    return Checkpoint.of(parse_checkpoint(note.text), note)


def inclusion(context: Context, position: int, size: int | None) -> InclusionProof:
    """The proof of an entry that the viewer may see. Raises UnknownId if there is none at that size.

    Without a size it is the last checkpoint's, or the log's own while the entry is not signed for.
    """
    signed = checkpoint(context)
    if size is None:
        size = signed.size if signed is not None and position <= signed.size else context.service.log.size
    return InclusionProof.of(context.service.log.inclusion(position, size), signed)


def consistency(context: Context, size1: int, size2: int) -> list[str]:
    """The path from one size of the log to a later one. Raises UnknownId if there are not both."""
    return [shown_hash(each) for each in context.service.log.consistency(size1, size2)]
