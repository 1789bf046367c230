"""Rates: how much one person may ask a second, so that nobody's script takes the service from the others."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

BURST_S = 10
"""A person who was quiet may ask at once what they may ask in so many seconds."""
VALUES_PER_TOKEN = 5_000
ASKERS_MAX = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Rates:
    """A bucket of tokens for each person, kept in this process; safe to share between threads."""

    def __init__(self, per_s: float, clock: Callable[[], float] = time.monotonic):
        """Let everybody ask `per_s` ordinary questions a second; 0 sets no bound."""
        self._per_s = per_s
        self._clock = clock
        # Guarded by _lock; whoever asked last is last.
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, asker: str, cost: int) -> float:
        """Take what a question of this cost takes, and return 0; or how long to wait before it may be asked."""
        if not self._per_s:
            return 0.0
        price = min(1 + cost // VALUES_PER_TOKEN, self._per_s * BURST_S)
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(asker, _Bucket(self._per_s * BURST_S, now))
            self._buckets.move_to_end(asker)
            if len(self._buckets) > ASKERS_MAX:
                self._buckets.popitem(last=False)
            bucket.tokens = min(bucket.tokens + (now - bucket.filled_at) * self._per_s, self._per_s * BURST_S)
            bucket.filled_at = now
            if bucket.tokens >= price:
                bucket.tokens -= price
                return 0.0
            return (price - bucket.tokens) / self._per_s
