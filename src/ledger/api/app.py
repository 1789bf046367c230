"""The ASGI application: routes, and the projector that runs beside them."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TypeVar

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from ledger.api.admission import Seats, TurnedAway
from ledger.api.fast.endpoint import FastEndpoint
from ledger.api.http import LedgerGraphQL
from ledger.api.log_files import log_routes
from ledger.api.schema import documents, schema
from ledger.api.service import Service
from ledger.domain.refusals import EvidenceHashMismatch, Refused, Unauthenticated
from ledger.evidence import EVIDENCE_BYTES_MAX
from ledger.proof.published import published

logger = logging.getLogger("ledger.api")
PROJECTOR_STOP_TIMEOUT_S = 10
UPLOADS_MAX = 8
"""Documents that arrive at once; each is held in memory until it is whole."""
READY_TIMEOUT_S = 5
"""Whoever asks whether the service is ready is told in time, that a database does not answer too."""

T = TypeVar("T")

Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(service: Service) -> ASGIApp:
    """The application over an opened service; starting it starts the projector, stopping it stops it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        stop = threading.Event()
        projector = threading.Thread(target=service.projector.run, args=(stop,), name="projector", daemon=True)
        projector.start()
        app.state.projector = projector
        try:
            yield
        finally:
            stop.set()
            service.projector.wake()
            await anyio.to_thread.run_sync(projector.join, PROJECTOR_STOP_TIMEOUT_S)

    endpoint = LedgerGraphQL(schema, service)
    routes = [
        Route("/graphql", endpoint),
        WebSocketRoute("/graphql", endpoint),
        Route("/evidence/{sha256}", _evidence_endpoint(service), methods=["PUT"]),
        log_routes(service),
        Route("/livez", _livez),
        Route("/readyz", _readyz(service)),
        Route("/", _console),
    ]
    application = Starlette(routes=routes, lifespan=lifespan)
    if not service.settings.fast:
        return application
    return FastEndpoint(application, service, schema._schema, documents, endpoint.admission, endpoint.requests)


async def _livez(request: Request) -> Response:
    return JSONResponse({"alive": True})


async def _console(request: Request) -> Response:
    return HTMLResponse((files("ledger.api") / "console.html").read_text("utf-8"))


def _readyz(service: Service) -> Endpoint:
    async def readyz(request: Request) -> Response:
        """Ready while the database answers and the projector has not stopped.

        A history that its signer refuses is still answered from: the answer says that it is refused.
        """
        try:
            with anyio.fail_after(READY_TIMEOUT_S):
                head = await _in_thread(lambda: service.store.head)
                folded = await _in_thread(service.answers.head)
                signed = await _in_thread(lambda: published(service.settings.signer_dir, head))
        except Exception as error:
            logger.warning("not ready: %r", error)
            return JSONResponse({"ready": False, "reason": "the database does not answer"}, status_code=503)
        stopped = service.projector.stopped
        projector: threading.Thread | None = getattr(request.app.state, "projector", None)
        if projector is not None and not projector.is_alive():
            return JSONResponse({"ready": False, "reason": "the projector has ended"}, status_code=503)
        body = {
            "ready": stopped is None,
            "head": head,
            "folded": folded.position,
            "reason": str(stopped) if stopped else None,
            "signature": {
                "state": signed.state,
                "size": signed.size,
                "finding": str(signed.finding) if signed.finding else None,
                "unwitnessed_since": signed.unwitnessed_since,
            },
        }
        return JSONResponse(body, status_code=503 if stopped else 200)

    return readyz


async def _in_thread(function: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True)


def _evidence_endpoint(service: Service) -> Endpoint:
    uploads = Seats(UPLOADS_MAX)

    async def put_evidence(request: Request) -> Response:
        """Keep a document's bytes under the hash they are announced with."""
        try:
            _, _, token = request.headers.get("authorization", "").partition(" ")
            if not token:
                raise Unauthenticated()
            service.key.person_of(token)
            with uploads:
                body = await _body(request)
                sha256 = request.path_params["sha256"]
                await anyio.to_thread.run_sync(lambda: service.evidence.put([body], sha256=sha256))
        except TurnedAway as away:
            return JSONResponse(away.error, status_code=away.status_code, headers=away.headers)
        except Refused as refused:
            status = (
                401
                if isinstance(refused, Unauthenticated)
                else 409
                if isinstance(refused, EvidenceHashMismatch)
                else 413
            )
            return JSONResponse({"code": refused.code(), "message": refused.message}, status_code=status)
        return Response(status_code=204)

    return put_evidence


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        parts.append(chunk)
        if size > EVIDENCE_BYTES_MAX:
            break
    return b"".join(parts)
