"""The root directory: who runs the server in it, and whether that user can reach it."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

from ledger.embedded.binaries import Account, run
from ledger.embedded.errors import NoServerUser, NotOurs, NotReachable, ProgramFailed


def prepare(root: Path) -> Account | None:
    """Make `root`, private to whoever runs the server, and return who that is if it is not us."""
    account = server_account(root)
    if account:
        _require_reachable(root, account)
    made = [directory for directory in root.parents if not directory.exists()]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = root.stat().st_uid
    if owner not in (os.geteuid(), account.user if account else owner):
        raise NotOurs(root)
    present = os.listdir(root)
    if present and "start.lock" not in present:
        raise NotOurs(root)
    root.chmod(0o700)
    if account and owner == 0:
        for directory in made:
            directory.chmod(0o755)  # We made it, but perhaps under an umask that shuts out the server's user.
        os.chown(root, account.user, account.group)
    return account


def server_account(root: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    wanted: list[int | str] = ["postgres", "nobody"]
    for existing in (root / "data", root):
        with suppress(FileNotFoundError):
            if owner := existing.stat().st_uid:
                wanted = [owner]
                break
    for user in wanted:
        with suppress(KeyError):
            entry = pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoServerUser(" or ".join(map(str, wanted)))


def _require_reachable(root: Path, account: Account) -> None:
    # Tried as that user, since modes alone do not tell (access control lists).
    for directory in reversed(root.parents):
        if directory.exists():
            try:
                run(["test", "-x", directory], account)
            except ProgramFailed:
                raise NotReachable(directory, account.name) from None
