"""Binhai: a fictional city whose whole assessment year is carried out by the ordinary commands.

Nothing here writes an event by itself. Scripts say who asks for what at which moment, the stage
sends their commands in order of time, and whatever the domain refuses is not recorded. All of
it follows from a seed: the same seed gives the same ledger, byte for byte. No unit, person or
figure is real. Source: domain.md 6.
"""

from __future__ import annotations
