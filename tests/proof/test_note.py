"""Signed notes and the checkpoints in them, against the specification's own examples."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.merkle import HASH_BYTES
from ledger.proof.checkpoint import Checkpoint, MalformedCheckpoint, opened, parse_checkpoint
from ledger.proof.note import (
    MalformedNote,
    Note,
    Signature,
    SignatureKind,
    SigningKey,
    Unverified,
    parse_note,
    parse_signing_key,
    parse_verifier_key,
    split_notes,
    verified,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
LOG = SigningKey("log.example/1", SignatureKind.LOG, bytes(range(32)))
WITNESS = SigningKey("witness.example/w", SignatureKind.COSIGNATURE, bytes(range(1, 33)))
CHECKPOINT = Checkpoint("log.example/1", 5, bytes(HASH_BYTES))
NOTE = CHECKPOINT.signed([LOG]).with_signatures([WITNESS.sign(CHECKPOINT.text, time=1_700_000_000)])
KEYS = [LOG.verifier, WITNESS.verifier]

texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n")).map(
    lambda text: text + "\n"
)


def test_the_example_of_the_specification_is_verified():
    key = parse_verifier_key(EXAMPLE_KEY)

    note = parse_note(EXAMPLE)

    assert [each for each, _ in verified(note, [key])] == [key]
    assert str(note).encode() == EXAMPLE
    assert str(key) == EXAMPLE_KEY


def test_a_note_of_gos_own_tests_is_signed_alike():
    key = parse_signing_key("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")

    assert str(key.verifier) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert key.sign(_PETER).line == (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )


_PETER = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"


@given(texts)
def test_what_is_signed_is_read_back_and_verified(text: str):
    note = Note(text, (LOG.sign(text), WITNESS.sign(text, time=7)))

    read = parse_note(str(note).encode())

    assert read == note
    assert [key for key, _ in verified(read, KEYS)] == KEYS


@given(st.integers(0, len(str(NOTE).encode()) - 1), st.integers(0, 7))
def test_no_changed_bit_leaves_all_signatures_good(place: int, bit: int):
    changed = bytearray(str(NOTE).encode())
    changed[place] ^= 1 << bit

    try:
        found = verified(parse_note(bytes(changed)), KEYS)
    except (MalformedNote, Unverified):
        return
    # A changed name or key id makes a signature an unknown key's, which is passed over.
    assert len(found) == 1


@pytest.mark.parametrize("known", [LOG, WITNESS])
def test_a_known_keys_bad_signature_spoils_the_note(known: SigningKey):
    other = CHECKPOINT.text.replace("5", "6")
    note = Note(CHECKPOINT.text, (*NOTE.signatures, known.sign(other, time=1)))

    with pytest.raises(Unverified):
        verified(note, KEYS)


def test_an_unknown_keys_signature_is_passed_over():
    stranger = SigningKey.generate(LOG.name)
    bad = Signature(LOG.name, stranger.verifier.key_id, bytes(64))
    note = Note(CHECKPOINT.text, (bad, *NOTE.signatures))

    assert [key for key, _ in verified(note, KEYS)] == KEYS


def test_a_note_that_no_known_key_signed_is_refused():
    with pytest.raises(Unverified):
        verified(CHECKPOINT.signed([SigningKey.generate(LOG.name)]), KEYS)


def test_another_time_spoils_a_cosignature():
    signature = WITNESS.sign(CHECKPOINT.text, time=1000)
    later = Signature(signature.name, signature.key_id, (1001).to_bytes(8, "big") + signature.blob[8:])

    with pytest.raises(Unverified):
        verified(Note(CHECKPOINT.text, (later,)), KEYS)


def test_sixteen_signatures_are_read():
    strangers = [SigningKey.generate(f"stranger/{number}") for number in range(15)]

    note = parse_note(str(CHECKPOINT.signed([*strangers, LOG])).encode())

    assert [key for key, _ in verified(note, KEYS)] == [LOG.verifier]


def test_the_last_empty_line_ends_the_text():
    text = f"One\n\n{LOG.sign('One' + chr(10)).line}\n"
    note = Note(text, (LOG.sign(text),))

    assert parse_note(str(note).encode()).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        EXAMPLE[:-1],
        EXAMPLE.replace(b"\xe2\x80\x94", b"-"),
        EXAMPLE.replace(b"an ", b"an\t"),
        EXAMPLE.replace(b"an ", b"an\x00"),
        EXAMPLE.replace(b"an ", b"an\xff"),
        EXAMPLE.replace(b"example.com/foo ", b"example.com+foo "),
        EXAMPLE.replace(b"example.com/foo ", "example.com/\u2003foo ".encode()),
        EXAMPLE.replace(b"example.com/foo ", b" "),
        EXAMPLE.replace(b"aQM=\n", b"aQM\n"),
        EXAMPLE.replace(b"aQM=\n", b"aQN=\n"),
        EXAMPLE + b"\n",
        EXAMPLE + b"more\n",
    ],
)
def test_what_is_not_a_note_is_refused(data: bytes):
    with pytest.raises(MalformedNote):
        parse_note(data)


@pytest.mark.parametrize(
    "text",
    ["", "x", EXAMPLE_KEY[:-1], EXAMPLE_KEY.replace("530d903a", "530d903b"), EXAMPLE_KEY.replace("+Aek", "+Cek")],
)
def test_what_is_not_a_key_is_refused(text: str):
    with pytest.raises(MalformedNote):
        parse_verifier_key(text)


def test_a_secret_key_is_read_back_and_never_shown():
    assert parse_signing_key(LOG.secret) == LOG
    assert base64.b64encode(b"\1" + LOG.seed).decode() not in repr(LOG)


def test_notes_one_after_the_other_are_taken_apart():
    other = Note("A text\n\nof two paragraphs\n", (LOG.sign("A text\n\nof two paragraphs\n"),))
    notes = [str(note).encode() for note in (NOTE, other, NOTE)]

    assert split_notes(b"\n".join(notes)) == notes


def test_a_checkpoint_is_read_back():
    assert opened(str(NOTE).encode(), [LOG.verifier]) == (CHECKPOINT, NOTE)
    assert parse_checkpoint(CHECKPOINT.text + "an extension\n") == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n5\n",
        CHECKPOINT.text[:-1],
        CHECKPOINT.text + "\n",
        "\n" + CHECKPOINT.text,
        *(
            CHECKPOINT.text.replace("\n5\n", f"\n{size}\n")
            for size in ("05", "-5", "+5", " 5", "5 ", "٥", "", str(1 << 63))
        ),
        CHECKPOINT.text.replace("AAA=", "AAB="),
        CHECKPOINT.text.replace("AAAA", "", 1),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str):
    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint(text)
