"""Once: values that follow from what never changes, made once and kept for as long as they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Same:
    """Stands for an object as part of a key: equal if it is the very same one."""

    __slots__ = ("_object",)

    def __init__(self, object: object):
        self._object = object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)


class Once:
    """Values by what they follow from; safe to share between threads."""

    def __init__(self, kept_max: int):
        self._kept_max = kept_max
        # Guarded by _lock; the values themselves are immutable.
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def kept(self, key: Hashable) -> Any:
        """The value of a key, None if it is not kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made now if it is not kept; None is never kept. Two threads may make it both."""
        kept = self.kept(key)
        if kept is not None:
            return cast(T, kept)
        made = make()
        if made is None:
            return made
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._kept_max:
                self._kept.popitem(last=False)
        return made
