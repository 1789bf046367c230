"""Private texts: what an entry holds of them, who can still read them, and what an erasure leaves."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clock import Clock

from ledger.commands import Commands, Recorded, Request
from ledger.database import Database
from ledger.domain.commands import EraseSubject, GrantDelegation, RegisterPerson
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.commitments import is_commitment, verify_opening
from ledger.domain.facts import Event
from ledger.domain.persons import DelegationGranted, PersonRegistered, person_stream
from ledger.domain.refusals import IdempotencyConflict, MalformedInput, UnknownId
from ledger.domain.roles import Role
from ledger.domain.world import Command
from ledger.erased import hash_of
from ledger.store import Store, open_store

OPENING = OpenLedger(
    title="Test", administrator_id="admin", director_id="director", office_id="office", leading_id="leading"
)
NAME = "欧阳静文"
WHY = "Nobody but the director knows of the operation."
REGISTER = RegisterPerson(subject_id="p-7", display_name=NAME)
LEND = GrantDelegation(
    subject_id="p-7", role=Role.DIRECTOR, valid_from=date(2018, 3, 1), valid_to=date(2018, 3, 9), reason=WHY
)
ERASE = EraseSubject(subject_id="p-7", legal_basis="PIPL article 47", approved_by="director")


class Office:
    """A ledger that has begun, and commands in the names of its officers."""

    def __init__(self, store: Store):
        self.store = store
        self.commands = Commands(store)

    def execute(self, command: Command, by: str = "admin", command_id: UUID | None = None) -> Recorded:
        return self.commands.execute(Request(command=command, command_id=command_id or uuid4(), person_id=by))

    def event(self, position: int) -> Event:
        found = self.store.event(position)
        assert found is not None
        return found

    def name(self) -> str | None:
        """What the person is called, as a reader of the ledger gets it."""
        return self.store.private.text(self.store.load(person_stream("p-7"))[1].display_name, "p-7")


@contextmanager
def opened(database: Database, clock: Clock, data_dir: Path | None) -> Generator[Office]:
    with open_store(database, clock=clock, data_dir=data_dir) as store:
        office = Office(store)
        if store.head == 0:
            office.execute(OPENING, "founder")
        yield office


@pytest.fixture
def office(database: Database, clock: Clock, tmp_path: Path) -> Generator[Office]:
    with opened(database, clock, tmp_path) as office:
        yield office


def test_an_entry_holds_a_commitment_and_readers_get_the_text(office: Office) -> None:
    recorded = office.execute(REGISTER)

    assert recorded.events == (office.event(recorded.position),)
    fact = recorded.events[0].fact
    assert isinstance(fact, PersonRegistered)
    assert is_commitment(fact.display_name)
    assert NAME.encode() not in b"".join(office.store.entries())
    assert office.store.private.texts(fact) == [("display_name", NAME)]
    assert office.name() == NAME


def test_one_field_is_opened_and_anybody_can_check_it(office: Office) -> None:
    position = office.execute(REGISTER).position

    opening = office.store.private.opening(office.event(position), "display_name")

    entry = next(office.store.entries(after=position - 1))
    assert (opening.value, opening.position, opening.field) == (NAME, position, "display_name")
    verify_opening(entry, opening.field, opening.salt, opening.value)
    with pytest.raises(UnknownId):
        office.store.private.opening(office.event(position), "subject_id")


def test_equal_texts_have_nothing_in_common(office: Office) -> None:
    first = office.execute(REGISTER).events[0].fact
    second = office.execute(replace(REGISTER, subject_id="p-8")).events[0].fact

    assert isinstance(first, PersonRegistered)
    assert isinstance(second, PersonRegistered)
    assert first.display_name != second.display_name


def test_a_text_that_looks_like_a_commitment_is_a_text(office: Office) -> None:
    """Else whoever may write a text could have somebody else's read to them."""
    other = office.execute(REGISTER).events[0].fact
    assert isinstance(other, PersonRegistered)

    copied = office.execute(RegisterPerson(subject_id="p-8", display_name=other.display_name)).events[0].fact

    assert office.store.private.texts(copied) == [("display_name", other.display_name)]


