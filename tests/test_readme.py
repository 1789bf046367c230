"""The README is true: its commands run as they stand, in order, and its queries are answered."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from ledger.api.app import create_app
from ledger.api.service import service_on
from ledger.api.tokens import make_token
from ledger.database import Database
from ledger.settings import Settings

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language; `sh` is run, `console` only read."""
    return [text for kind, text in _BLOCK.findall(README.read_text("utf-8")) if kind == language]


@pytest.fixture
def tried(database: Database, tmp_path: Path) -> str:
    """What the README's commands print when they are run one after the other."""
    command = tmp_path / "bin" / "ledger"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ledger "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "LEDGER_DATABASE_URL": database.conninfo,
        "LEDGER_DATA_DIR": str(tmp_path),
    }
    script = "set -eu\n" + "".join(blocks("sh"))
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_its_commands_tell_who_changed_the_score(tried: str):
    assert "3 entered, 0 corrected, 0 withdrawn, 0 unchanged, 0 refused, positions 1 to 30." in tried
    assert "0 entered, 1 corrected, 0 withdrawn, 2 unchanged, 0 refused, positions 31 to 35." in tried
    assert "The northern survey had been counted without its second half" in tried
    rankings = re.findall(r"^1 +(\w+) +\w+ District +100\.00 +yes", tried, re.MULTILINE)
    assert rankings == ["east", "north"]


async def asked(app: ASGIApp, queries: list[str], headers: dict[str, str]) -> list[Any]:
    """What the application answers to each query."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger.test", headers=headers) as client:
        return [(await client.post("/graphql", json={"query": query})).json() for query in queries]


def test_its_queries_are_answered(tried: str, database: Database, tmp_path: Path):
    settings = Settings(tmp_path, database_url=database.conninfo)
    bearer = {"Authorization": f"Bearer {make_token(settings, 'director')}"}
    with service_on(database, settings) as service:
        service.projector.catch_up()
        answers = asyncio.run(asked(create_app(service), blocks("graphql"), bearer))

    ranking, history, explanation = answers
    assert [row["rank"] for row in ranking["data"]["then"]["rows"]["nodes"]] == [1, 2, 3]
    assert ranking["data"]["now"]["rows"]["nodes"][0] == {"rank": 1, "unitName": "North District", "total": "100.00"}
    assert [entry["type"] for entry in history["data"]["scoreHistory"]["nodes"]] == [
        *("ScoreEntered", "ScoreVerified", "CorrectionRequested", "ScoreCorrected")
    ]
    assert explanation["data"]["explain"]["tree"]["shown"] == "100.00"
