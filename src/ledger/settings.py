"""Settings: every environment variable once, read at start and passed on as a value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ANSWERS_BYTES_MAX = 64 * 1024 * 1024
REQUESTS_PER_S = 1_000.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the surroundings decide; absence is always safe."""

    data_dir: Path
    """Where the embedded store, evidence and keys live (`LEDGER_DATA_DIR`)."""
    database_url: str | None = None
    """A PostgreSQL 15 or newer to use instead of the embedded one (`LEDGER_DATABASE_URL`)."""
    ledger_id: int = 1
    """Which ledger of the database (`LEDGER_ID`)."""
    token_key: str | None = None
    """The key that signs and checks bearer tokens (`LEDGER_TOKEN_KEY`); else one kept in the data directory."""
    signer_home: Path | None = None
    """Where the signer keeps its key and its memory (`LEDGER_SIGNER_DIR`); else `signer` in the data directory."""
    origin: str | None = None
    """The name that a new log gets, a URL without its scheme (`LEDGER_ORIGIN`); else one is made up."""
    documents: Path | None = None
    """GraphQL documents that may be asked by id: a directory, or a JSON object of texts by id (`LEDGER_DOCUMENTS`)."""
    registered_only: bool = False
    """Whether only inspectors may send documents of their own (`LEDGER_REGISTERED_ONLY=1`)."""
    requests_per_s: float = REQUESTS_PER_S
    """How much one person may ask, on average; 0 sets no bound (`LEDGER_REQUESTS_PER_S`)."""
    fast: bool = True
    """Whether hot reads are answered by compiled plans and remembered (`LEDGER_FAST`, `off` for no)."""
    answers_bytes_max: int = ANSWERS_BYTES_MAX
    """How many bytes of answers are remembered (`LEDGER_ANSWERS_BYTES`); 0 for none."""

    tsa_url: str | None = None
    """An authority that stamps checkpoints with the time, RFC 3161 over HTTP (`LEDGER_TSA_URL`)."""

    @property
    def signer_dir(self) -> Path:
        """Where the signer's key and memory are, and the checkpoint it published last."""
        name = "signer" if self.ledger_id == 1 else f"signer-{self.ledger_id}"
        return self.signer_home or self.data_dir / name

    @property
    def evidence_dir(self) -> Path:
        """Where evidence is kept by its content hash."""
        return self.data_dir / "evidence"


def read_settings() -> Settings:
    """Return the settings of this process's environment."""
    environment = os.environ
    return Settings(
        data_dir=Path(environment.get("LEDGER_DATA_DIR") or _default_data_dir()),
        database_url=environment.get("LEDGER_DATABASE_URL") or None,
        ledger_id=int(environment.get("LEDGER_ID", "1")),
        token_key=environment.get("LEDGER_TOKEN_KEY") or None,
        signer_home=Path(environment["LEDGER_SIGNER_DIR"]) if environment.get("LEDGER_SIGNER_DIR") else None,
        origin=environment.get("LEDGER_ORIGIN") or None,
        tsa_url=environment.get("LEDGER_TSA_URL") or None,
        documents=Path(environment["LEDGER_DOCUMENTS"]) if environment.get("LEDGER_DOCUMENTS") else None,
        registered_only=environment.get("LEDGER_REGISTERED_ONLY") == "1",
        requests_per_s=float(environment.get("LEDGER_REQUESTS_PER_S") or REQUESTS_PER_S),
        fast=environment.get("LEDGER_FAST") != "off",
        answers_bytes_max=int(environment.get("LEDGER_ANSWERS_BYTES") or ANSWERS_BYTES_MAX),
    )


def _default_data_dir() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/ledger")
    data_home = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (data_home if data_home.is_absolute() else Path.home() / ".local/share") / "ledger"
