"""The wheel holds everything and runs by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = (
    "ledger/cli/__init__.py",
    "ledger/migrations/0001_ledger.sql",
    "ledger/schema.sql",
    "ledger/sql/insert_events.sql",
    "ledger/projections/score_value.sql",
    "ledger/data/world_gdp/revision_7_2024-10-21.csv",
    "ledger/api/schema.graphql",
    "ledger/py.typed",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source tree."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A new virtual environment, where the embedded server's user can reach it."""
    with tempfile.TemporaryDirectory(prefix="ledger-wheel-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def test_the_wheel_holds_code_sql_and_data(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert [name for name in NEEDED if name not in names] == []
    assert [name for name in names if name.startswith("ledger/projections/") and name.endswith(".py")] == []
    assert [name for name in names if not name.startswith("ledger")] == []


def test_the_wheel_installed_by_itself_runs(wheel: Path, installed: Path):
    """Installed into an environment that has nothing else.

    The dependencies are lent by a .pth file, so that no index is asked; this tree is not on it.
    """
    environment = installed / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    site = next((environment / "lib").glob("python*/site-packages"))
    (site / "zz_lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["LEDGER_DATA_DIR"] = str(installed / "data")

    def run(*arguments: str) -> str:
        command = [environment / "bin" / "ledger", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=variables, cwd=installed).stdout

    where = [python, "-c", "import ledger; print(ledger.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True, env=variables, cwd=installed).stdout
    assert found.startswith(str(site))
    assert "import" in run("--help")
    assert '"ok": true' in run("doctor", "-o", "json")
