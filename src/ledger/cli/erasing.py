"""`ledger erase` and `ledger open`: texts about persons, made unreadable for good or shown to whoever may ask."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from cyclopts import Parameter

from ledger.cli.errors import Usage
from ledger.cli.opening import opened_store, settings_here
from ledger.cli.output import Output, print_records, record_of, say
from ledger.commands import Commands, Request
from ledger.domain.commands import EraseSubject
from ledger.domain.facts import Channel
from ledger.domain.periods import local_day
from ledger.domain.persons import person_stream
from ledger.domain.visibility import visibility_of
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.importing.founding import find_officers
from ledger.openings import open_text

OPENING_COLUMNS = ("position", "field", "value", "salt", "commitment")


def erase(
    subject: str | None = None,
    /,
    *,
    approved_by: str | None = None,
    legal_basis: str | None = None,
    by: str | None = None,
    replay: bool = False,
) -> None:
    """Make a person's name and the texts about them unreadable for good; the entries and every proof stay.

    Parameters
    ----------
    subject
        The id of the person.
    approved_by
        The director who decided it.
    legal_basis
        The provision that asks for it, in words that do not tell about the person.
    by
        The system administrator who carries it out; the first one appointed, if not given.
    replay
        Erase again whoever was erased before; for after an older backup of the private texts was put back.
    """
    settings = settings_here()
    if replay:
        if subject is not None:
            raise Usage("--replay erases everybody who was erased before; leave out the person.")
        # Opening a store replays what the ledger and the list of the erased say.
        with opened_store(settings) as store:
            print(f"{store.private.erased_count} erased persons stay erased.")
        return
    if subject is None or approved_by is None or legal_basis is None:
        raise Usage("Name the person, --approved-by and --legal-basis.")
    with opened_store(settings) as store:
        command = EraseSubject(subject_id=subject, legal_basis=legal_basis, approved_by=approved_by)
        executed_by = by or find_officers(store).administrator
        request = Request(command=command, command_id=uuid4(), person_id=executed_by, channel=Channel.SYSTEM)
        recorded = Commands(store).execute(request)
    print(f"{subject} is erased, at position {recorded.position}.")
    say(f"Destroy older copies of {settings.data_dir / 'private'} as well.")


def open_(
    *,
    position: Annotated[int, Parameter(help="The event.")],
    field: Annotated[str, Parameter(help="The field of the event, as it is spelled in the entry.")],
    by: Annotated[str, Parameter(help="The person who asks: an inspector, or somebody who may see the registry.")],
    output: Output = "table",
) -> None:
    """Print the text behind one commitment with the salt that proves it; that it was asked for is written down."""
    from ledger.api.access_log import log_read

    settings = settings_here()
    with opened_store(settings) as store:
        today = local_day(store.now(), CIVIL_TIMEZONE)
        visibility = visibility_of(by, store.load(person_stream(by))[1], today)
        opening = open_text(store, visibility, position, field)
    log_read(settings, person_id=by, field="opening", arguments={"position": position, "field": field})
    print_records([record_of(opening)], OPENING_COLUMNS, output)


__all__ = ["erase", "open_"]
