"""What is asked about what happens around the scores: rulings, decisions, checks, appraisals and undertakings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from city import City
from client import Client
from served import CAMPAIGN, CHECK, TASK, told, undertaken

Serve = Callable[[City], Client]


@pytest.fixture
def story(serve: Serve) -> Client:
    """The whole mini-ledger of the specification."""
    return serve(told()[0])


@pytest.fixture
def year(serve: Serve) -> Client:
    """A year with targets, tasks, duties, requests, an appraisal, a spot check, and cadres."""
    return serve(undertaken())


def at(position: int) -> str:
    """Our position of one of the specification's, as clients see it."""
    return str(told()[1][position])


def test_x(story: Client) -> None:
    pass
