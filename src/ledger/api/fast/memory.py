"""A memory of bounded size that forgets what was not asked for longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key, at most so many bytes of them; for one thread."""

    def __init__(self, bytes_max: int):
        self._bytes_max = bytes_max
        self._bytes = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """The value of a key, None if it is not remembered."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, value: T, size: int) -> None:
        """Remember a value of `size` bytes; one that is too large for the whole memory is not."""
        if size > self._bytes_max:
            return
        earlier = self._kept.pop(key, None)
        self._bytes += size - (earlier[1] if earlier else 0)
        self._kept[key] = (value, size)
        while self._bytes > self._bytes_max:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
