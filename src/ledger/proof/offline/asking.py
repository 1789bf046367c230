"""What is asked of the verifier on a command line, and how it answers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ledger.proof.offline.verifying import Verdict, Verification

UNSOUND = 4


def shown(verdict: Verdict) -> str:
    """The verdict for people."""
    lines = [f"{verdict.origin or 'no ledger'}, {verdict.size} entries, {verdict.mode}."]
    lines += [f"  checked      {each}" for each in verdict.checked]
    lines += [f"  NOT CHECKED  {each}" for each in verdict.not_checked]
    for found in verdict.findings:
        where = f" at position {found.position}" if found.position is not None else ""
        lines.append(f"  {found.kind}{where}: {found.sentence}")
    if verdict.findings:
        lines.append(f"NOT SOUND: everything up to position {verdict.last_good} is as it was signed.")
    else:
        lines.append("SOUND, as far as it was checked.")
    return "\n".join(lines)


def as_json(verdict: Verdict) -> str:
    """The verdict for programs."""
    findings = [found._asdict() for found in verdict.findings]
    said = {
        "sound": not findings,
        "origin": verdict.origin,
        "size": verdict.size,
        "mode": verdict.mode,
        "checked": verdict.checked,
        "not_checked": verdict.not_checked,
        "last_good": verdict.last_good,
        "first_bad": findings[0] if findings else None,
        "findings": findings,
    }
    return json.dumps(said, ensure_ascii=False, indent=2)


def main() -> int:
    """Verify the bundle that the command line names; 0 only if nothing is left in doubt."""
    parser = argparse.ArgumentParser(description="Verify an exported ledger, offline.")
    parser.add_argument("directory", type=Path, help="the bundle")
    parser.add_argument("--policy", type=Path, help="whose signatures count; else the bundle's own word is taken")
    parser.add_argument("--trusted", type=Path, help="a checkpoint that you kept, which this one has to continue")
    parser.add_argument("--tsa-ca", type=Path, help="the certificate that time stamps have to lead to")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    verification = Verification(asked.directory, policy=asked.policy, trusted=asked.trusted, authority=asked.tsa_ca)
    verdict = verification.run()
    print(as_json(verdict) if asked.output == "json" else shown(verdict))
    return UNSOUND if verdict.findings else 0
