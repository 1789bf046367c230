"""The offline verifier: it checks a bundle with the standard library and `cryptography` alone.

It shares no line with what makes the bundles, so that one mistake cannot be in both. For
inspectors its modules are put together into the one file that lies in every bundle.
"""

from __future__ import annotations

import ast
from importlib.resources import files

MODULES = ("notes", "tree", "entries", "procedure", "openings", "following", "stamps", "verifying", "asking")
"""In an order in which each needs only those before it."""
_HEADING = '''#!/usr/bin/env python3
"""Verify an exported ledger without the ledger: python verify.py DIRECTORY

This file needs Python 3.11 and `cryptography` and nothing else: no network, no database, none of
the ledger's programs. It lies in every bundle; better take it from elsewhere than from those
whom you check. The exit code is 0 only if nothing is left in doubt.
"""

from __future__ import annotations
'''
_ENDING = """

if __name__ == "__main__":
    raise SystemExit(main())
"""


def stand_alone() -> str:
    """The verifier as one file."""
    return "\n".join([_HEADING, *map(_section, MODULES)]) + _ENDING


def _section(name: str) -> str:
    """A module without what it takes from the others."""
    text = files(__name__).joinpath(f"{name}.py").read_text("utf-8")
    lines = text.splitlines()
    heading, *body = ast.parse(text).body
    dropped = [node for node in body if isinstance(node, ast.ImportFrom) and _is_own(node)]
    for node in [heading, *dropped]:
        lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    comment = [f"# {line}".rstrip() for line in (ast.get_docstring(ast.parse(text)) or "").splitlines()]
    return "\n".join([*comment, "", "\n".join(lines).strip(), ""])


def _is_own(node: ast.ImportFrom) -> bool:
    return node.module == "__future__" or (node.module or "").startswith(f"{__name__}.")
