"""Trust policies: read strictly, and a quorum counted as they say."""

from __future__ import annotations

import pytest

from ledger.domain.merkle import HASH_BYTES
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import SignatureKind, SigningKey, Unverified
from ledger.proof.policy import MalformedPolicy, parse_policy

LOG = SigningKey("log.example/1", SignatureKind.LOG, bytes(32))
X1, X2, X3, Y1, Y2 = (
    SigningKey(f"witness.example/{name}", SignatureKind.COSIGNATURE, name.ljust(32).encode())
    for name in ("x1", "x2", "x3", "y1", "y2")
)
TEXT = f"""
# Two offices
log {LOG.verifier} https://log.example/1
witness X1 {X1.verifier} https://x1.example/
witness X2 {X2.verifier}
\twitness  X3\t{X3.verifier} \t
group X-offices 2 X1 X2 X3

witness Y1 {Y1.verifier}
witness Y2 {Y2.verifier}
group Y-offices any Y1 Y2
group X-and-Y all X-offices Y-offices
quorum X-and-Y
"""
CHECKPOINT = Checkpoint("log.example/1", 5, bytes(HASH_BYTES))


def note(*witnesses: SigningKey, checkpoint: Checkpoint = CHECKPOINT) -> bytes:
    signed = checkpoint.signed([LOG])
    return str(signed.with_signatures(each.sign(signed.text, time=1) for each in witnesses)).encode()


def test_a_policy_is_read():
    policy = parse_policy(TEXT.encode())

    assert [(log.key, log.url) for log in policy.logs] == [(LOG.verifier, "https://log.example/1")]
    assert [*policy.witnesses] == ["X1", "X2", "X3", "Y1", "Y2"]
    assert policy.witnesses["X1"].url == "https://x1.example/"


@pytest.mark.parametrize("witnesses", [(X1, X2, Y1), (X1, X3, Y2), (X1, X2, X3, Y1, Y2)])
def test_a_quorum_makes_a_checkpoint_good(witnesses: tuple[SigningKey, ...]):
    assert parse_policy(TEXT.encode()).open(note(*witnesses)) == CHECKPOINT


@pytest.mark.parametrize("witnesses", [(), (X1, Y1), (X1, X2), (X1, X2, X3), (Y1, Y2)])
def test_too_few_witnesses_do_not(witnesses: tuple[SigningKey, ...]):
    with pytest.raises(Unverified):
        parse_policy(TEXT.encode()).open(note(*witnesses))


def test_without_a_quorum_the_logs_own_signature_is_enough():
    policy = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode())

    assert policy.open(note()) == CHECKPOINT


def test_a_log_signs_under_its_own_name_only():
    policy = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode())
    other = Checkpoint("log.example/2", 5, bytes(HASH_BYTES))

    with pytest.raises(Unverified):
        policy.open(note(checkpoint=other))


def test_a_witness_alone_does_not_make_a_log():
    with pytest.raises(Unverified):
        parse_policy(f"witness X1 {X1.verifier}\nquorum X1\n".encode()).open(note(X1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        "quorum none\nquorum none\n",
        "quorum X1\n",
        f"quorum X1\nwitness X1 {X1.verifier}\n",
        f"witness none {X1.verifier}\nquorum none\n",
        f"witness A {X1.verifier}\nwitness A {X2.verifier}\nquorum none\n",
        f"witness A {X1.verifier}\nwitness B {X1.verifier}\nquorum none\n",
        f"witness A {LOG.verifier}\nquorum none\n",
        f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum none\n",
        "log nonsense\nquorum none\n",
        f"witness A {X1.verifier}\ngroup G 0 A\nquorum G\n",
        f"witness A {X1.verifier}\ngroup G 2 A\nquorum G\n",
        f"witness A {X1.verifier}\ngroup G +1 A\nquorum G\n",
        f"witness A {X1.verifier}\ngroup G any\nquorum G\n",
        f"witness A {X1.verifier}\ngroup G any A A\nquorum G\n",
        f"witness A {X1.verifier}\ngroup G any A\ngroup H any A\nquorum H\n",
        f"witness A {X1.verifier}\ngroup G any G\nquorum G\n",
        "group G any none\nquorum G\n",
        "quorum none\r\n",
        "quorum none\n\x7f\n",
        "trust everybody\nquorum none\n",
    ],
)
def test_what_is_not_a_policy_is_refused(text: str):
    with pytest.raises(MalformedPolicy):
        parse_policy(text.encode())


def test_names_are_compared_octet_by_octet():
    kelvin = f"witness K {X1.verifier}\nquorum \u212a\n".encode()

    with pytest.raises(MalformedPolicy):
        parse_policy(kelvin)
    assert parse_policy(b"witness \xff " + f"{X1.verifier}\n".encode() + b"quorum \xff\n").satisfied_by({X1.verifier})
