"""Implementation measures: the standing rules that plans and decisions cite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from ledger.domain.facts import Audience, Event, Fact, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article of the measures, its text bound by hash."""

    article: str
    title: str
    text_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresFact(Fact):
    """A fact about one set of measures."""

    AUDIENCE = Audience.EVERYBODY

    measures_id: str

    @property
    def stream(self) -> str:
        return measures_stream(self.measures_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresIssued(MeasuresFact):
    """The first version of the measures was issued."""

    measures_version: int
    title: str
    articles: tuple[Article, ...]
    in_force_from: date
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresRevised(MeasuresFact):
    """A later version of the measures was issued."""

    measures_version: int
    title: str
    articles: tuple[Article, ...]
    in_force_from: date
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuresRepealed(MeasuresFact):
    """The measures are no longer in force."""

    repealed_from: date


@dataclass(frozen=True, slots=True)
class MeasuresVersion:
    """One version of the measures: its articles, and since when it holds."""

    measures_version: int
    articles: tuple[str, ...]
    in_force_from: date


@dataclass(frozen=True, slots=True)
class Measures:
    """What decisions need to know of the measures."""

    versions: tuple[MeasuresVersion, ...] = ()
    repealed_from: date | None = None

    def evolve(self, event: Event, /) -> Measures:
        """Return the measures after `event`."""
        match event.fact:
            case MeasuresIssued() | MeasuresRevised() as fact:
                articles = tuple(article.article for article in fact.articles)
                version = MeasuresVersion(fact.measures_version, articles, fact.in_force_from)
                return replace(self, versions=(*self.versions, version))
            case MeasuresRepealed() as fact:
                return replace(self, repealed_from=fact.repealed_from)
            case _:
                return self

    def version(self, number: int) -> MeasuresVersion | None:
        """Return one version, None if it was never issued."""
        return next((version for version in self.versions if version.measures_version == number), None)


def measures_stream(measures_id: str) -> Stream[Measures]:
    """The stream of one set of measures."""
    return Stream(f"measures:{measures_id}", Measures())
