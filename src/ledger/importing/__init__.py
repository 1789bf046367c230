"""Imports: the ledger made to agree with a table, by the same commands and rules as by hand.

The file is kept as evidence, and every event of its import bears the import's id. What the
ledger lacks is entered and verified, what changed is corrected by request and approval, and
what is gone is withdrawn, row by row, in large batches. An import that was cut short is
completed by running it again; one that is complete records nothing more.
"""

from __future__ import annotations

from ledger.importing.carrying_out import import_table
from ledger.importing.tables import Table, read_table
from ledger.importing.verdicts import Order, Report, RowVerdict, Verdict

__all__ = ["Order", "Report", "RowVerdict", "Table", "Verdict", "import_table", "read_table"]
