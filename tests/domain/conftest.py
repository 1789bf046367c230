"""Fixtures of the domain's tests; the city itself is in `city`."""

from __future__ import annotations

import pytest
from city import City, found_city


@pytest.fixture
def city() -> City:
    """A small city whose year is over and whose entry is open; see `city`."""
    return found_city()
