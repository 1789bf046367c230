"""The witness answers as its specification says, never goes back, and the signer understands its answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from ledger.domain.merkle import EMPTY_ROOT, CompactRange, consistency_path, leaf_hash, root_of
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.finding import FindingKind, SigningRefused
from ledger.proof.memory import AnotherSigner, Memory
from ledger.proof.note import Note, SigningKey, parse_note, parse_signatures, verified
from ledger.proof.policy import Party, Policy, parse_policy
from ledger.proof.published import published
from ledger.proof.witness import DamagedWitness, Witness, create_app
from ledger.proof.witnesses import Answer, NoAnswer, Witnesses, submission

LOG = SigningKey.generate("log.example/1")
LEAVES = [leaf_hash(str(number).encode()) for number in range(600)]
OTHER = [leaf_hash(b"another history"), *LEAVES[1:]]
NOW = 1_700_000_000


@dataclass(frozen=True)
class Client:
    """Speaks HTTP to a witness, without a network."""

    app: Starlette

    def send(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://witness.example") as client:
                return await client.request(method, path, content=content)

        return asyncio.run(sent())

    def post(self, body: bytes) -> httpx.Response:
        return self.send("POST", "/add-checkpoint", body)


def node(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda level, index: root_of(leaves[index << level : (index + 1) << level])


def checkpoint(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(LOG.name, size, root_of(leaves[:size]))


def note(size: int, leaves: list[bytes] = LEAVES) -> Note:
    return checkpoint(size, leaves).signed([LOG])


def path(old: int, size: int, leaves: list[bytes] = LEAVES) -> list[bytes]:
    return consistency_path(old, size, node(leaves)) if old else []


def request(old: int, size: int) -> bytes:
    return submission(old, path(old, size), note(size))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "witness", "witness.example/w", [LOG.verifier], clock=lambda: NOW)


@pytest.fixture
def client(witness: Witness) -> Client:
    """The witness, which has seen five entries."""
    witness.add_checkpoint(request(0, 5))
    return Client(create_app(witness))


@pytest.mark.parametrize(("old", "size"), [(5, 5), (5, 6), (5, 8), (5, 600)])
def test_what_continues_the_last_checkpoint_is_cosigned(client: Client, witness: Witness, old: int, size: int):
    answer = client.post(request(old, size))

    assert answer.status_code == 200
    (signature,) = parse_signatures(answer.content)
    witness.key.verifier.check(note(size).text, signature)
    assert signature.cosigned_at == NOW
    assert witness.remembered(LOG.name) == checkpoint(size)


EMPTY = Checkpoint(LOG.name, 0, EMPTY_ROOT).signed([LOG])
FORGED = Note(note(8).text, (replace(note(8).signatures[0], blob=bytes(64)),))
REFUSED = {
    "no checkpoint": (b"old 5\n\n", 400),
    "no empty line": (request(5, 8).replace(b"\n\n", b"\n", 1), 400),
    "no old size": (b"\n" + request(5, 8), 400),
    "an old size with a leading zero": (request(5, 8).replace(b"old 5", b"old 05"), 400),
    "a negative old size": (request(5, 8).replace(b"old 5", b"old -5"), 400),
    "an old size that is larger": (submission(9, [], note(8)), 400),
    "a proof that is not base64": (request(5, 8).replace(b"=\n", b"!\n", 1), 400),
    "too long a proof": (submission(5, [bytes(32)] * 64, note(8)), 400),
    "a checkpoint that is none": (submission(5, [], Note("text\n", (LOG.sign("text\n"),))), 400),
    "a signature of another text": (submission(5, path(5, 8), FORGED), 403),
    "another key of the same name": (
        submission(5, path(5, 8), checkpoint(8).signed([SigningKey.generate(LOG.name)])),
        403,
    ),
    "an unknown log": (
        submission(0, [], Checkpoint("log.example/2", 8, bytes(32)).signed([SigningKey.generate("log.example/2")])),
        404,
    ),
    "another old size": (request(4, 8), 409),
    "an old size of zero": (request(0, 8), 409),
    "a shorter history": (request(4, 4), 409),
    "another history of the same size": (submission(5, [], note(5, OTHER)), 422),
    "a later size of another history": (submission(5, path(5, 8, OTHER), note(8, OTHER)), 422),
    "no proof": (submission(5, [], note(8)), 422),
    "a proof with one hash missing": (submission(5, path(5, 8)[:-1], note(8)), 422),
    "a proof with one hash more": (submission(5, [*path(5, 8), bytes(32)], note(8)), 422),
    "a proof for the same size": (submission(5, [bytes(32)], note(5)), 422),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_with_its_status(client: Client, witness: Witness, name: str):
    body, status = REFUSED[name]

    answer = client.post(body)

    assert answer.status_code == status, answer.text
    assert witness.remembered(LOG.name) == checkpoint(5)


def test_a_conflict_tells_the_size_that_was_seen(client: Client):
    answer = client.post(request(0, 8))

    assert (answer.status_code, answer.headers["content-type"], answer.text) == (409, "text/x.tlog.size", "5\n")


def test_nothing_is_proved_about_the_empty_tree(witness: Witness):
    client = Client(create_app(witness))
    wrong = Checkpoint(LOG.name, 0, bytes(32)).signed([LOG])

    statuses = [
        client.post(body).status_code
        for body in (submission(0, [bytes(32)], note(5)), submission(0, [], wrong), submission(0, [], EMPTY))
    ]

    assert statuses == [422, 422, 200]


def test_other_paths_and_methods_are_not_there(client: Client):
    assert client.send("GET", "/add-checkpoint").status_code == 405
    assert client.send("POST", "/sign-subtree").status_code == 404
    assert client.post(bytes(70_000)).status_code == 413


def test_signatures_by_others_are_passed_over(client: Client):
    stranger = SigningKey.generate("stranger.example/1")
    body = submission(5, path(5, 8), checkpoint(8).signed([stranger, LOG]))

    assert client.post(body).status_code == 200


def test_two_at_once_never_go_back(witness: Witness):
    """The race that the specification describes: the smaller one is checked first and kept last."""
    witness.add_checkpoint(request(0, 1))
    client = Client(create_app(witness))
    together = threading.Barrier(2)

    def post(old: int, size: int) -> int:
        together.wait()
        return client.post(request(old, size)).status_code

    old = 1
    with ThreadPoolExecutor(2) as pool:
        for size in range(10, 200, 10):
            statuses = [*pool.map(post, (old, old), (size, size + 5))]
            seen = witness.remembered(LOG.name)
            assert sorted(statuses) == [200, 409]
            assert seen is not None
            assert seen == checkpoint(size if statuses[0] == 200 else size + 5)
            old = seen.size


def test_a_witness_remembers_after_it_is_started_again(witness: Witness, tmp_path: Path):
    witness.add_checkpoint(request(0, 5))
    with pytest.raises(AnotherSigner):
        Witness(tmp_path / "witness", "another name", [LOG.verifier])
    witness.close()

    again = Witness(tmp_path / "witness", "another name", [LOG.verifier])

    assert again.key == witness.key
    assert again.remembered(LOG.name) == checkpoint(5)


def test_a_witness_whose_memory_is_damaged_does_not_begin_anew(witness: Witness, tmp_path: Path):
    witness.add_checkpoint(request(0, 5))
    (seen,) = (tmp_path / "witness").glob("log-*")
    seen.write_bytes(bytes(seen.stat().st_size))

    with pytest.raises(DamagedWitness):
        witness.add_checkpoint(request(5, 8))


@dataclass
class Shown:
    """A signer's memory and a witness over real HTTP."""

    memory: Memory
    witness: Witness
    url: str

    def sign(self, size: int, leaves: list[bytes] = LEAVES) -> None:
        tree = CompactRange().extended(leaves[:size])
        self.memory.leaves.append(leaves[self.memory.last.size : size], after=self.memory.last.size)
        self.memory.remember(Checkpoint(LOG.name, size, tree.root), tree)

    @property
    def policy(self) -> Policy:
        text = f"witness W {self.witness.key.verifier} {self.url}\nquorum W\n"
        return parse_policy(text.encode())


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    memory = Memory(tmp_path / "signer", origin=LOG.name)
    witness = Witness(tmp_path / "witness", "witness.example/w", memory.keyring.verifiers)
    server = uvicorn.Server(uvicorn.Config(create_app(witness), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Shown(memory, witness, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()
    memory.close()
    witness.close()


def test_a_checkpoint_is_published_with_the_witnesss_cosignature(shown: Shown):
    witnesses = Witnesses(shown.policy)
    for size in (5, 300, 301):
        shown.sign(size)
        witnesses.show(shown.memory)

    note = parse_note((shown.memory.directory / "checkpoint").read_bytes())
    assert len(verified(note, [*shown.memory.keyring.verifiers, shown.witness.key.verifier])) == 2
    assert shown.witness.remembered(LOG.name) == shown.memory.last
    assert published(shown.memory.directory, 301).unwitnessed_since is None


def test_a_signer_that_was_started_again_learns_what_the_witness_has_seen(shown: Shown):
    shown.sign(5)
    Witnesses(shown.policy).show(shown.memory)
    shown.sign(300)

    Witnesses(shown.policy).show(shown.memory)

    assert shown.witness.remembered(LOG.name) == shown.memory.last


def test_a_witness_that_has_seen_more_stops_the_signer(shown: Shown):
    """Database and signer restored together from one old backup agree with each other; the witness does not."""
    shown.sign(300)
    Witnesses(shown.policy).show(shown.memory)
    key = shown.memory.keyring.keys
    shown.witness.add_checkpoint(submission(300, path(300, 500), checkpoint(500).signed(key)))

    with pytest.raises(SigningRefused) as refused:
        Witnesses(shown.policy).show(shown.memory)

    assert refused.value.finding.kind is FindingKind.ROLLBACK


def test_a_witness_that_was_shown_another_history_stops_the_signer(shown: Shown):
    key = shown.memory.keyring.keys
    shown.witness.add_checkpoint(submission(0, [], checkpoint(200, OTHER).signed(key)))
    shown.sign(300)

    with pytest.raises(SigningRefused) as refused:
        Witnesses(shown.policy).show(shown.memory)

    assert refused.value.finding.kind is FindingKind.SPLIT


def no_answer(url: str, body: bytes) -> Answer:
    raise NoAnswer("away")


ANSWERS: dict[str, Callable[[str, bytes], Answer]] = {
    "nobody there": no_answer,
    "nonsense": lambda url, body: Answer(200, b"cosigned!\n"),
    "another key's cosignature": lambda url, body: Answer(200, LOG.sign("text\n").line.encode()),
    "no size": lambda url, body: Answer(409, b""),
    "an error": lambda url, body: Answer(500, b""),
    "not known there": lambda url, body: Answer(404, b""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_witness_that_does_not_answer_stops_nothing(tmp_path: Path, name: str):
    memory = Memory(tmp_path / "signer", origin=LOG.name)
    tree = CompactRange().extended(LEAVES[:5])
    memory.leaves.append(LEAVES[:5], after=0)
    memory.remember(checkpoint(5), tree)
    other = Witness(tmp_path / "witness", "witness.example/w", [])
    policy = Policy(witnesses={"W": Party(other.key.verifier, "http://witness.example/")}, quorum="W")

    Witnesses(policy, ask=ANSWERS[name]).show(memory)

    assert published(memory.directory, 5).unwitnessed_since is not None
    assert (memory.directory / "checkpoint").read_text() == str(memory.note)
    memory.close()
