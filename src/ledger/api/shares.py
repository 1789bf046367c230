"""Shares: how much of what is bounded one holder may take, so that something is left for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager


class TooMany(Exception):
    """The holder has as many as one may have."""


class Shares:
    """Places of which each holder may take a few; for use by one event loop."""

    def __init__(self, each_max: int):
        self._each_max = each_max
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, holder: str) -> Generator[None]:
        """Hold a place. Raises TooMany if the holder has its share."""
        if self._taken[holder] >= self._each_max:
            raise TooMany
        self._taken[holder] += 1
        try:
            yield
        finally:
            self._taken[holder] -= 1
            if not self._taken[holder]:
                del self._taken[holder]
