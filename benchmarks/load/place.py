"""The place under load: a ledger of its own below the temporary directory, served by one process."""

from __future__ import annotations

import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from ledger.api.tokens import make_token
from ledger.embedded import EmbeddedPostgres
from ledger.settings import Settings

READY_S = 120.0
CALM_AFTER_S = 10.0
"""So long after something is back, clients may still be told of its absence."""
POLL_S = 0.1
WARM_AFTER_S = 600.0
WATCHED_S_MIN = 600.0
ANSWERS_BYTES_MAX = 8 * 1024 * 1024


class DidNotStart(Exception):
    """The server did not start."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How large the serving process was."""

    at: float
    pid: int
    resident_kb: int
    descriptors: int
    threads: int


@dataclass
class Place:
    """One ledger, its database and its server."""

    directory: Path
    port: int
    samples: list[Sample] = field(default_factory=list[Sample])
    _troubled_until: float = 0.0

    def __post_init__(self) -> None:
        self.settings = Settings(data_dir=self.directory / "data")
        # Its memory of answers is full early, so that whatever else grows is seen.
        bounds = {"LEDGER_ANSWERS_BYTES": str(ANSWERS_BYTES_MAX)}
        self.environment = os.environ | bounds | {"LEDGER_DATA_DIR": str(self.settings.data_dir)}
        self.errors = self.directory / "server.err"
        self.url = f"http://127.0.0.1:{self.port}"
        # Our own share keeps the database up when the server is killed, and brings it back when it is stopped.
        self._database = EmbeddedPostgres(self.settings.data_dir / "postgres")
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def troubled(self) -> bool:
        """Whether something is away, or was a moment ago."""
        return time.monotonic() < self._troubled_until

    def token(self, person_id: str) -> str:
        """A bearer token."""
        return make_token(self.settings, person_id)

    def open(self) -> None:
        """Have a database, whoever comes and goes."""
        self._database.start()

    def serve(self) -> None:
        """Start the server, and return when it is ready."""
        with self.errors.open("ab") as errors:
            self._server = subprocess.Popen(self._command("serve", "--port", str(self.port)), stderr=errors, **self._as)
        deadline = time.monotonic() + READY_S
        while True:
            try:
                with urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except OSError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise DidNotStart(f"exit code {self._server.poll()}: {self.last_words()}") from None
                time.sleep(POLL_S)

    def last_words(self) -> str:
        """What the server wrote last."""
        return self.errors.read_text(errors="replace")[-4_000:] if self.errors.exists() else ""

    def stop(self) -> None:
        """End the server as whoever operates it does."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
            self._server = None

    def close(self) -> None:
        """End everything."""
        self.stop()
        self._database.release()

    def kill_server(self) -> None:
        """Kill the server with SIGKILL, and start another."""
        assert self._server is not None
        with self._trouble():
            self._server.kill()
            self._server.wait()
            self.serve()

    def restart_postgres(self) -> None:
        """Restart PostgreSQL: sessions are ended, what is recorded is written out."""
        self._end_postgres(signal.SIGINT)

    def crash_postgres(self) -> None:
        """Have PostgreSQL drop everything at once, as when it crashes; what is committed comes back from its log."""
        self._end_postgres(signal.SIGQUIT)

    def _end_postgres(self, how: signal.Signals) -> None:
        pid = int((self.settings.data_dir / "postgres/data/postmaster.pid").read_text().split()[0])
        with self._trouble():
            os.kill(pid, how)
            while Path(f"/proc/{pid}").exists():
                time.sleep(POLL_S)
            self._database.start()

    @contextmanager
    def _trouble(self) -> Generator[None]:
        self._troubled_until = time.monotonic() + READY_S
        yield
        self._troubled_until = time.monotonic() + CALM_AFTER_S

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one command of `ledger`."""
        return subprocess.run(self._command(*map(str, arguments)), capture_output=True, text=True, **self._as)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "ledger", *arguments]

    @property
    def _as(self) -> dict[str, dict[str, str]]:
        return {"env": self.environment}

    # ---- memory

    def sample(self) -> None:
        """Look at the server's size."""
        server = self._server
        if server is None:
            return
        process = Path(f"/proc/{server.pid}")
        try:
            status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            resident = int(status["VmRSS"].split()[0])
            descriptors = len(list((process / "fd").iterdir()))
        except (OSError, KeyError):
            # It was killed a moment ago.
            return
        self.samples.append(Sample(time.monotonic(), server.pid, resident, descriptors, int(status["Threads"])))

    def settled(self) -> tuple[list[Sample], list[Sample]] | None:
        """Samples of the process that served last, once warm, of the first and of the last quarter; None if too few."""
        last = self.samples[-1]
        of_last = [sample for sample in self.samples if sample.pid == last.pid]
        warm = [sample for sample in of_last if sample.at > of_last[0].at + WARM_AFTER_S]
        if not warm or last.at - warm[0].at < WATCHED_S_MIN:
            return None
        quarter = len(warm) // 4
        return warm[:quarter], warm[-quarter:]


def resident_mb(samples: list[Sample]) -> float:
    """The median size of a process, in MB."""
    return statistics.median(sample.resident_kb for sample in samples) / 1024


def free_port() -> int:
    """A port that nobody listens on.

    None of those that the system gives to whoever connects: while the server is away, a client that
    connects to its port from that very port would be connected with itself, and have the port.
    """
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise DidNotStart("no port is free")
