"""Identifiers and texts as people may write them."""

from __future__ import annotations

import re
import unicodedata

from ledger.domain.refusals import MalformedInput

_ID = re.compile(r"[\w.\-]{1,64}")
NAME_LENGTH_MAX = 200


def check_id(text: str, *, path: str) -> None:
    """Raise MalformedInput unless `text` is 1 to 64 letters, digits, points, hyphens or underscores."""
    if not _ID.fullmatch(text):
        raise MalformedInput(
            path=path, given=repr(text[:80]), hint="Use letters, digits, points, hyphens and underscores."
        )
    check_normal(text, path=path)


def check_text(text: str, *, path: str) -> None:
    """Raise MalformedInput unless `text` has something to read and at most 200 characters."""
    if not text.strip() or len(text) > NAME_LENGTH_MAX:
        raise MalformedInput(path=path, length=len(text), length_max=NAME_LENGTH_MAX)
    check_normal(text, path=path)


def check_normal(text: str, *, path: str) -> None:
    """Raise MalformedInput unless `text` is in Unicode normal form C and free of lone surrogates.

    Two spellings of one text would be two byte strings under one signature; the ledger
    refuses the second rather than rewriting what somebody sent.
    """
    if text.isascii():
        return
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text) or not unicodedata.is_normalized("NFC", text):
        raise MalformedInput(path=path, hint="Send text in Unicode normal form C.")
