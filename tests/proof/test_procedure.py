"""The rules of procedure, held against entries that somebody has added and signed who was not allowed to."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from bundling import Said, altered, bundled, entries_of_events, first_bad, signed, verified
from city import City, enter, found_city, verify, withdraw
from served import told

from ledger.domain.commitments import commitment
from ledger.proof.offline import following
from ledger.proof.stamping import NotStamped, stamp_last

Change = Callable[[Said], object]


@pytest.fixture
def corrected(city: City) -> list[bytes]:
    """A score that is entered, verified and corrected."""
    city.corrected()
    return entries_of_events(city.memory.events)


@pytest.fixture
def city() -> City:
    return found_city()


def judged(tmp_path: Path, entries: Sequence[bytes]) -> tuple[str, int | None] | None:
    """What the verifier finds in entries that were signed by the ledger's own key."""
    return first_bad(bundled(tmp_path / "bundle", signed(tmp_path / "signer", entries), entries))


def replaced(entries: list[bytes], kind: str, change: Change) -> tuple[list[bytes], int]:
    """The entries with the last one of a type changed, and its position."""
    index = max(at for at, entry in enumerate(entries) if json.loads(entry)["type"] == kind)
    return [*entries[:index], altered(entries[index], change), *entries[index + 1 :]], index + 1


def turned_round(entry: bytes) -> bytes:
    """The same with its data in another order, which the verifier reads the long way, member by member."""
    said = json.loads(entry)
    data = dict(reversed(said["data"].items()))
    canonical = json.dumps(said["data"], ensure_ascii=False, separators=(",", ":"))
    return entry.replace(canonical.encode(), json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


# ---- no false alarms


def test_what_the_commands_allow_keeps_to_the_rules(tmp_path: Path):
    city, _ = told()
    entries = entries_of_events(city.memory.events)

    for directory, said in ((tmp_path / "one", entries), (tmp_path / "other", [*map(turned_round, entries)])):
        verdict = verified(bundled(directory / "bundle", signed(directory / "signer", said), said))
        assert verdict.findings == []


def test_a_score_withdrawn_and_entered_again_keeps_to_the_rules(city: City, tmp_path: Path):
    entered = city.given(enter("7.4"), by="scorer")
    again = city.given(enter("7.5"), by="scorer")
    city.given(withdraw(again), by="scorer")
    assert entered < again

    assert judged(tmp_path, entries_of_events(city.memory.events)) is None


# ---- order


ORDER: dict[str, Change] = {
    "a position that is not its own": lambda said: said.update(position=3),
    "an instant before the one in front": lambda said: said.update(recorded_at="2001-01-01T00:00:00.000000Z"),
    "a version that is taken": lambda said: said.update(version=1),
    "a version that comes too early": lambda said: said.update(version=9),
}


@pytest.mark.parametrize("name", ORDER)
def test_entries_follow_one_another(corrected: list[bytes], name: str, tmp_path: Path):
    entries, position = replaced(corrected, "CorrectionRequested", ORDER[name])

    assert judged(tmp_path, entries) == ("ORDER", position)


NO_ENTRIES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "something else": ("ORDER", lambda entry: b"{}"),
    "a space": ("ORDER", lambda entry: entry.replace(b'"version":', b'"version": ')),
    "a member more": ("ORDER", lambda entry: altered(entry, lambda said: said.update(aside=1))),
    "a member less": ("ORDER", lambda entry: altered(entry, lambda said: said.pop("channel"))),
    "two actors": ("PROCEDURE", lambda entry: entry.replace(b',"position":', b',"actor":{},"position":')),
    "data that are no object": ("ORDER", lambda entry: altered(entry, lambda said: said.update(data=[]))),
    "data that are no JSON": ("PROCEDURE", lambda entry: entry.replace(b'"data":{', b'"data":{,')),
    "an escape without need": ("ORDER", lambda entry: entry.replace(b'"type":"P', b'"type":"\\u0050')),
    "an instant in another form": ("ORDER", lambda entry: entry.replace(b'Z","schema"', b'+00:00","schema"')),
    "a person who is no text": ("PROCEDURE", lambda entry: entry.replace(b'"person_id":"', b'"person_id":"\xff')),
}


