"""`ledger sign` and `ledger witness`: those who vouch for the history, each a process of its own."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from ledger.cli.errors import Usage
from ledger.cli.opening import settings_here
from ledger.cli.output import say
from ledger.database import Database, open_database
from ledger.proof.memory import Memory
from ledger.proof.running import run_signer, sign_once
from ledger.settings import Settings


def sign(
    *,
    once: Annotated[bool, Parameter(help="Sign what is new and end.")] = False,
    audit: Annotated[bool, Parameter(help="Hash everything that was signed again, too, and end.")] = False,
    rotate: Annotated[bool, Parameter(help="Let a new key sign beside the present one, and end.")] = False,
    retire: Annotated[bool, Parameter(help="End the older of two keys, and end.")] = False,
    attended: Annotated[bool, Parameter(show=False)] = False,
) -> None:
    """Sign the head of the ledger as long as history only grows, until Ctrl-C.

    The key and the memory are in `signer` in the data directory, or in LEDGER_SIGNER_DIR: best another
    user's, on another machine than the database. `ledger serve` runs a signer if its database is its own.
    """
    if sum((once or audit, rotate, retire)) > 1:
        raise Usage("Sign, rotate or retire: one at a time.")
    settings = settings_here()
    if rotate or retire:
        return _change_key(settings, retire=retire)
    with open_database(settings) as database:
        if once or audit:
            print(sign_once(database, settings, audit=audit), end="")
        else:
            _sign_on(database, settings, attended=attended)


def _change_key(settings: Settings, *, retire: bool) -> None:
    memory = Memory(settings.signer_dir, origin=settings.origin)
    try:
        (memory.retire if retire else memory.rotate)()
        for period in memory.keyring.periods:
            print(f"{period.key}\t{period.first}\t{'' if period.last is None else period.last}")
    except ValueError as error:
        raise Usage(str(error)) from None
    finally:
        memory.close()


def _sign_on(database: Database, settings: Settings, *, attended: bool) -> None:
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    if attended:
        threading.Thread(target=_end_with_input, args=(stop,), daemon=True).start()
    else:
        say(f"Signing; key and memory are in {settings.signer_dir}. Ctrl-C ends it.")
    run_signer(database, settings, stop)


def _end_with_input(stop: threading.Event) -> None:
    # Not through sys.stdin, whose lock the interpreter wants at its end.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as given:
        while given.read(1):
            pass
    stop.set()


def witness(
    directory: Annotated[Path, Parameter(help="Where the witness keeps its key and what it has seen.")],
    /,
    *,
    policy: Annotated[Path, Parameter(help="A C2SP policy whose log lines say which logs it knows.")],
    name: Annotated[str, Parameter(help="The name of a new key, a URL without its scheme.")] = "score-ledger/witness",
    host: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="The port to listen on.")] = 8001,
) -> None:
    """Remember the largest checkpoint of each log, and cosign only what continues it, until Ctrl-C."""
    import uvicorn

    from ledger.proof.note import MalformedNote
    from ledger.proof.policy import parse_policy
    from ledger.proof.witness import Witness, create_app

    try:
        logs = [log.key for log in parse_policy(policy.read_bytes()).logs]
        opened = Witness(directory, name, logs)
    except MalformedNote as error:
        raise Usage(str(error)) from None
    print(opened.key.verifier, flush=True)
    uvicorn.run(create_app(opened), host=host, port=port, log_level="warning", access_log=False)
