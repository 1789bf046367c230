"""Mixed load for half an hour, with a server killed and a database restarted in it; what must hold is judged.

    python benchmarks/mixed_load.py [minutes]

Sixteen clients read about now and about the past, four write over GraphQL, one imports tables with the ordinary
command, six subscribe over WebSocket and server-sent events. After a tenth of the time the server is killed
with SIGKILL, after half of it PostgreSQL is restarted, after three quarters PostgreSQL crashes. Clients do what
clients do: they hang up, send commands twice and come back. In the end what they were told is compared with
the export, and the signed log is verified. Exits with 1 if anything did not hold.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from load.asking import Session, Told, document
from load.findings import Findings
from load.followers import Follower
from load.importing import Importer
from load.judging import Judge
from load.place import Place, free_port, resident_mb
from load.readers import Reader
from load.town import CHECKER, INSPECTOR, OFFICE, SCORER, Town, found
from load.writers import Acknowledged, Writer

from ledger.domain.periods import local_day
from ledger.domain.world import CIVIL_TIMEZONE

MINUTES = 30.0
READERS = (INSPECTOR, INSPECTOR, OFFICE, OFFICE, SCORER, CHECKER, INSPECTOR, OFFICE) * 2
WRITERS = 4
SAMPLED_S = 2.0
HOP_S = 20.0
QUIET_S = 60.0
GROWTH_MAX = 1.10
FLAT = "memory is flat: once warm, the server grows by less than a tenth"
SIGNED = "everything is signed, and the signer found nothing"
VERIFIED = "the bundle verifies"
LAST = "standings end with the ranking as it is"
ADMIT = """mutation Admit($first: UUID!, $second: UUID!, $person: RegisterPersonInput!, $role: GrantRoleInput!) {
  registerPerson(commandId: $first, input: $person) { __typename }
  grantRole(commandId: $second, input: $role) { ... on Recorded { position } ... on Refusal { code message } } }"""
FINALLY = """query Finally { ledger { head { position } signing { state size finding { sentence } } }
  verify { lastGood firstBad { sentence } } }"""


class Load:
    """Everybody who brings the load, and what they were told."""

    def __init__(self, place: Place, town: Town, findings: Findings):
        self.place = place
        self.town = town
        self.findings = findings
        self.told = Told(head=town.first_position)
        self.acknowledged = Acknowledged()
        self.sessions: list[Session] = []
        self.readers = [
            Reader(self.session(person), town, self.told, findings, seed) for seed, person in enumerate(READERS)
        ]
        self.writers = [
            Writer(place, town, self.told, findings, acknowledged=self.acknowledged, share=(number, WRITERS))
            for number in range(WRITERS)
        ]
        self.importer = Importer(place, town.table, findings)
        written, tabled = (cycle.cycle_id for cycle in town.cycles)
        follow = (
            (INSPECTOR, None, False, float("inf")),
            (SCORER, None, False, HOP_S),
            (INSPECTOR, None, True, float("inf")),
            (OFFICE, None, True, HOP_S),
            (OFFICE, written, False, float("inf")),
            (INSPECTOR, tabled, True, HOP_S * 3),
        )
        self.followers = [
            Follower(self.session(person), self.told, findings, cycle_id=cycle, over_http=http, hop_s=hop_s)
            for person, cycle, http, hop_s in follow
        ]

    def session(self, person_id: str) -> Session:
        """A connection of somebody, closed in the end."""
        session = Session(self.place, person_id, self.findings)
        self.sessions.append(session)
        return session

    async def prepare(self) -> None:
        """Have somebody who sees everything; what comes after that is the load."""
        role = {"subjectId": INSPECTOR, "role": "INSPECTOR", "validFrom": "2018-01-01", "approvedBy": "director"}
        person = {"subjectId": INSPECTOR, "displayName": INSPECTOR}
        given = {"first": str(uuid4()), "second": str(uuid4()), "person": person, "role": role}
        done = await self.session("administrator").ask(ADMIT, given)
        self.town.first_position = self.told.head = int(done["grantRole"]["position"])

    async def run(self, seconds: float) -> None:
        """Bring the load for so long, and then let the subscribers come to the end."""
        ends_at = time.monotonic() + seconds
        quiet = False

        def over() -> bool:
            return time.monotonic() > ends_at

        def followed() -> bool:
            return quiet

        streams = [asyncio.create_task(follower.run(followed)) for follower in self.followers]
        watching = asyncio.create_task(self._watch())
        acting = [each.run(over) for each in (*self.readers, *self.writers, self.importer)]
        async with asyncio.TaskGroup() as group:
            for each in (*acting, self._disturb(seconds)):
                group.create_task(each)
        await self._settle()
        quiet = True
        watching.cancel()
        for stream in streams:
            stream.cancel()
        for task in (*streams, watching):
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        """Hang up everywhere."""
        for each in (*self.sessions, *self.writers):
            await each.close()

    async def _disturb(self, seconds: float) -> None:
        began_at = time.monotonic()
        for share, name, act in (
            (0.1, "server killed", self.place.kill_server),
            (0.5, "PostgreSQL restarted", self.place.restart_postgres),
            (0.75, "PostgreSQL crashed", self.place.crash_postgres),
        ):
            await asyncio.sleep(began_at + share * seconds - time.monotonic())
            began = time.monotonic()
            await asyncio.to_thread(act)
            _say(f"{name}, back after {time.monotonic() - began:.1f} s at position {self.told.head:,}")

    async def _watch(self) -> None:
        minute, began = 0, time.monotonic()
        while True:
            self.place.sample()
            if time.monotonic() - began > 60 * minute:
                minute += 1
                size = resident_mb(self.place.samples[-1:])
                commands = len(self.acknowledged.commands)
                _say(f"position {self.told.head:,}, {self.told.asked:,} answers, {commands:,} commands, {size:.0f} MB")
            await asyncio.sleep(SAMPLED_S)

    async def _settle(self) -> None:
        """Wait until everybody was told of everything, and everything is signed."""
        session, deadline = self.session(INSPECTOR), time.monotonic() + QUIET_S
        while True:
            answer = await session.ask(FINALLY, {})
            head, signing = int(answer["ledger"]["head"]["position"]), answer["ledger"]["signing"]
            told = all(follower.seen[-1:] == [head] for follower in self.followers if follower.follows_everything)
            if (told and signing["state"] == "SIGNED") or time.monotonic() > deadline:
                break
            await asyncio.sleep(1)
        for follower in self.followers:
            if follower.cycle_id is not None:
                ranking = (await session.ask(document("ranking"), {"cycle": follower.cycle_id}))["ranking"]
                del ranking["asOf"]
                self.findings.hold(LAST, follower.last == ranking, f"{follower.last}, not {ranking}")
        self.findings.hold(SIGNED, signing["state"] == "SIGNED" and signing["finding"] is None, signing)
        self.findings.hold(SIGNED, answer["verify"]["firstBad"] is None, answer["verify"])


async def main(minutes: float) -> int:
    """Set the place up, bring the load, and judge; the exit code."""
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="ledger-mixed-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        place = Place(directory, free_port())
        try:
            place.open()
            place.serve()
            town = found(place, random.Random(2018))
            load = Load(place, town, findings)
            await load.prepare()
            await load.run(minutes * 60)
            await load.close()
            place.stop()
            judge(load, directory)
        finally:
            place.close()
        errors = place.last_words()
    print(f"Mixed load, {minutes:g} minutes: {'SOUND' if findings.sound else 'NOT SOUND'}\n{findings}")
    if not findings.sound:
        print(f"The server's last words:\n{errors}", file=sys.stderr)
    return 0 if findings.sound else 1


def judge(load: Load, directory: Path) -> None:
    """Compare what everybody was told with the export, and verify the bundle."""
    place, findings, followers = load.place, load.findings, load.followers
    export, bundle, today = (
        directory / "export.jsonl",
        directory / "bundle",
        local_day(datetime.now(UTC), CIVIL_TIMEZONE),
    )
    for arguments in (("export", export), ("export", "--bundle", bundle), ("verify", bundle)):
        done = place.run(*arguments)
        findings.hold(
            VERIFIED,
            done.returncode == 0,
            f"{arguments[0]}: {done.returncode} {done.stdout[-800:]}{done.stderr[-800:]}",
        )
    found = Judge(export, findings)
    found.commands(load.acknowledged)
    found.unknown(load.acknowledged, load.town.first_position)
    found.imports(load.town.table)
    found.followers(followers, today)
    found.answers(list(load.told.remembered), today)
    settled = place.settled()
    if settled is not None:
        first, last = map(resident_mb, settled)
        findings.hold(FLAT, last <= GROWTH_MAX * first, f"{first:.0f} MB, then {last:.0f} MB")
        findings.notes["server, once warm"] = f"{first:.0f} MB, then {last:.0f} MB"
    note(load, len(found.events))


def note(load: Load, head: int) -> None:
    """Say how much there was of everything."""
    notes, told, acknowledged = load.findings.notes, load.told, load.acknowledged
    lags = sorted(1000 * lag for lag in told.lags_s) or [0.0]
    resumed = ", ".join(str(follower.resumed) for follower in load.followers)
    kept = load.place.samples[-1]
    notes["events"] = f"{head:,}, of them {load.town.first_position:,} before the load"
    notes["answers"] = f"{told.asked:,}, of them {told.unchanged:,} by 304"
    notes["commands"] = f"{len(acknowledged.commands):,}; refused as they had to be: {dict(acknowledged.refusals)}"
    notes["imports"] = f"{load.importer.runs} ({load.importer.repeated} run again after a restart)"
    notes["subscriptions resumed"] = resumed
    notes["from the answer of a command until a subscriber is told"] = (
        f"median {statistics.median(lags):.0f} ms, p95 {lags[int(0.95 * len(lags))]:.0f} ms, longest {lags[-1]:.0f} ms"
    )
    notes["server at the end"] = (
        f"{kept.resident_kb / 1024:.0f} MB, {kept.descriptors} descriptors, {kept.threads} threads"
    )


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)))
