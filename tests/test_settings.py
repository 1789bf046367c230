"""Where things are kept when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.settings import read_settings

AS_ROOT = os.geteuid() == 0


def test_the_data_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DATA_DIR", "/srv/city")
    assert read_settings().data_dir == Path("/srv/city")

    monkeypatch.delenv("LEDGER_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/chen/data")
    assert read_settings().data_dir == Path("/var/lib/ledger" if AS_ROOT else "/home/chen/data/ledger")


def test_a_data_home_that_is_not_absolute_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEDGER_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert read_settings().data_dir == Path.home() / ".local/share/ledger"
