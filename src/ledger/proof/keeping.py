"""Keeping a signer at work beside a service, in a process of its own that is started again if it dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from ledger.settings import Settings

RESTART_S = 1.0
END_S = 10.0
_WATCH_S = 0.2


@contextmanager
def kept_signer(settings: Settings) -> Generator[None]:
    """A signer for as long as the block lasts, and no longer than this process, however it ends."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(settings, stop), name="signer-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(settings: Settings, stop: threading.Event) -> None:
    while not stop.is_set():
        # The signer ends when its standard input does, which the system closes if we are killed.
        process = subprocess.Popen(
            [sys.executable, "-m", "ledger", "sign", "--attended"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=_environment(settings),
        )
        assert process.stdin is not None
        with process.stdin:
            while process.poll() is None and not stop.wait(_WATCH_S):
                pass
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stop.wait(RESTART_S)


def _environment(settings: Settings) -> dict[str, str]:
    environment = os.environ | {"LEDGER_DATA_DIR": str(settings.data_dir), "LEDGER_ID": str(settings.ledger_id)}
    chosen = {
        "LEDGER_DATABASE_URL": settings.database_url,
        "LEDGER_SIGNER_DIR": str(settings.signer_home) if settings.signer_home else None,
        "LEDGER_ORIGIN": settings.origin,
    }
    for name, value in chosen.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    # The signer has no use for the key that tokens are signed with.
    environment.pop("LEDGER_TOKEN_KEY", None)
    return environment
