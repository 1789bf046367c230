"""An event-sourced audit ledger: a result is a function of history."""

__version__ = "0.1.0"
