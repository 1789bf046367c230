"""What keeps the source readable: small modules with a docstring, honest names, a domain that stands alone."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "ledger"
MODULES = sorted(SOURCE.rglob("*.py"))
LINES_MAX = 400
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "managers", "misc"}


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_says_what_it_holds(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_holds_one_idea(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())

    assert lines <= LINES_MAX


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_is_named_for_what_it_holds(module: Path) -> None:
    assert not SAYS_NOTHING & set(module.relative_to(SOURCE).with_suffix("").parts)


@pytest.mark.parametrize("module", sorted((SOURCE / "domain").rglob("*.py")), ids=named)
def test_the_domain_imports_only_itself_and_the_standard_library(module: Path) -> None:
    foreign = {
        name
        for name in imports(module)
        if name != "ledger.domain" and not name.startswith("ledger.domain.")
        if name.partition(".")[0] not in sys.stdlib_module_names
    }

    assert not foreign


def test_the_domain_says_where_each_rule_stands() -> None:
    told = set(re.findall(r"\w+", (SOURCE / "domain" / "__init__.py").read_text(encoding="utf-8")))
    modules = {module.stem for module in (SOURCE / "domain").glob("*.py")} - {"__init__"}

    assert modules - told == set()


def test_projections_are_sql_and_nothing_else() -> None:
    files = [path for path in (ROOT / "projections").rglob("*") if path.is_file()]

    assert [path for path in files if path.suffix != ".sql" and path.name != "README.md"] == []


def imports(module: Path) -> set[str]:
    """The modules that a module imports, in full."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names
