"""Proofs over GraphQL and HTTP: what others check us with, and who may have it."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from client import Client
from drafting import draft

from ledger.domain.merkle import TILE_WIDTH, hashes_of, leaf_hash, root_of, verify_consistency, verify_inclusion
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import SigningKey

KEY = SigningKey.generate("binhai.example/score-ledger/1")
PROOF = "position size root leafHash entry path tlogProof"
INCLUSION = f"query($p: Position!, $n: Position) {{ inclusionProof(position: $p, size: $n) {{ {PROOF} }} }}"
CONSISTENCY = "query($a: Position!, $b: Position!) { consistencyProof(from: $a, to: $b) }"
CHECKPOINT = "{ checkpoint { origin size root note } }"
FOR_EVER = "max-age=31536000, immutable"


def fill(client: Client, events: int) -> list[bytes]:
    """Bring the ledger to so many events; the leaf hashes of all."""
    store = client.service.store
    store.append([draft(f"U{number}") for number in range(events - store.head)])
    return [leaf_hash(entry) for entry in store.entries()]


def publish(client: Client, leaves: list[bytes]) -> str:
    """Publish a checkpoint over these leaves as the signer does; the note."""
    directory = client.service.settings.signer_dir
    directory.mkdir(exist_ok=True)
    note = str(Checkpoint(KEY.name, len(leaves), root_of(leaves)).signed([KEY]))
    (directory / "checkpoint").write_text(note)
    return note


def decoded(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in hashes]


def check(proof: dict[str, Any], leaves: list[bytes]) -> None:
    """Assert that a proof leads from its entry to the root over the leaves."""
    position, size = int(proof["position"]), int(proof["size"])
    leaf, root = root_of([leaf_hash(base64.b64decode(proof["entry"]))]), root_of(leaves[:size])
    assert [leaf, root] == decoded([proof["leafHash"], proof["root"]])
    verify_inclusion(leaf, position - 1, size, decoded(proof["path"]), root)


def test_nothing_is_signed_at_first(client: Client):
    assert client.ask(CHECKPOINT) is None
    assert client.http("GET", "/log/checkpoint").status_code == 404


def test_the_last_checkpoint_is_shown_as_it_was_published(client: Client):
    leaves = fill(client, 20)
    note = publish(client, leaves)

    assert client.ask(CHECKPOINT) == {
        "origin": KEY.name,
        "size": "20",
        "root": base64.b64encode(root_of(leaves)).decode(),
        "note": note,
    }
    answer = client.http("GET", "/log/checkpoint")
    assert (answer.text, answer.headers["content-type"]) == (note, "text/plain; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"


def test_an_event_is_proved_to_be_in_the_last_checkpoint_by_a_file_that_others_read(client: Client):
    leaves = fill(client, 300)
    note = publish(client, leaves[:280])

    proof = client.ask(INCLUSION, p="17")

    check(proof, leaves)
    assert (proof["position"], proof["size"]) == ("17", "280")
    lines = proof["tlogProof"].split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 16"]
    assert lines[2:].index("") == len(proof["path"])
    assert lines[2 : 2 + len(proof["path"])] == proof["path"]
    assert proof["tlogProof"].endswith(f"\n\n{note}")


def test_an_event_that_nothing_is_signed_for_yet_is_proved_to_be_in_the_log_as_it_stands(client: Client):
    leaves = fill(client, 300)
    publish(client, leaves[:280])

    proof = client.ask(INCLUSION, p="281")

    check(proof, leaves)
    assert (proof["size"], proof["tlogProof"]) == ("300", None)


def test_an_event_is_proved_to_be_in_the_log_of_any_size(client: Client):
    leaves = fill(client, 300)

    for position, size in (("1", "1"), ("1", "256"), ("257", "257"), ("300", "300")):
        proof = client.ask(INCLUSION, p=position, n=size)
        check(proof, leaves)
        assert (proof["position"], proof["size"], proof["tlogProof"]) == (position, size, None)


def test_every_event_offers_its_proof(client: Client):
    leaves = fill(client, 30)
    document = f"{{ events(first: 30) {{ nodes {{ position proof(size: 30) {{ {PROOF} }} }} }} }}"

    nodes = client.ask(document)["nodes"]

    assert len(nodes) == 30
    for node in nodes:
        assert node["position"] == node["proof"]["position"]
        check(node["proof"], leaves)


def test_a_proof_of_what_is_not_there_is_refused(client: Client):
    fill(client, 30)

    for document, variables in (
        (INCLUSION, {"p": "5", "n": "31"}),
        (INCLUSION, {"p": "6", "n": "5"}),
        ("{ event(position: 5) { proof(size: 31) { path } } }", {}),
        (CONSISTENCY, {"a": "0", "b": "5"}),
        (CONSISTENCY, {"a": "5", "b": "31"}),
        (CONSISTENCY, {"a": "6", "b": "5"}),
    ):
        answer = client.raw(document, **variables)
        assert answer["errors"][0]["extensions"]["code"] == "UNKNOWN_ID", answer
    assert client.ask(INCLUSION, p="31") is None


def test_an_event_that_is_not_ones_own_to_see_has_no_proof_either(client: Client):
    fill(client, 30)
    client.grant("stranger", "SCORER", unitIds=["SOMEWHERE-ELSE"])

    assert client.ask(INCLUSION, by="stranger", p="30", n="30") is None
    assert client.raw(INCLUSION, by=None, p="30", n="30")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_one_size_of_the_log_is_proved_to_be_the_beginning_of_another(client: Client):
    leaves = fill(client, 300)

    for size1, size2 in ((1, 300), (255, 257), (256, 300), (300, 300)):
        path = decoded(client.ask(CONSISTENCY, a=str(size1), b=str(size2)))
        verify_consistency(size1, size2, path, root_of(leaves[:size1]), root_of(leaves[:size2]))


def get(client: Client, path: str, *, by: str | None = None) -> httpx.Response:
    return client.http("GET", f"/log/{path}", headers=client.headers(by))


@pytest.mark.parametrize(
    ("path", "start", "end"),
    [("tile/0/000", 0, 256), ("tile/0/001.p/44", 256, 300), ("tile/0/000.p/5", 0, 5), ("tile/0/001.p/1", 256, 257)],
)
def test_tiles_are_for_everybody_and_for_ever(client: Client, path: str, start: int, end: int):
    leaves = fill(client, 300)

    answer = get(client, path)

    assert hashes_of(answer.content) == leaves[start:end]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == f"public, {FOR_EVER}"


def test_a_tile_above_holds_the_roots_of_those_below(client: Client):
    leaves = fill(client, 300)

    assert get(client, "tile/1/000.p/1").content == root_of(leaves[:TILE_WIDTH])


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/002", "tile/0/001", "tile/0/001.p/45", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/05"),
        *("tile/1/000", "tile/1/000.p/2", "tile/2/000.p/1", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/a/000"),
        *("tile/0/0", "tile/0/1000", "tile/0/x000/000", "tile/0/x000/001.p/44", "tile/0/000/", "tile/0/"),
        *("tile/0/000.p/", "tile/0/000.q/5", "tile/0/%D9%A0%D9%A0%D9%A0", "tile/0/x001/x234/067", "tile", ""),
    ],
)
def test_what_is_no_tile_of_the_log_or_not_spelled_as_one_is_not_found(client: Client, path: str):
    fill(client, 300)

    assert get(client, path).status_code == 404


def test_entries_are_for_inspectors_and_for_ever(client: Client):
    fill(client, 300)
    entries = list(client.service.store.entries())

    for path, start, end in (("000", 0, 256), ("001.p/44", 256, 300), ("001.p/2", 256, 258)):
        answer = get(client, f"tile/entries/{path}", by="inspector")
        assert answer.content == b"".join(len(each).to_bytes(2) + each for each in entries[start:end])
        assert answer.headers["cache-control"] == f"private, {FOR_EVER}"
    assert get(client, "tile/entries/001", by="inspector").status_code == 404
    assert get(client, "tile/entries/1", by="inspector").status_code == 404


@pytest.mark.parametrize(
    ("by", "status"), [(None, 401), ("office", 403), ("director", 403), ("administrator", 403), ("nobody", 403)]
)
def test_nobody_but_an_inspector_reads_the_entries(client: Client, by: str | None, status: int):
    fill(client, 300)

    assert get(client, "tile/entries/000", by=by).status_code == status


def test_a_forged_token_reads_no_entries(client: Client):
    headers = {"authorization": "Bearer forged"}

    answer = client.http("GET", "/log/tile/entries/000", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