@pytest.mark.parametrize("name", NO_ENTRIES)
def test_bytes_that_are_no_entry_are_found(corrected: list[bytes], name: str, tmp_path: Path):
    """A thing is said once and in one way, so that nobody reads it otherwise than the verifier."""
    kind, change = NO_ENTRIES[name]
    bad = change(corrected[5])

    assert bad != corrected[5]
    assert judged(tmp_path, [*corrected[:5], bad, *corrected[6:]]) == (kind, 6)


# ---- procedure


def cite(name: str, by: int) -> Change:
    return lambda said: said["data"].update({name: said["data"][name] + by})


def actor(person_id: str) -> Change:
    return lambda said: said["actor"].update(person_id=person_id)


def say(**data: object) -> Change:
    return lambda said: said["data"].update(data)


BROKEN: dict[str, tuple[str, Change]] = {
    "who entered verifies": ("ScoreVerified", actor("scorer")),
    "on behalf of who entered": ("ScoreVerified", lambda said: said["actor"].update(on_behalf_of="scorer")),
    "another value is verified": ("ScoreVerified", cite("verified_position", -1)),
    "who asked approves": ("ScoreCorrected", lambda said: (actor("scorer")(said), say(approved_by="scorer")(said))),
    "who verified approves": ("ScoreCorrected", actor("verifier")),
    "another value is approved": ("ScoreCorrected", say(new_value="9.9")),
    "another request is approved": ("ScoreCorrected", cite("request_position", -1)),
    "a value not in force is corrected": ("ScoreCorrected", cite("corrects_position", 1)),
    "a value not in force is asked about": ("CorrectionRequested", cite("corrects_position", 1)),
    "something later is cited": ("CorrectionRequested", say(corrects_position=999_999)),
    "who executes decides": ("RoleGranted", lambda said: say(approved_by=said["actor"]["person_id"])(said)),
    "who receives decides": ("RoleGranted", lambda said: say(approved_by=said["data"]["subject_id"])(said)),
    "the data are another object": ("CorrectionRequested", lambda said: said.update(data={"a": 1})),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found(corrected: list[bytes], name: str, tmp_path: Path):
    kind, change = BROKEN[name]
    entries, position = replaced(corrected, kind, change)

    assert judged(tmp_path / "one", entries) == ("PROCEDURE", position)
    assert judged(tmp_path / "other", [*map(turned_round, entries)]) == ("PROCEDURE", position)


def test_where_there_are_many_entries_another_process_finds_the_same(
    corrected: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    entries, position = replaced(corrected, *BROKEN["who asked approves"])
    directory = bundled(tmp_path / "bundle", signed(tmp_path / "signer", entries), entries)
    one = verified(directory)

    monkeypatch.setattr(following, "MANY", len(entries))

    assert verified(directory) == one
    assert {(found.kind, found.position) for found in one.findings} == {("PROCEDURE", position)}


@pytest.mark.parametrize("kind", ["ReportPublished", "ReportRestated"])
def test_nobody_approves_a_report_that_they_publish(kind: str, tmp_path: Path):
    city, _ = told()
    entries, position = replaced(entries_of_events(city.memory.events), kind, say(approved_by="office"))

    assert judged(tmp_path, entries) == ("PROCEDURE", position)


def test_a_superseded_value_is_not_corrected(corrected: list[bytes], tmp_path: Path):
    last = json.loads(corrected[-1])
    more = {"position": len(corrected) + 1, "version": last["version"] + 1}

    again = altered(corrected[-1], lambda said: said.update(more))

    assert last["type"] == "ScoreCorrected"
    assert judged(tmp_path, [*corrected, again]) == ("PROCEDURE", len(corrected) + 1)


def test_a_verified_value_is_not_entered_again(city: City, tmp_path: Path):
    entered = city.entered()
    city.given(verify(entered), by="verifier")
    entries = entries_of_events(city.memory.events)
    last = json.loads(entries[-1])
    more = {"position": len(entries) + 1, "version": last["version"] + 1, "recorded_at": last["recorded_at"]}
    forged = altered(entries[entered - 1], lambda said: said.update(more))

    assert judged(tmp_path, [*entries, forged]) == ("PROCEDURE", len(entries) + 1)


# ---- openings


def test_an_opening_shows_what_an_entry_commits_to_and_nothing_else(city: City, tmp_path: Path):
    salt, name = b"s" * 32, "欧阳静文"
    entries = entries_of_events(city.memory.events)
    entries, position = replaced(entries, "PersonRegistered", say(display_name=commitment(salt, "display_name", name)))
    directory = bundled(tmp_path / "bundle", signed(tmp_path / "signer", entries), entries)
    opening = {"position": position, "field": "display_name", "salt": base64.b64encode(salt).decode()}

    def judge(**said: object) -> tuple[str, int | None] | None:
        (directory / "openings.jsonl").write_text(json.dumps(opening | said, ensure_ascii=False) + "\n")
        return first_bad(directory)

    assert judge(value=name) is None
    assert judge(value="somebody else") == ("OPENING", position)
    assert judge(value=name, position=position - 1) == ("OPENING", position - 1)
    assert judge(value=name, position=10_000) == ("OPENING", 10_000)
    assert judge(value=name, salt="AAAA") == ("OPENING", position)
    (directory / "openings.jsonl").write_text("no JSON\n")
    assert first_bad(directory) == ("MALFORMED", None)


# ---- time stamps

CONFIGURATION = """
[tsa]
default_tsa = own
[own]
serial = {0}/serial
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
certs = {0}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
[stamping]
extendedKeyUsage = critical,timeStamping
"""


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time stamping authority with a certificate of its own."""
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is not installed")
    place = tmp_path_factory.mktemp("authority")
    configuration = place / "tsa.cnf"
    configuration.write_text(CONFIGURATION.format(place))
    (place / "serial").write_text("01\n")
    key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *key, "-keyout", place / "ca.key", "-out", place / "ca.pem", "-subj", "/CN=CA")
    openssl("req", *key, "-keyout", place / "tsa.key", "-out", place / "tsa.csr", "-subj", "/CN=TSA")
    signing = ("-CA", place / "ca.pem", "-CAkey", place / "ca.key", "-CAcreateserial")
    extensions = ("-extfile", configuration, "-extensions", "stamping")
    openssl("x509", "-req", "-in", place / "tsa.csr", *signing, *extensions, "-out", place / "tsa.pem")
    return place


@pytest.fixture
def url(authority: Path, tmp_path: Path):
    """Where the authority answers."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query, answer = tmp_path / "query", tmp_path / "answer"
            query.write_bytes(self.rfile.read(int(self.headers["content-length"])))
            openssl("ts", "-reply", "-config", authority / "tsa.cnf", "-queryfile", query, "-out", answer)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_stamped_checkpoint_is_checked_offline(corrected: list[bytes], authority: Path, url: str, tmp_path: Path):
    signer_dir = signed(tmp_path / "signer", corrected)
    stamp = stamp_last(signer_dir, url)
    assert stamp_last(signer_dir, url) == stamp
    directory = bundled(tmp_path / "bundle", signer_dir, corrected)

    assert first_bad(directory) == ("STAMP", None)
    verdict = verified(directory, authority=authority / "ca.pem")
    assert verdict.findings == []
    assert any(f"{len(corrected)} entries at" in each for each in verdict.checked)

    (directory / "tsa" / "ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    assert first_bad(directory) is None
    assert first_bad(directory, authority=authority / "tsa.pem") == ("STAMP", None)


def test_a_stamp_of_something_else_is_found(corrected: list[bytes], authority: Path, url: str, tmp_path: Path):
    other = stamp_last(signed(tmp_path / "other", corrected[:10]), url)
    signer_dir = signed(tmp_path / "signer", corrected)
    notes = (signer_dir / "checkpoints.log").read_bytes()
    digest = hashlib.sha256(notes[notes.index(b"\n\n", notes.index(b"\n\n") + 2) + 2 :].rstrip() + b"\n").hexdigest()
    (signer_dir / "tsa").mkdir()
    (signer_dir / "tsa" / f"{digest}.tsr").write_bytes(other.read_bytes())
    directory = bundled(tmp_path / "bundle", signer_dir, corrected)
    assert first_bad(directory, authority=authority / "ca.pem") == ("STAMP", None)

    (directory / "tsa" / f"{digest}.tsr").rename(directory / "tsa" / other.name)
    assert first_bad(directory, authority=authority / "ca.pem") == ("STAMP", None)


def test_an_authority_that_does_not_answer_stamps_nothing(corrected: list[bytes], tmp_path: Path):
    signer_dir = signed(tmp_path / "signer", corrected)

    with pytest.raises(NotStamped):
        stamp_last(signer_dir, "http://127.0.0.1:9/")
    with pytest.raises(NotStamped):
        stamp_last(tmp_path / "nowhere", "http://127.0.0.1:9/")
    assert not (signer_dir / "tsa").exists()
