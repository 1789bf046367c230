"""`ledger serve`, `demo`, `rebuild` and `token`: what runs the ledger."""

from __future__ import annotations

import gc
from typing import Annotated, Literal

from cyclopts import Parameter

from ledger.cli.errors import Usage
from ledger.cli.opening import opened_store, settings_here
from ledger.cli.output import say
from ledger.projection import projections
from ledger.projector import Projector

Host = Annotated[str, Parameter(help="The address to listen on.")]
Port = Annotated[int, Parameter(help="The port to listen on.")]


def serve(*, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve GraphQL and keep the projections at the head, until Ctrl-C."""
    from ledger.api.server import serve as serve_api

    serve_api(settings_here(), host=host, port=port, ready=lambda: say(f"GraphQL: http://{host}:{port}/graphql"))


Preset = Literal["mini", "XS", "S", "M", "L", "XL", "world"]


def demo(
    *,
    preset: Annotated[
        Preset,
        Parameter(
            help="How large a city: XS is three groups of five units, M a whole city, XL 258 of them; or mini, "
            "a year of 83 worked events; or world, the real table."
        ),
    ] = "M",
    seed: Annotated[int, Parameter(help="What all chance in the city's year follows from.")] = 1,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    fresh: Annotated[bool, Parameter(help="Begin again, with an empty demo ledger.")] = False,
    serve: Annotated[bool, Parameter(negative="--no-serve", help="Serve GraphQL afterwards, until Ctrl-C.")] = True,
) -> None:
    """Play a fictional city's assessment year, show what can be asked about it, and serve it.

    From XS (one period) over S (quarters) to M (a whole city); L and XL are 26 and 258 cities in one
    ledger, and say beforehand what they take. Two presets are no city and follow from no seed: mini tells the
    specification's worked year and compares its tables, world imports seven published revisions of a real
    table. Each preset has a data directory of its own, in `demo` in the data directory; your ledger is not
    touched.
    """
    from ledger.cli import city_showing, mini_showing, showing
    from ledger.demo import MINI, WORLD, demo_settings

    settings, url = demo_settings(settings_here(), preset), f"http://{host}:{port}/graphql"
    if preset == WORLD:
        showing.show_world(settings, fresh=fresh, url=url)
    elif preset == MINI:
        mini_showing.show_mini(settings, fresh=fresh, url=url)
    else:
        city_showing.show_city(settings, preset=preset, seed=seed, fresh=fresh, url=url)
    if serve:
        from ledger.api.server import serve as serve_api

        serve_api(settings, host=host, port=port, ready=lambda: say("Serving; Ctrl-C ends it."))


def rebuild(name: Annotated[str | None, Parameter(help="One projection; all of them if not given.")] = None, /) -> None:
    """Build projections anew from the events, beside the old tables, and switch to them when they are complete."""
    known = sorted(projections())
    if name is not None and name not in known:
        raise Usage(f"There is no projection {name}; there are {', '.join(known)}.")
    settings = settings_here()
    # What is there by now stays; looking for garbage in it takes a tenth of settling everything.
    gc.freeze()
    with opened_store(settings) as store:
        projector = Projector(store.database, settings.ledger_id)
        projector.prepare()
        projector.rebuild(*([name] if name is not None else []), on_built=print)


def token(
    *,
    person: Annotated[str, Parameter(help="The person whom the token stands for.")],
    hours: Annotated[int, Parameter(help="How long it is valid.")] = 12,
) -> None:
    """Print a bearer token for development; it carries the person, and nothing about what they may do."""
    from ledger.api.tokens import make_token

    try:
        print(make_token(settings_here(), person, hours))
    except ValueError as error:
        raise Usage(str(error)) from None
