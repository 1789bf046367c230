"""An older backup is put back: nothing is recorded until what was lost is filled in again, or given up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hashing import check_log
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from tabled import Ran, Run

from ledger.cli import Exit, main
from ledger.cli.opening import opened_store
from ledger.commands import Commands, Request
from ledger.database import Database
from ledger.domain.commands import EraseSubject, RegisterPerson, RegisterUnit
from ledger.domain.commands.founding import FOUNDER, OpenLedger
from ledger.domain.facts import Fact
from ledger.domain.opening import LedgerReadOnly, LedgerReopened, LedgerRestored
from ledger.domain.persons import ERASURES, person_stream
from ledger.domain.refusals import IdempotencyConflict
from ledger.domain.units import UnitCategory
from ledger.domain.world import Command
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.note import SignatureKind, SigningKey
from ledger.proof.published import SigningState, published, write_finding
from ledger.proof.restoring import Approval, refill
from ledger.proof.running import sign_once
from ledger.settings import Settings

ORIGIN = "city.example/scores/1"
WHY = ("--reason", "The disk of the database server broke.", "--approved-by", "director")
DAY = date(2018, 1, 1)
_names = count(1)
_ROWS = (
    "SELECT position, recorded_at, stream, version, type, command_id, person_id, on_behalf_of, cycle_id, group_id,"
    " unit_id, indicator_id, period, subject_id, requested_by, approved_by, request_position, reason_code, baseline,"
    " value, cites, entry FROM ledger.event ORDER BY position"
)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(tmp_path / "data", database_url=database.conninfo, origin=ORIGIN)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LEDGER_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("LEDGER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LEDGER_ORIGIN", ORIGIN)

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


class Office:
    """A ledger with its signer, of which backups are made and put back."""

    def __init__(self, database: Database, server: str, settings: Settings):
        self.database = database
        self.settings = settings
        self._server = server
        self._backups: list[str] = []
        self.tell(OpenLedger(leading_id="leading"), by=FOUNDER)
        self.register(300)

    def tell(self, *commands: Command, by: str = "administrator") -> None:
        """Record what commands lead to."""
        with opened_store(self.settings) as store:
            for command in commands:
                Commands(store).execute(Request(command=command, command_id=uuid4(), person_id=by))

    def register(self, units: int) -> None:
        """Record some more, and sign it."""
        numbers = [f"U{next(_names)}" for _ in range(units)]
        with opened_store(self.settings) as store:
            found = Commands(store).execute_many(
                [
                    Request(
                        command=RegisterUnit(
                            unit_id=number, name_zh=number, category=UnitCategory.DEPARTMENT, effective_on=DAY
                        ),
                        command_id=uuid4(),
                        person_id="assessment-office",
                    )
                    for number in numbers
                ]
            )
            assert not [refused for refused in found if isinstance(refused, Exception)]
        self.sign()

    def sign(self) -> None:
        """Let the signer look at everything."""
        sign_once(self.database, self.settings, audit=True)

    def entries(self) -> list[bytes]:
        """Every stored entry."""
        with opened_store(self.settings) as store:
            return list(store.entries())

    def rows(self) -> list[tuple[Any, ...]]:
        """Every stored event but for the digests of commands, which no entry holds."""
        with self.database.connect() as connection:
            return connection.execute(_ROWS).fetchall()

    def last_fact(self) -> Fact:
        """What was recorded last."""
        with opened_store(self.settings) as store:
            event = store.event(store.head)
            assert event is not None
            return event.fact

    def back_up(self) -> None:
        """Copy the database as it is."""
        self._backups.append(f"backup_{os.getpid()}_{next(_names)}")
        self._copy(self._name, self._backups[-1])

    def put_back(self) -> None:
        """Put the last backup in the database's place."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._name)))
        self._copy(self._backups[-1], self._name)

    def forget(self) -> None:
        """Take the backups away."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            for name in self._backups:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _name(self) -> str:
        return str(conninfo_to_dict(self.database.conninfo)["dbname"])

    def _copy(self, source: str, target: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source))
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture
def office(database: Database, server: str, settings: Settings) -> Iterator[Office]:
    office = Office(database, server, settings)
    yield office
    office.forget()


@pytest.fixture
def put_back(office: Office) -> Office:
    """A ledger that lost 50 signed entries to an older backup."""
    office.back_up()
    office.register(50)
    office.put_back()
    return office


# ---- read-only


def test_nothing_is_recorded_on_an_older_backup(put_back: Office):
    """Not even before a signer has looked."""
    before = put_back.entries()
    for looked in (False, True):
        if looked:
            with pytest.raises(SigningRefused) as refused:
                put_back.sign()
            assert refused.value.finding.kind is FindingKind.ROLLBACK
        with pytest.raises(LedgerReadOnly):
            put_back.tell(RegisterPerson(subject_id="new", display_name="New"))

    assert put_back.entries() == before


def test_a_running_service_is_read_only_as_soon_as_the_signer_has_looked(office: Office, settings: Settings):
    with opened_store(settings) as store:
        assert store.barred() is None
        write_finding(settings.signer_dir, Finding(FindingKind.ROLLBACK, "Less is there.", 10, last_good=9))

        refused = store.barred()

        assert isinstance(refused, LedgerReadOnly)
        assert refused.facts == {"first_lost": 10}
        write_finding(settings.signer_dir, None)
        assert store.barred() is None


def test_other_findings_do_not_stop_the_service(office: Office, settings: Settings):
    write_finding(settings.signer_dir, Finding(FindingKind.REWRITE, "Something is changed.", 10, last_good=9))

    office.tell(RegisterPerson(subject_id="new", display_name="New"))


# ---- filled in again


@pytest.mark.parametrize("kind", ["export", "bundle"])
def test_what_is_lost_is_filled_in_byte_for_byte(office: Office, kind: str, run: Run, tmp_path: Path):
    office.back_up()
    office.register(50)
    source = tmp_path / "kept"
    assert run("export", *(["--bundle"] if kind == "bundle" else []), source).code == 0
    rows, size = office.rows(), len(office.entries())
    office.put_back()

    ran = run("restore", "--from", source, *WHY)

    assert (ran.code, ran.err) == (0, "")
    assert office.rows()[:size] == rows
    check_log(office.database)
    assert office.last_fact() == LedgerRestored(
        restored_size=size - 50,
        refilled_through=size,
        reason="The disk of the database server broke.",
        approved_by="director",
    )
    signing = published(office.settings.signer_dir, size + 1)
    assert (signing.state, signing.finding) == (SigningState.SIGNED, None)
    office.register(1)


def test_a_command_that_is_sent_again_is_not_recorded_twice(office: Office, run: Run, tmp_path: Path):
    command_id = uuid4()
    command = RegisterPerson(subject_id="new", display_name="New")
    request = Request(command=command, command_id=command_id, person_id="administrator")
    office.back_up()
    with opened_store(office.settings) as store:
        Commands(store).execute(request)
    office.sign()
    assert run("export", tmp_path / "kept").code == 0
    office.put_back()
    assert run("restore", "--from", tmp_path / "kept", *WHY).code == 0

    with opened_store(office.settings) as store, pytest.raises(IdempotencyConflict):
        Commands(store).execute(request)


def test_an_interrupted_restore_is_finished_by_another(office: Office, run: Run, tmp_path: Path):
    office.back_up()
    for _ in range(5):
        office.register(10)
    assert run("export", tmp_path / "kept").code == 0
    size = len(office.entries())
    office.put_back()

    def interrupt(done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    approval = Approval(lambda store: "administrator", "director", WHY[1])
    with pytest.raises(KeyboardInterrupt):
        refill(office.database, office.settings, tmp_path / "kept", approval, progress=interrupt)
    assert size - 50 < len(office.entries()) < size
    with pytest.raises(LedgerReadOnly):
        office.tell(RegisterPerson(subject_id="new", display_name="New"))

    assert run("restore", "--from", tmp_path / "kept", *WHY).code == 0
    assert isinstance(fact := office.last_fact(), LedgerRestored)
    assert (fact.restored_size, fact.refilled_through) == (size - 50, size)


def test_only_what_was_signed_is_filled_in(put_back: Office, run: Run, tmp_path: Path):
    before = put_back.entries()
    short, forged = tmp_path / "short", tmp_path / "forged"
    short.write_bytes(b"".join(entry + b"\n" for entry in before))
    forged.write_bytes(b"".join(entry + b"\n" for entry in [*before, *before[-50:]]))

    for source, said in ((short, "ends at position"), (forged, "is not what was signed there")):
        ran = run("restore", "--from", source, *WHY)
        assert (ran.code, said in ran.err) == (Exit.REFUSED, True)

    assert put_back.entries() == before


def test_a_backup_that_was_changed_is_not_filled_in(put_back: Office, run: Run, tmp_path: Path):
    with put_back.database.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER ALL")
        connection.execute("UPDATE ledger.event SET person_id = 'mallory' WHERE position = 100")
    (tmp_path / "kept").write_bytes(b"")

    ran = run("restore", "--from", tmp_path / "kept", *WHY)

    assert (ran.code, "REWRITE at position 100" in ran.err) == (Exit.DAMAGED, True)


def test_restoring_takes_two_persons_and_a_loss(office: Office, run: Run, tmp_path: Path):
    assert run("export", tmp_path / "kept").code == 0
    assert "Nothing is missing" in run("restore", "--from", tmp_path / "kept", *WHY).err

    office.back_up()
    office.register(5)
    assert run("export", tmp_path / "later").code == 0
    office.put_back()
    alone = ("--reason", WHY[1], "--approved-by", "administrator")
    assert run("restore", "--from", tmp_path / "later", *alone).code == Exit.REFUSED
    assert run("restore", "--from", tmp_path / "later", *WHY).code == 0


def test_who_was_erased_after_the_backup_stays_erased(office: Office, run: Run, tmp_path: Path):
    office.tell(RegisterPerson(subject_id="p-7", display_name="Quisquiliae"))
    office.sign()
    office.back_up()
    private = office.settings.data_dir / "private"
    shutil.copytree(private, tmp_path / "private")
    office.tell(EraseSubject(subject_id="p-7", legal_basis="PIPL article 47", approved_by="director"))
    office.sign()
    assert run("export", tmp_path / "kept").code == 0
    office.put_back()
    shutil.rmtree(private)
    shutil.copytree(tmp_path / "private", private)
    # The list of the erased is gone as well: the ledger itself has to tell.
    for listed in office.settings.data_dir.glob("erased-*"):
        listed.unlink()

    assert run("restore", "--from", tmp_path / "kept", *WHY).code == 0

    with opened_store(office.settings) as store:
        assert store.load(ERASURES)[1].subject_ids == {"p-7"}
        event = next(event for event in store.events_of(person_stream("p-7").name))
        assert store.private.texts(event.fact) == [("display_name", None)]


# ---- given up


def test_what_is_lost_is_given_up_under_another_name(put_back: Office, run: Run, tmp_path: Path):
    settings, size = put_back.settings, len(put_back.entries())
    before = published(settings.signer_dir, 0)

    alone = ("--reason", WHY[1], "--approved-by", "administrator")
    assert run("restore", "--new-incarnation", "--lost", 50, *alone).code == Exit.REFUSED
    assert run("restore", "--new-incarnation", "--lost", 49, *WHY).code == Exit.REFUSED
    assert len(put_back.entries()) == size
    ran = run("restore", "--new-incarnation", "--lost", 50, *WHY)

    assert (ran.code, "city.example/scores/2" in ran.out) == (0, True)
    assert put_back.last_fact() == LedgerReopened(
        restored_size=size,
        origin="city.example/scores/2",
        previous_origin=ORIGIN,
        lost_through=size + 50,
        checkpoint=before.note or "",
        reason="The disk of the database server broke.",
        approved_by="director",
    )
    signing = published(settings.signer_dir, size + 1)
    assert (signing.state, signing.finding) == (SigningState.SIGNED, None)
    assert (signing.note or "").startswith("city.example/scores/2\n")
    closed = settings.signer_dir.with_name("signer-closed-1")
    assert (closed / "checkpoint").read_text() == before.note
    put_back.register(1)
    assert run("export", "--bundle", tmp_path / "bundle").code == 0
    assert run("verify", tmp_path / "bundle").code == 0


def test_the_witnesses_stay_those_of_the_policy(put_back: Office, run: Run):
    witness = SigningKey.generate("archive.example/witness", SignatureKind.COSIGNATURE).verifier
    policy = put_back.settings.signer_dir / "policy"
    policy.write_text(policy.read_text().replace("quorum none", f"witness archive {witness}\nquorum archive"))

    assert run("restore", "--new-incarnation", "--lost", 50, *WHY).code == 0

    text = policy.read_text()
    assert f"witness archive {witness}\nquorum archive\n" in text
    assert text.count("\nlog city.example/scores/2+") == 1
    assert ORIGIN not in text


def test_the_surviving_entries_keep_their_places(put_back: Office, run: Run):
    before = put_back.entries()

    assert run("restore", "--new-incarnation", "--lost", 50, *WHY).code == 0

    assert put_back.entries()[: len(before)] == before
    check_log(put_back.database)
