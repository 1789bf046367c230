"""Bearer tokens: signed JWTs that say which person is asking, and nothing about what they may do."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from ledger.domain.refusals import Unauthenticated
from ledger.settings import Settings

AUDIENCE = "ledger"
KEY_CHARACTERS_MIN = 32
KEY_BYTES = 48
HOURS_MAX = 24 * 30
_PEM = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The key tokens are checked with, and the one algorithm allowed for it."""

    key: str
    algorithm: str

    def person_of(self, token: str) -> str:
        """Return the person a token was made for. Raises Unauthenticated."""
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=[self.algorithm],
                audience=AUDIENCE,
                options={"require": ["exp", "sub", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated(hint="The token has expired.") from None
        except jwt.InvalidTokenError:
            raise Unauthenticated(hint="The token is not valid here.") from None
        return str(claims["sub"])


def token_key(settings: Settings) -> TokenKey:
    """The configured key: a public key in PEM (EdDSA), a secret (HS256), or one kept in the data directory."""
    configured = settings.token_key
    if configured is not None and configured.lstrip().startswith(_PEM):
        return TokenKey(configured, "EdDSA")
    if configured is not None and len(configured) < KEY_CHARACTERS_MIN:
        raise ValueError(f"LEDGER_TOKEN_KEY needs at least {KEY_CHARACTERS_MIN} characters, or a public key in PEM.")
    return TokenKey(configured or _kept_key(settings), "HS256")


def _kept_key(settings: Settings) -> str:
    path = settings.data_dir / "token.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(KEY_BYTES))
    return path.read_text().strip()


def make_token(settings: Settings, person_id: str, hours: int = 12) -> str:
    """Sign a token for `person_id`, for development.

    Raises ValueError where the service is configured with a public key: whoever holds the
    private key makes the tokens then.
    """
    key = token_key(settings)
    if key.algorithm != "HS256":
        raise ValueError("LEDGER_TOKEN_KEY is a public key; tokens are made by whoever holds the private key.")
    if not 0 < hours <= HOURS_MAX:
        raise ValueError(f"A token is valid for 1 to {HOURS_MAX} hours.")
    now = datetime.now(UTC)
    claims = {"sub": person_id, "aud": AUDIENCE, "iat": now, "exp": now + timedelta(hours=hours)}
    return jwt.encode(claims, key.key, algorithm=key.algorithm)
