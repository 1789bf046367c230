"""What hostile documents cost: the processor time until each is refused, in this process.

    python judge/hostile.py

Exits with 1 if one of them is answered, or costs more than a twentieth of a second.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/api"))

from hostile_documents import HOSTILE

from ledger.api.documents import prepared
from ledger.api.schema import schema

COST_MS_MAX = 50


def main() -> int:
    """Have each refused three times; the exit code."""
    graph = schema._schema
    prepared(graph, "{ __schema { queryType { name } } }")
    gc.collect()
    gc.freeze()
    worst = 0.0
    for name, document in HOSTILE.items():
        costs: list[float] = []
        for _ in range(3):
            began = time.process_time()
            refused = prepared(graph, document).errors
            costs.append((time.process_time() - began) * 1_000)
            if not refused:
                print(f"WRONG {name}: is not refused")
                return 1
        worst = max(worst, *costs)
        print(f"{'ok   ' if max(costs) < COST_MS_MAX else 'WRONG'} {name}: at most {max(costs):.1f} ms")
    print(f"The costliest of {len(HOSTILE)} hostile documents takes {worst:.1f} ms.")
    return 0 if worst < COST_MS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
