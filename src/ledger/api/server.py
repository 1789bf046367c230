"""Serving: the application under uvicorn until it is told to stop."""

from __future__ import annotations

import ctypes
import gc
import resource
from collections.abc import Callable
from contextlib import nullcontext, suppress

import uvicorn

from ledger.api.app import create_app
from ledger.api.fast.connection import protocol_of
from ledger.api.http import BODY_BYTES_MAX
from ledger.api.service import open_service
from ledger.proof.keeping import kept_signer
from ledger.settings import Settings

GRACE_S = 10
KEEP_ALIVE_S = 75
"""Longer than clients and proxies keep a connection that they do not use, so that none is closed under a request."""
BACKLOG_MAX = 512
CONNECTIONS_MAX = 2_000
"""Connections at once, streams included; how much is carried out at once is bounded by admission."""
ARENAS_MAX = 2
M_ARENA_MAX = -8
"""What glibc's malloc.h calls it."""
OTHER_FILES_MAX = 200
"""What the service opens besides: the database's sockets, logs, evidence."""


def serve(
    settings: Settings, host: str = "127.0.0.1", port: int = 8000, *, ready: Callable[[], None] | None = None
) -> None:
    """Serve the configured ledger until SIGINT or SIGTERM; `ready` is called when it is open, before it listens.

    An embedded database gets a signer beside it. Whoever names a database of their own runs
    `ledger sign` where its administrator cannot reach.
    """
    _few_arenas()
    signer = kept_signer(settings) if settings.database_url is None else nullcontext()
    with open_service(settings) as service, signer:
        if ready is not None:
            ready()
        # The schema is a hundred thousand objects that never die; collections need not walk them.
        gc.collect()
        gc.freeze()
        application = create_app(service)
        uvicorn.run(
            application,
            host=host,
            port=port,
            # Its warnings are about what clients send.
            log_level="error",
            access_log=False,
            backlog=BACKLOG_MAX,
            limit_concurrency=_connections_max(),
            http=protocol_of(application),
            ws_max_size=BODY_BYTES_MAX,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )


def _few_arenas() -> None:
    """Have threads share memory that glibc would keep apart for each, and give back to nobody; elsewhere do nothing.

    Without this the process was a fifth larger after six minutes of mixed load, and went on growing.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS_MAX)


def _connections_max() -> int:
    """How many connections leave enough descriptors for the rest; the usual 1,024 are raised as far as one may."""
    wanted = CONNECTIONS_MAX + OTHER_FILES_MAX
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else min(CONNECTIONS_MAX, soft - OTHER_FILES_MAX)
