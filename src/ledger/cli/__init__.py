"""The command line. Data goes to standard output, everything else to standard error.

Exit codes are part of the interface, so each is named here and shown by `ledger --help`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum

import cyclopts

from ledger import __version__


class Exit(IntEnum):
    """What the exit code tells a script."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    ENVIRONMENT = 3
    DAMAGED = 4
    BUG = 70
    INTERRUPTED = 130


HELP = """An audit ledger for performance assessment: who changed this score, when, and what it moved.

LEDGER_DATA_DIR places the embedded store; LEDGER_DATABASE_URL names a PostgreSQL (15 or newer) to use instead.
"""
EPILOGUE = """Exit codes: 0 done; 1 refused, or some rows were; 2 wrong usage; 3 the database or the surroundings
are not fit; 4 damaged, or not the same; 70 a bug; 130 interrupted.
"""

# Each command's module is loaded when the command is called, so the list does not wait for any.
COMMANDS = {
    "demo": (
        "running:demo",
        "Play a fictional city's year, or import a real table, and serve it.",
    ),
    "serve": ("running:serve", "Serve GraphQL and keep the projections at the head."),
    "import": ("writing:import_", "Enter, correct and withdraw scores after a table."),
    "export": ("writing:export", "Write the whole history, one entry a line, or as a bundle to be verified."),
    "verify": ("bundling:verify", "Verify a bundle, without any database."),
    "replay": ("replaying:replay", "Answer from an export alone, without any database."),
    "values": ("reading:values", "Print the official values of one indicator, now or then."),
    "show": (
        "registers:show",
        "Print a register of a cycle: grades, reports, decisions, obligations, appeals and others.",
    ),
    "log": ("reading:log", "Print the edit history of one score."),
    "explain": ("explaining:explain", "Print why a unit's total is what it is, down to the events."),
    "gaps": ("explaining:gaps", "Print where a unit loses points against the best of its group."),
    "impact": ("moving:impact", "Print what one event moved, for every unit."),
    "counterfactual": ("moving:counterfactual", "Print who would stand where, had some events not happened."),
    "diff": ("moving:diff", "Print what changed in a group between two positions, and why."),
    "plan-diff": ("moving:plan_diff", "Print what a later version of a plan says otherwise."),
    "rebuild": ("running:rebuild", "Build projections anew from the events."),
    "erase": ("erasing:erase", "Make a person's name and the texts about them unreadable for good."),
    "open": ("erasing:open_", "Print the text behind one commitment, with its proof."),
    "sign": ("signing:sign", "Sign the ledger's head as long as its history only grows."),
    "witness": ("signing:witness", "Vouch for other ledgers' checkpoints that continue the last."),
    "stamp": ("bundling:stamp", "Have an outside authority say when the last checkpoint was there."),
    "restore": ("restoring:restore", "Fill in what an older backup lacks, or give it up."),
    "token": ("running:token", "Print a bearer token for development."),
    "doctor": ("doctor:doctor", "Check that everything is there that the ledger needs."),
}

app = cyclopts.App(
    name="ledger",
    help=HELP,
    help_epilogue=EPILOGUE,
    version=__version__,
    default_parameter=cyclopts.Parameter(negative=()),
)
for _order, (_name, (_place, _help)) in enumerate(COMMANDS.items()):
    app.command(f"ledger.cli.{_place}", name=_name, help=_help, sort_key=_order)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit code; errors are one sentence on standard error."""
    try:
        code = app(
            sys.argv[1:] if arguments is None else arguments,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
        return int(code or Exit.OK)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except cyclopts.CycloptsError as error:
        return _say(Exit.USAGE, f"{error} See ledger --help.")
    except Exception as error:
        from ledger.cli.errors import judged

        return _say(*judged(error))


def _say(code: Exit, sentence: str) -> int:
    print(f"ledger: {' '.join(sentence.split())}", file=sys.stderr)
    return code
