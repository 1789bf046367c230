"""Negotiation: what a request is answered in."""

from __future__ import annotations

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
EVENT_STREAM = "text/event-stream"
_UNDERSTOOD = {RESPONSE_JSON: RESPONSE_JSON, PLAIN_JSON: PLAIN_JSON, "application/*": PLAIN_JSON, "*/*": PLAIN_JSON}


def negotiate(accept: str | None) -> str | None:
    """The kind of JSON to answer in; None if the client accepts none of ours."""
    if not accept or not accept.strip():
        return PLAIN_JSON
    offers: list[tuple[float, int, str]] = []
    for place, (media, quality) in enumerate(_accepted(accept)):
        answer = _UNDERSTOOD.get(media)
        if answer is not None and quality > 0:
            # Among equals a named type goes before a wildcard, and the earlier before the later.
            offers.append((quality, -place - (1000 if "*" in media else 0), answer))
    return max(offers)[2] if offers else None


def takes_events(accept: str | None) -> bool:
    """Whether the client accepts server-sent events by name."""
    return any(media == EVENT_STREAM and quality > 0 for media, quality in _accepted(accept or ""))


def _accepted(accept: str) -> list[tuple[str, float]]:
    parts = [[piece.strip().lower() for piece in part.split(";")] for part in accept.split(",")]
    return [(media, _quality(parameters)) for media, *parameters in parts]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
