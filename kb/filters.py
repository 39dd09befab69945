"""Filters: what a passage must belong to so that a search may answer with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time


@dataclass(frozen=True, slots=True)
class Filter:
    """Keeps the passages for which every kind of value given here holds; of several values of a kind, any one.

    - sources: a document, a file with all its parts, or a folder with all that is in it; each by its source, its path
      or the name that people see ("reports/2024").
    - types: media types, or the plain names of kb.media_types ("pdf", "word").
    - since, until: when the document was last modified, both included. A date is a whole day of local time, and so is
      a datetime without a zone. A document without a date is in no such span.
    - headings: what one of the headings above the passage holds.
    - tags: whole tags of the document.

    Types, headings and tags are compared without regard to case and to the width of white space.
    """

    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    headings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind in ("sources", "types", "headings", "tags"):
            # A text is a sequence of texts too: of its letters.
            if not isinstance(getattr(self, kind), tuple):
                raise TypeError(f"Filter.{kind} is a tuple of texts")

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return self != Filter()


def folded(text: str) -> str:
    """`text` as it is compared: without case, and with single spaces."""
    return " ".join(text.casefold().split())


def first_moment(day: date) -> datetime:
    """The moment from which on something is "since" that day or moment, in UTC."""
    return _in_utc(day if isinstance(day, datetime) else datetime.combine(day, time.min))


def last_moment(day: date) -> datetime:
    """The last moment that is "until" that day or moment, in UTC; to the millisecond, as SQLite compares times."""
    return _in_utc(day if isinstance(day, datetime) else datetime.combine(day, time(23, 59, 59, 999_000)))


def _in_utc(moment: datetime) -> datetime:
    if MINYEAR < moment.year < MAXYEAR:
        return moment.astimezone(UTC)
    # Where the calendar ends there is no going over to another zone.
    return moment.replace(tzinfo=UTC)
