"""`ledger export --bundle`, `verify` and `stamp`: what inspectors take with them, and how they check it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.types import ExistingDirectory, ExistingFile

from ledger.cli import Exit
from ledger.cli.errors import Usage
from ledger.cli.opening import opened_store, settings_here
from ledger.cli.output import progress_bar, say
from ledger.domain.commitments import PREFIX, Opening, private_texts
from ledger.domain.periods import local_day
from ledger.domain.persons import person_stream
from ledger.domain.refusals import UnknownId
from ledger.domain.visibility import visibility_of
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.entries import decode
from ledger.openings import open_text
from ledger.store import Store


def write_bundle(directory: Path, by: str | None) -> None:
    """Write the ledger as far as it is signed, with the openings that a person may see if one is named."""
    from ledger.api.access_log import log_read
    from ledger.proof.bundle import bundle
    from ledger.proof.published import published

    settings = settings_here()
    with opened_store(settings) as store, progress_bar("export", "events") as bar:
        size = bundle(
            directory,
            settings.signer_dir,
            lambda through: store.entries(through=through),
            openings=None if by is None else openings_for(store, by),
            progress=bar,
        )
        shown = published(settings.signer_dir, store.head)
    if by is not None:
        log_read(settings, person_id=by, field="openings", arguments={"bundle": str(directory), "size": size})
    print(f"{size} entries, as they were signed, are in {directory}.")
    if shown.finding is not None:
        say(f"The signer refuses to sign more: {shown.finding}")


def openings_for(store: Store, person_id: str) -> Iterator[Opening]:
    """Yield every text about persons that the person may see and that was not erased. Raises ForbiddenRole."""
    today = local_day(store.now(), CIVIL_TIMEZONE)
    visibility = visibility_of(person_id, store.load(person_stream(person_id))[1], today)
    for entry in store.entries():
        if PREFIX.encode() not in entry:
            continue
        event = decode(entry)
        for private in private_texts(event.fact):
            try:
                yield open_text(store, visibility, event.position, private.field)
            except UnknownId:
                # Erased, or not for this person to see.
                continue


def verify(
    directory: ExistingDirectory,
    /,
    *,
    policy: Annotated[ExistingFile | None, Parameter(help="Whose signatures count; else the bundle's word.")] = None,
    trusted: Annotated[ExistingFile | None, Parameter(help="A checkpoint that you kept, to be continued.")] = None,
    tsa_ca: Annotated[ExistingFile | None, Parameter(help="The certificate that time stamps lead to.")] = None,
    output: Annotated[
        Literal["table", "json"], Parameter(name=["--output", "-o"], help="How to print: table or json.")
    ] = "table",
) -> int:
    """Verify a bundle: signatures, every entry, the tree, its order, and the rules of procedure.

    The same as the verify.py that lies in each bundle and needs nothing of this program.
    """
    from ledger.proof.offline.asking import as_json, shown
    from ledger.proof.offline.verifying import Verification

    verdict = Verification(directory, policy=policy, trusted=trusted, authority=tsa_ca).run()
    sys.stdout.write((as_json(verdict) if output == "json" else shown(verdict)) + "\n")
    return Exit.DAMAGED if verdict.findings else Exit.OK


def stamp(*, tsa: Annotated[str | None, Parameter(help="The authority; LEDGER_TSA_URL if not given.")] = None) -> None:
    """Have an outside authority say when the last checkpoint was there (RFC 3161); its answer goes into bundles.

    Put the authority's certificate beside the answers, as `tsa/ca.pem` in the signer's directory.
    """
    from ledger.proof.stamping import stamp_last

    settings = settings_here()
    url = tsa or settings.tsa_url
    if url is None:
        raise Usage("Name an authority with --tsa or LEDGER_TSA_URL.")
    print(stamp_last(settings.signer_dir, url))


__all__ = ["stamp", "verify", "write_bundle"]