def test_what_was_erased_is_read_by_nobody_and_the_entries_stay(office: Office, tmp_path: Path) -> None:
    position = office.execute(REGISTER).position
    office.execute(replace(REGISTER, subject_id="p-8", display_name="Li"))
    before = list(office.store.entries())

    office.execute(ERASE)

    assert list(office.store.entries(through=len(before))) == before
    assert office.name() is None
    with pytest.raises(UnknownId):
        office.store.private.opening(office.event(position), "display_name")
    assert office.store.private.text(office.store.load(person_stream("p-8"))[1].display_name, "p-8") == "Li"


def test_a_text_about_two_persons_goes_with_the_first_of_them_to_be_erased(office: Office) -> None:
    office.execute(REGISTER)
    position = office.execute(LEND, "director").position
    fact = office.event(position).fact
    assert isinstance(fact, DelegationGranted)
    assert office.store.private.texts(fact) == [("reason", WHY)]

    office.execute(ERASE)

    assert office.store.private.texts(fact) == [("reason", None)]


def test_what_is_recorded_about_somebody_erased_is_never_readable(office: Office) -> None:
    office.execute(REGISTER)
    office.execute(ERASE)

    recorded = office.execute(LEND, "director")

    assert office.store.private.texts(recorded.events[0].fact) == [("reason", None)]


def test_a_repeated_command_is_known_by_its_private_text_too(office: Office) -> None:
    command_id = uuid4()
    recorded = office.execute(REGISTER, command_id=command_id)

    assert office.execute(REGISTER, command_id=command_id) == recorded
    with pytest.raises(IdempotencyConflict):
        office.execute(replace(REGISTER, display_name="Li"), command_id=command_id)


def test_after_an_erasure_no_guess_at_a_text_can_be_confirmed_by_repeating_its_command(office: Office) -> None:
    command_id = uuid4()
    office.execute(REGISTER, command_id=command_id)
    office.execute(ERASE)

    with pytest.raises(IdempotencyConflict):
        office.execute(REGISTER, command_id=command_id)


def test_text_without_canonical_form_is_refused_and_nothing_is_kept(office: Office, tmp_path: Path) -> None:
    head = office.store.head

    with pytest.raises(MalformedInput):
        office.execute(replace(REGISTER, display_name="e\u0301"))

    assert office.store.head == head


@pytest.mark.parametrize("kept", ["the ledger", "the list"])
def test_an_older_copy_of_the_private_texts_is_erased_again(
    database: Database, clock: Clock, tmp_path: Path, kept: str
) -> None:
    """By the ledger alone, or by the list alone where the ledger was put back too."""
    with opened(database, clock, tmp_path) as office:
        office.execute(REGISTER)
    shutil.copytree(tmp_path / "private", tmp_path / "backup")
    with opened(database, clock, tmp_path) as office:
        office.execute(ERASE)
        erasure = office.store.head
    shutil.rmtree(tmp_path / "private")
    shutil.copytree(tmp_path / "backup", tmp_path / "private")
    if kept == "the ledger":
        (tmp_path / "erased-1").unlink()
    else:
        _cut(database, erasure)

    with opened(database, clock, tmp_path) as office:
        assert office.name() is None
    gone = hash_of("p-7").encode()
    assert gone in (tmp_path / "backup" / "1.sqlite").read_bytes()
    assert gone not in (tmp_path / "private" / "1.sqlite").read_bytes()
    assert gone in (tmp_path / "erased-1").read_bytes()


def _cut(database: Database, position: int) -> None:
    """The ledger as an older backup has it, without the events from a position on."""
    with database.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER USER")
        connection.execute("DELETE FROM ledger.event WHERE position >= %s", (position,))


def test_an_erasure_by_another_process_holds_at_once(
    database: Database, clock: Clock, office: Office, tmp_path: Path
) -> None:
    office.execute(REGISTER)

    with opened(database, clock, tmp_path) as other:
        other.execute(ERASE)

    assert office.name() is None


def test_a_line_of_the_list_cut_short_loses_no_other(office: Office, tmp_path: Path) -> None:
    office.execute(REGISTER)
    (tmp_path / "erased-1").write_text("\nabc")

    office.execute(ERASE)

    assert office.store.private.erased_count == 1


def test_without_a_data_directory_texts_last_as_long_as_the_store(database: Database, clock: Clock) -> None:
    with opened(database, clock, None) as office:
        office.execute(REGISTER)
        assert office.name() == NAME

    with opened(database, clock, None) as office:
        assert office.name() is None
