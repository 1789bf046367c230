"""The golden mini-ledger: the 83 events of the specification's worked year, whose every table is known beforehand.

`plan` is the plan they are assessed by, `events` the command that leaves each of them, `story` tells
them to a ledger in their order, `expected` holds the tables that have to come out, and `telling`
tells them to a real ledger. Source: domain.md 3.12.
"""

from __future__ import annotations
