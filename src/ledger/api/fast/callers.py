"""Callers: whose token a request bears and what that person may see, without verifying and loading it each time."""

from __future__ import annotations

import time
from datetime import date

import jwt

from ledger.api.fast.memory import Memory
from ledger.api.tokens import TokenKey
from ledger.domain.refusals import Unauthenticated
from ledger.domain.visibility import Visibility

TOKENS_BYTES_MAX = 4 * 1024 * 1024
VISIBILITY_BYTES_ASSUMED = 1024


class Callers:
    """Tokens that were found valid, and what persons may see; for one thread."""

    def __init__(self, key: TokenKey):
        self._key = key
        self._persons: Memory[tuple[str, float]] = Memory(TOKENS_BYTES_MAX)
        self._visible: Memory[tuple[int, date, Visibility]] = Memory(TOKENS_BYTES_MAX)

    def person(self, authorization: bytes) -> str | None:
        """The person of a bearer token that is valid now, None for anything else."""
        known = self._persons.get(authorization)
        if known is not None and time.time() < known[1]:
            return known[0]
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            person_id = self._key.person_of(token.strip())
        except Unauthenticated:
            return None
        # The signature was just verified; only the end is read once more.
        expires_at = float(jwt.decode(token.strip(), options={"verify_signature": False})["exp"])
        self._persons.keep(authorization, (person_id, expires_at), 2 * len(authorization))
        return person_id

    def visibility(self, person_id: str, recorded: int, day: date) -> Visibility | None:
        """What a person may see on a day, if it was found when the ledger was as long as it is now."""
        known = self._visible.get(person_id)
        return known[2] if known is not None and known[:2] == (recorded, day) else None

    def keep(self, person_id: str, recorded: int, day: date, visibility: Visibility) -> None:
        """Remember what a person may see while the ledger does not grow."""
        self._visible.keep(person_id, (recorded, day, visibility), VISIBILITY_BYTES_ASSUMED)
