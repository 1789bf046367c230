"""How far the ledger is signed, as clients see it."""

from __future__ import annotations

from client import Client

from ledger.proof.finding import Finding, FindingKind
from ledger.proof.published import published_keys, write_finding
from ledger.proof.running import sign_once

QUESTION = """{ ledger { signing {
    state size verifierKeys unwitnessedSince finding { kind sentence firstBad lastGood }
} } }"""


def test_the_ledger_says_how_far_it_is_signed(client: Client) -> None:
    settings, head = client.service.settings, client.service.store.head
    before = client.ask(QUESTION)["signing"]
    sign_once(client.service.database, settings)

    (key,) = published_keys(settings.signer_dir)
    known = {"unwitnessedSince": None, "finding": None}
    assert before == {"state": "BEHIND", "size": "0", "verifierKeys": []} | known
    assert client.ask(QUESTION)["signing"] == {"state": "SIGNED", "size": str(head), "verifierKeys": [str(key)]} | known


def test_answers_flow_on_when_the_signer_refuses(client: Client) -> None:
    settings = client.service.settings
    sign_once(client.service.database, settings)
    write_finding(settings.signer_dir, Finding(FindingKind.REWRITE, "The entry is not the one that was signed.", 3, 2))

    answer = client.ask(QUESTION)["signing"]

    assert answer["state"] == "REFUSED"
    assert answer["finding"] == {
        "kind": "REWRITE",
        "sentence": "The entry is not the one that was signed.",
        "firstBad": "3",
        "lastGood": "2",
    }
