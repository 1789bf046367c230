"""Other people's clients, audits, linters and generators on our GraphQL API, served from an empty ledger.

    python judge/api.py [requests]

Installs what `judge/js/package.json` names, serves a ledger below the temporary directory, and
has it judged: by the audits of GraphQL over HTTP, by clients over HTTP, WebSocket and
server-sent events, by the linters of schemas, by Relay's compiler, and by schemathesis with that
many generated requests. Exits with 1 if anything is found; what cannot be installed here is said
to be skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from ledger.api.schema import schema
from ledger.api.tokens import make_token
from ledger.settings import Settings

HERE = Path(__file__).parent
NODE_MIN = 20
SCHEMATHESIS = ("schemathesis==4.32.5",)
REQUESTS = 2_000
OFFICE = "assessment-office"
STARTED_S = 60
# Rules about the shape of connections and about descriptions; the order of names is ours to choose.
LINTED = (
    *("relay-connection-types-spec", "relay-connection-arguments-spec", "relay-page-info-spec"),
    *("types-have-descriptions", "fields-have-descriptions", "arguments-have-descriptions"),
    *("input-object-values-have-descriptions", "enum-values-have-descriptions", "descriptions-are-capitalized"),
    *("types-are-capitalized", "fields-are-camel-cased", "input-object-values-are-camel-cased"),
    *("enum-values-all-caps", "deprecations-have-a-reason", "defined-types-are-used"),
)


@contextmanager
def served(directory: Path) -> Generator[str]:
    """Serve a new ledger; the address of its endpoint."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"LEDGER_DATA_DIR": str(directory)}
    command = [sys.executable, "-m", "ledger", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        server.terminate()
        server.wait()


def ready(url: str) -> None:
    """Wait until the service says that it is ready."""
    deadline = time.monotonic() + STARTED_S
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def workshop(directory: Path) -> Path | None:
    """A copy of the scripts with everything that they need installed; None without Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or node_major(node) < NODE_MIN:
        print(f"SKIPPED: clients, linters and compilers need Node {NODE_MIN} or newer with npm.")
        return None
    place = directory / "js"
    shutil.copytree(HERE / "js", place, ignore=shutil.ignore_patterns("node_modules"))
    install = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=False)
    if install.returncode:
        print("SKIPPED: npm could not install the clients, linters and compilers.")
        return None
    (place / "relay/schema.graphql").write_text(schema.as_str())
    (place / "relay/__generated__").mkdir()
    return place


def node_major(node: str) -> int:
    """The major version of a Node."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").partition(".")[0])


def judged(name: str, command: list[str], place: Path, **environment: str) -> bool:
    """Run one judge; whether it found nothing."""
    found = subprocess.run(command, cwd=place, env=os.environ | environment, check=False).returncode
    print(f"{'ok   ' if found == 0 else 'WRONG'} {name}", flush=True)
    return found == 0


def judge_with_node(place: Path, url: str, token: str) -> bool:
    """Have everything from npm judge; whether none of it found anything."""
    bin = place / "node_modules/.bin"
    verdicts = [
        judged("graphql-http: the audits of GraphQL over HTTP", ["node", "audit.mjs", url], place),
        judged("graphql-ws, graphql-sse, Apollo client and urql", ["node", "clients.mjs", url, token], place),
        judged(
            "graphql-eslint: relay's rules",
            [str(bin / "eslint"), "relay/schema.graphql"],
            place,
            LEDGER_SCHEMA="relay/schema.graphql",
        ),
        judged(
            "graphql-schema-linter",
            [str(bin / "graphql-schema-linter"), "--rules", ",".join(LINTED), "relay/schema.graphql"],
            place,
        ),
        judged("relay-compiler: a query that is paged", [str(bin / "relay-compiler"), "relay.config.json"], place),
    ]
    return all(verdicts)


def judge_with_schemathesis(directory: Path, url: str, token: str, requests: int) -> bool:
    """Send generated requests; whether none of them ended in an error of ours."""
    environment = directory / "schemathesis"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin/pip"), "install", "-qqq", "--disable-pip-version-check", *SCHEMATHESIS]
    if subprocess.run(pip, check=False).returncode:
        print("SKIPPED: pip could not install schemathesis.")
        return True
    command = [str(environment / "bin/python"), str(HERE / "generated.py"), url, token, str(requests)]
    return judged(f"schemathesis: {requests:,} generated requests", command, directory)


def main(requests: int) -> int:
    """Serve, and have it judged; the exit code."""
    with tempfile.TemporaryDirectory(prefix="ledger-judge-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        data = directory / "data"
        with served(data) as url:
            token = make_token(Settings(data_dir=data), OFFICE)
            place = workshop(directory)
            verdicts = [
                place is None or judge_with_node(place, url, token),
                judge_with_schemathesis(directory, url, token, requests),
            ]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS))
