"""Importing: the ordinary import command, again and again, with a table that changed a little."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable

from load.findings import Findings
from load.place import Place
from load.town import Table, import_table

PACE_S = 12.0
CHANGED, GONE = 40, 3
REFUSED = "an import is carried out, if need be by running it again after a restart"


class Importer:
    """One office that imports its table."""

    def __init__(self, place: Place, table: Table, findings: Findings):
        self._place = place
        self._table = table
        self._findings = findings
        self._chance = random.Random(77)
        self.runs = 0
        self.repeated = 0

    async def run(self, over: Callable[[], bool]) -> None:
        """Change the table and import it until it is over."""
        while not over():
            self._table.change(self._chance, changed=CHANGED, gone=GONE)
            self._table.write()
            while True:
                done = await asyncio.to_thread(import_table, self._place, self._table)
                if done.returncode == 0:
                    break
                self._findings.hold(REFUSED, self._place.troubled, (done.stdout + done.stderr)[-600:])
                self.repeated += 1
                await asyncio.sleep(1)
            report = json.loads(done.stdout)
            self._findings.hold(REFUSED, report["refused"] == 0, report)
            self.runs += 1
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * PACE_S)
