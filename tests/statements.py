"""The statements that a thread sends."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Cursor


@contextmanager
def counted_statements(monkeypatch: pytest.MonkeyPatch) -> Generator[list[object]]:
    """The statements that this thread sends while the block lasts; the waker has another."""
    sent: list[object] = []
    execute = psycopg.Cursor.execute

    def counting(self: Cursor[Any], query: Any, *args: Any, **kwargs: Any) -> Cursor[Any]:
        if threading.current_thread() is threading.main_thread():
            sent.append(query)
        return execute(self, query, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counting)
        yield sent
