"""Our server as one worker on a given ledger: `python ours.py port memory_bytes fast`."""

from __future__ import annotations

import sys
from dataclasses import replace

from ledger.api.server import serve
from ledger.settings import read_settings

if __name__ == "__main__":
    port, answers_bytes_max, fast = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "fast"
    settings = replace(read_settings(), fast=fast, answers_bytes_max=answers_bytes_max, requests_per_s=0)
    serve(settings, port=port, ready=lambda: print("ready", flush=True))
