"""A bundle verified: everything in it held against everything else, and a verdict that says what was not checked."""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ledger.proof.offline.following import FINDINGS_MAX, Found, entries_in, following
from ledger.proof.offline.notes import (
    Bad,
    Checkpoint,
    Period,
    Policy,
    checkpoint_of,
    note_of,
    notes_of,
    periods_of,
    policy_of,
)
from ledger.proof.offline.openings import openings_of
from ledger.proof.offline.stamps import Stamped, stamped
from ledger.proof.offline.tree import FULL, Tree, leaves_of, path_of, root_of


@dataclass
class Verdict:
    """What was checked, what was not, and what was found."""

    mode: str = "signed by the ledger's operator"
    origin: str = ""
    size: int = 0
    """How many entries the checkpoint has that everything was held against."""
    last_good: int = 0
    """The size of the last signed history that the entries are known to be."""
    findings: list[Found] = field(default_factory=list[Found])
    checked: list[str] = field(default_factory=list[str])
    not_checked: list[str] = field(default_factory=list[str])

    @property
    def first_bad(self) -> Found | None:
        """What is to be looked at first."""
        return self.findings[0] if self.findings else None

    def found(self, kind: str, position: int | None, sentence: str, *, first: bool = False) -> None:
        """Add a finding, as the first if it explains the others."""
        if first or len(self.findings) < FINDINGS_MAX:
            self.findings.insert(0 if first else len(self.findings), Found(kind, position, sentence))


