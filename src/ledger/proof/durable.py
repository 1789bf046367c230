"""Files that are there whole or not at all, whatever is killed and whenever the power goes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_UNFINISHED = ".new-"


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file's content. Whoever reads it finds the old or the new, and after a crash too."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{_UNFINISHED}{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_name(path)


def write_at(path: Path, data: bytes, *, offset: int) -> None:
    """Make a file end with `data` from `offset` on. What was there before the offset stays."""
    existed = path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        # Cut first: what a killed writer left behind the offset must not show through.
        os.ftruncate(descriptor, offset)
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if not existed:
        _sync_name(path)


def forget_unfinished(directory: Path) -> None:
    """Remove what killed writers of whole files left, which nobody reads. No other may be writing."""
    for path in directory.glob(f"{_UNFINISHED}*"):
        path.unlink()


def _sync_name(path: Path) -> None:
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
