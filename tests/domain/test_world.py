"""The world: what decisions of one person have in common is found once, and anew when it moved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.domain.facts import Event, Stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import NotEntered
from ledger.domain.score import Score, score_stream
from ledger.domain.world import World

SCORE = score_stream("2018", "U01", "GDP", "2018-Y")


class Streams:
    """A history of streams at a version each, which counts what is read."""

    def __init__(self) -> None:
        self.versions = {SCORE.name: 1}
        self.reads: list[str] = []

    def load(self, stream: Stream[Score]) -> tuple[int, Score]:
        self.reads.append(stream.name)
        return self.versions[stream.name], stream.initial

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        return Recall()

    def event(self, position: int) -> Event | None:
        return None


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def world(streams: Streams) -> World:
    return World(streams, person_id="scorer", now=datetime(2018, 5, 1, tzinfo=UTC))  # pyright: ignore[reportArgumentType]


def version(world: World, stream: Stream[Score]) -> int:
    world.read(stream)
    return world.relied_on[stream.name]


def doubled(world: World, stream: Stream[Score]) -> int:
    return 2 * world.once(version, stream)


def test_what_is_found_once_is_not_looked_for_again(world: World, streams: Streams):
    assert [world.once(version, SCORE), world.once(doubled, SCORE), world.once(version, SCORE)] == [1, 2, 1]
    assert streams.reads == [SCORE.name]
    assert world.relied_on == {SCORE.name: 1}


def test_what_was_found_on_a_stream_that_moved_is_found_anew(world: World, streams: Streams):
    world.once(doubled, SCORE)
    streams.versions[SCORE.name] = 2
    world.written(["score:other", SCORE.name])

    assert [world.once(doubled, SCORE), world.once(version, SCORE)] == [4, 2]


def test_a_refusal_is_found_again_each_time(world: World):
    def refuse(world: World) -> None:
        tries.append(world)
        raise NotEntered

    tries: list[World] = []
    for _ in range(2):
        with pytest.raises(NotEntered):
            world.once(refuse)
    assert len(tries) == 2