class Verification:
    """One bundle, being verified. Once only."""

    def __init__(
        self,
        directory: Path,
        *,
        policy: Path | None = None,
        trusted: Path | None = None,
        authority: Path | None = None,
    ):
        self.verdict = Verdict()
        self._directory = directory
        self._trusted = trusted
        self._authority = authority
        self._own_policy = policy is None
        self._policy_path = policy or directory / "policy"
        self._policy = Policy()
        self._periods: list[Period] = []
        self._signed: dict[int, set[bytes]] = defaultdict(set)
        """The roots that were signed, by size."""
        self._notes: list[bytes] = []
        self._differs: int | None = None
        """The first position at which the entry is not that of the tile."""
        self._tiles_damaged = False
        self._elsewhere: list[int] = []
        """Sizes at which another root was signed than the entries have."""

    def run(self) -> Verdict:
        """Verify everything, and return the verdict."""
        # A million entries make many objects and no cycles.
        gc.disable()
        try:
            self._read_policy()
            head = self._read_checkpoints()
            openings = openings_of(self._read("openings.jsonl"))
            if head is not None:
                with following(self._directory, head.size, openings) as told:
                    self._check_tree(head)
                    self._take(told())
            self._check_stamps()
            self._hear_signer()
        except Bad as bad:
            self.verdict.found("MALFORMED", None, f"{bad}.")
        finally:
            gc.enable()
        self._say_what_is_left()
        return self.verdict

    def _read(self, name: str) -> bytes:
        try:
            return (self._directory / name).read_bytes()
        except OSError:
            return b""

    def _read_policy(self) -> None:
        try:
            self._policy = policy_of(self._policy_path.read_text("utf-8"))
        except (OSError, ValueError):
            raise Bad(f"{self._policy_path} cannot be read") from None
        self._periods = periods_of(self._policy.logs, self._read("rotations"))

    def _read_checkpoints(self) -> Checkpoint | None:
        """Check who signed what, and return the checkpoint that the rest is held against."""
        verdict, listed = self.verdict, list[Checkpoint]()
        self._notes = list(notes_of(self._read("checkpoints.log")))
        for data in self._notes:
            listed += self._vouched(data)
            if len(listed) > 1 and listed[-1].size < listed[-2].size:
                verdict.found("ROLLBACK", listed[-1].size + 1, "A smaller checkpoint was signed after a larger one.")
        published = self._vouched(self._read("checkpoint"))
        self._check_quorum(self._read("checkpoint"))
        newest = max(listed, key=lambda each: each.size, default=None)
        if published and newest and published[0].size < newest.size:
            verdict.found("ROLLBACK", published[0].size + 1, f"A checkpoint of {newest.size} entries was signed, too.")
        if self._trusted is not None:
            kept = self._vouched(self._trusted.read_bytes())
            verdict.mode += "; continues the checkpoint that you kept"
            if published and kept and published[0].size < kept[0].size:
                sentence = f"You kept a checkpoint of {kept[0].size} entries, and {published[0].size} are there."
                verdict.found("ROLLBACK", published[0].size + 1, sentence)
        for size, roots in self._signed.items():
            if len(roots) > 1:
                verdict.found("SPLIT", None, f"Two different histories of {size} entries were signed.")
        if not verdict.findings and published[0] not in listed:
            verdict.found("MALFORMED", None, "The last checkpoint is not in the list of all that were signed.")
        verdict.checked.append(f"signatures of {len(listed)} listed checkpoints and of the last one")
        return published[0] if published else newest

    def _vouched(self, data: bytes) -> list[Checkpoint]:
        """The checkpoint in a note if a key of the log signed it for its size."""
        try:
            note = note_of(data)
            checkpoint = checkpoint_of(note)
            signers = note.signers(period.key for period in self._periods)
            counting = {period.key for period in self._periods if period.covers(checkpoint.size)}
            if not any(key.name == checkpoint.origin for key in signers & counting):
                raise Bad("the ledger's key has not signed it")
        except Bad as bad:
            self.verdict.found("KEY", None, f"A checkpoint is not vouched for: {bad}.")
            return []
        self._signed[checkpoint.size].add(checkpoint.root)
        return [checkpoint]

    def _check_quorum(self, data: bytes) -> None:
        try:
            seen = note_of(data).signers(self._policy.witnesses)
        except Bad as bad:
            return self.verdict.found("KEY", None, f"A witness is not to be believed: {bad}.")
        if not self._policy.satisfied(seen):
            sentence = f"{len(seen)} of {len(self._policy.witnesses)} witnesses have seen the checkpoint: no quorum."
            self.verdict.found("QUORUM", None, sentence)
        elif self._policy.quorum != "none":
            self.verdict.mode += f"; seen by {len(seen)} witnesses, which is a quorum"
            self.verdict.checked.append("the witnesses' cosignatures of the last checkpoint")

    def _check_tree(self, head: Checkpoint) -> None:
        verdict, tree = self.verdict, Tree()
        verdict.origin, verdict.size = head.origin, head.size
        sizes = iter(sorted(size for size in self._signed if size <= head.size))
        due = next(sizes, None)
        for index in range(-(-head.size // FULL)):
            width = min(FULL, head.size - index * FULL)
            entries = entries_in(self._directory, index, width)
            if len(entries) > width:
                verdict.found("REWRITE", index * FULL + width + 1, "There is an entry too many.", first=True)
                del entries[width:]
            leaves = leaves_of(entries)
            self._compare_tile(index, width, leaves)
            while due is not None and due <= index * FULL + len(leaves):
                self._hold(due, tree.root(leaves[: due - index * FULL]))
                due = next(sizes, None)
            if len(entries) < width:
                return self._break_off(index, index * FULL + len(entries), head)
            if width == FULL:
                tree.add(root_of(leaves))
        self._judge(tree, head)
        verdict.checked += [
            f"{head.size} entries, their tiles and the root of the tree",
            f"that the history was the same at each of {len(self._signed)} sizes signed",
            "positions, instants that do not run back, and versions of every stream",
            "the rules of procedure: two persons, citations, values in force",
        ]

    def _hold(self, size: int, root: bytes) -> None:
        """Hold the root over the first entries against those that were signed."""
        if root in self._signed[size]:
            self.verdict.last_good = max(self.verdict.last_good, size)
        else:
            self._elsewhere.append(size)

    def _compare_tile(self, index: int, width: int, leaves: list[bytes]) -> None:
        tile = self._read(path_of("0", index, width))
        if not tile or len(tile) > len(leaves) * 32 == width * 32:
            self._tiles_damaged = True
        elif self._differs is None and tile != b"".join(leaves):
            hashes = [tile[start : start + 32] for start in range(0, len(tile), 32)]
            pairs = enumerate(zip(leaves, hashes, strict=False), start=index * FULL + 1)
            self._differs = next((position for position, (leaf, hashed) in pairs if leaf != hashed), None)
            self._tiles_damaged |= len(hashes) < len(leaves)

    def _break_off(self, index: int, stored: int, head: Checkpoint) -> None:
        """The entries end before the checkpoint does."""
        if self._differs is not None:
            self._rewritten(self._differs, "The entry is not the one that was signed.", head)
        elif entries_in(self._directory, index + 1, FULL):
            self._rewritten(stored + 1, "The entry is missing.", head)
        else:
            sentence = f"{head.size} entries were signed, and only {stored} are there."
            self.verdict.found("ROLLBACK", stored + 1, sentence, first=True)
            self._trust_tiles(stored, head)

    def _rewritten(self, position: int, sentence: str, head: Checkpoint) -> None:
        self.verdict.found("REWRITE", position, sentence, first=True)
        self._trust_tiles(position - 1, head)

    def _trust_tiles(self, good: int, head: Checkpoint) -> None:
        """The entries up to `good` are those of the tiles; if the tiles are what was signed, the entries are too."""
        tree, rest = Tree(), list[bytes]()
        for index in range(-(-head.size // FULL)):
            width = min(FULL, head.size - index * FULL)
            tile = self._read(path_of("0", index, width))
            if not tile:
                return
            rest = [tile[start : start + 32] for start in range(0, len(tile), 32)]
            if width == FULL:
                tree.add(root_of(rest))
                rest = []
        if tree.root(rest) in self._signed[head.size]:
            self.verdict.last_good = max(self.verdict.last_good, good)

    def _judge(self, tree: Tree, head: Checkpoint) -> None:
        """Say what it means where entries, tiles and signed roots are not of one history."""
        verdict = self.verdict
        as_signed = verdict.last_good == head.size
        if self._differs is not None and not as_signed:
            self._rewritten(self._differs, "The entry is not the one that was signed.", head)
        elif as_signed and (self._differs or self._tiles_damaged or not self._upper_tiles_are_of(tree)):
            sentence = "The tiles are damaged; the entries are those that were signed."
            verdict.found("OWN_STATE_DAMAGED", None, sentence)
        elif not as_signed:
            sentence = (
                f"The entries have another root than was signed, from some position after {verdict.last_good} on."
            )
            verdict.found("REWRITE", None, sentence, first=True)
        if as_signed and self._elsewhere:
            verdict.found("SPLIT", None, f"The checkpoint of {self._elsewhere[0]} entries is of another history.")

    def _upper_tiles_are_of(self, tree: Tree) -> bool:
        level, nodes = 1, tree.tiles
        while nodes:
            for start in range(0, len(nodes), FULL):
                group = nodes[start : start + FULL]
                if self._read(path_of(str(level), start // FULL, len(group))) != b"".join(group):
                    return False
            whole = len(nodes) // FULL
            level, nodes = level + 1, [root_of(nodes[at * FULL : at * FULL + FULL]) for at in range(whole)]
        return True

    def _take(self, findings: list[Found]) -> None:
        """Take what was found in the entries, as far as they are those of the tiles."""
        tile = None if self._differs is None else (self._differs - 1) // FULL
        for each in findings:
            if tile is None or (each.position is not None and each.position <= tile * FULL):
                self.verdict.found(*each)

    def _check_stamps(self) -> None:
        """Check the time stamps of checkpoints; one that cannot be checked leaves a doubt."""
        known, times = {Stamped.digest_of(data): data for data in self._notes}, list[str]()
        for each in stamped(self._directory / "tsa", self._authority):
            data = known.get(each.digest)
            if data is None or each.problem is not None:
                problem = each.problem or "it is of no checkpoint that is listed"
                self.verdict.found("STAMP", None, f"The time stamp {each.name} is not vouched for: {problem}.")
            else:
                times.append(f"{checkpoint_of(note_of(data)).size} entries at {each.time}")
        if times:
            self.verdict.checked.append(f"time stamps by an outside authority: {'; '.join(times)}")
        if times and self._authority is None:
            self.verdict.not_checked.append(
                "whose the time stamps are: the authority's certificate is the bundle's own"
            )

    def _hear_signer(self) -> None:
        """What the signer itself refuses to sign; it sees more of a database than its entries."""
        said = self._read("finding.json")
        if not said:
            return
        try:
            finding = json.loads(said)
            kind, position, sentence = finding["kind"], finding["first_bad"], finding["sentence"]
        except (ValueError, KeyError, TypeError):
            raise Bad("finding.json cannot be read") from None
        if not any((each.kind, each.position) == (kind, position) for each in self.verdict.findings):
            self.verdict.found(kind, position, f"The signer says: {sentence}")

    def _say_what_is_left(self) -> None:
        left = self.verdict.not_checked
        if self._own_policy:
            keys = ", ".join(key.text for key in self._policy.logs)
            left.append(f"whose the key is: the policy is the bundle's own. Compare {keys}")
        if self._trusted is None and self._policy.quorum == "none":
            left.append("whether others were shown another history: no witness has seen this one, and you kept no note")
        left += [
            f"what was recorded after position {self.verdict.size}",
            "whether what was recorded is true, and was recorded by whom it names",
            "whether texts about persons are what they are committed to, except where an opening was given",
            "the tables that the service reads from, which follow from the entries (see ledger replay)",
            "the README and the verify.py that lie in the bundle",
        ]
