"""The log as files, in the shape of C2SP tlog-tiles: other people's tools read and verify it from here.

    /log/checkpoint                     the checkpoint that was signed last
    /log/tile/<L>/<N>[.p/<W>]           hashes
    /log/tile/entries/<N>[.p/<W>]       entries

Checkpoint and hashes are for everybody: they say nothing of what was recorded. Entries hold
scores and say who acted, so they are for those who may see the whole ledger, inspectors, with
a bearer token.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from ledger.api.access_log import log_read
from ledger.api.context import Context
from ledger.api.service import Service
from ledger.domain.merkle import TILE_WIDTH, Tile, entries_path
from ledger.domain.refusals import ForbiddenRole, Refused, Unauthenticated, UnknownId

LEVEL_MAX = 63
FOR_EVER = "max-age=31536000, immutable"
_NUMBER = re.compile(r"((?:x\d{3}/){0,5})(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_STATUS: dict[type[Refused], int] = {Unauthenticated: 401, ForbiddenRole: 403, UnknownId: 404}

Endpoint = Callable[[Request], Awaitable[Response]]


def log_routes(service: Service) -> BaseRoute:
    """The routes below `/log`."""
    return Mount(
        "/log",
        routes=[
            Route("/checkpoint", _checkpoint(service)),
            Route("/tile/entries/{number:path}", _answering(_entries, service)),
            Route("/tile/{level}/{number:path}", _answering(_tile, service)),
        ],
    )


def _checkpoint(service: Service) -> Endpoint:
    async def checkpoint(request: Request) -> Response:
        """The last checkpoint as the signer published it; not found until there is one."""
        try:
            note = await anyio.to_thread.run_sync((service.settings.signer_dir / "checkpoint").read_bytes)
        except FileNotFoundError:
            return PlainTextResponse("Nothing is signed yet.\n", status_code=404)
        return Response(note, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-cache"})

    return checkpoint


def _answering(read: Callable[[Service, Request], Response], service: Service) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        """Read in a thread; a refusal becomes a status."""
        try:
            return await anyio.to_thread.run_sync(read, service, request)
        except Refused as refused:
            status = next(status for kind, status in _STATUS.items() if isinstance(refused, kind))
            headers = {"www-authenticate": "Bearer"} if status == 401 else None
            return PlainTextResponse(f"{refused.message}\n", status_code=status, headers=headers)

    return endpoint


def _tile(service: Service, request: Request) -> Response:
    """A tile of hashes."""
    level: str = request.path_params["level"]
    if not level.isascii() or not level.isdigit() or str(int(level)) != level or int(level) > LEVEL_MAX:
        raise UnknownId(path="level")
    index, width = _numbered(request)
    return _file(service.log.tile(Tile(int(level), index, width)), f"public, {FOR_EVER}")


def _entries(service: Service, request: Request) -> Response:
    """A bundle of entries, for inspectors; the read is logged."""
    context = _asking(service, request)
    visibility = context.visibility()
    # Whoever may see all of these may see every event there is; of today's roles that is the inspector.
    if not (visibility.all_scores and visibility.registry and visibility.refusals and visibility.cadres):
        raise ForbiddenRole(hint="Entries are for inspectors.")
    index, width = _numbered(request)
    bundle = service.log.entries(index, width)
    log_read(service.settings, person_id=context.person_id, field="entries", arguments={"index": index, "width": width})
    return _file(bundle, f"private, {FOR_EVER}")


def _asking(service: Service, request: Request) -> Context:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated()
    return Context(service, service.key.person_of(token.strip()))


def _numbered(request: Request) -> tuple[int, int]:
    """The index and the width that a path names. Raises UnknownId unless it is spelled as it has to be."""
    path: str = request.path_params["number"]
    found = _NUMBER.fullmatch(path)
    if found is None:
        raise UnknownId(path="tile")
    index = int(re.sub(r"\D", "", found[1]) + found[2])
    width = int(found[3]) if found[3] else TILE_WIDTH
    if width > TILE_WIDTH or entries_path(index, width) != f"tile/entries/{path}":
        raise UnknownId(path="tile")
    return index, width


def _file(data: bytes, caching: str) -> Response:
    return Response(data, media_type="application/octet-stream", headers={"cache-control": caching})
