"""Selections: what a filter means in one state of a base, where people's names for things are looked up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.errors import UserError
from kb.filters import Filter, first_moment, folded, last_moment
from kb.media_types import is_named, plain_name
from kb.store.records import unpack_blocks
from kb.store.snapshot import Snapshot
from kb.types import Block, Span

_LISTED = 8
_JOINED_MAX = 100
"""So many places at most stand in one statement: SQLite takes an expression no deeper than 1,000."""
_SPACE = r"(?:\s|\\[a-z0-9]+)+"
"""White space in JSON, where some of it is written as "\\n"."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds of the rows of a table, as SQL and the values in it."""

    sql: str = "TRUE"
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a filter keeps: documents, by a condition and by id, and of them the passages `numbers`; None: all."""

    condition: Condition
    documents: frozenset[int]
    numbers: tuple[int, ...] | None = None


def select(snapshot: Snapshot, chosen: Filter) -> Selection:
    """Raises UserError where a value names nothing in the base, or where nothing is all of it at once."""
    parts = [
        _places(snapshot, chosen.sources),
        _types(snapshot, chosen.types),
        _dates(snapshot, chosen),
        _tags(snapshot, chosen.tags),
    ]
    condition = _all(part for part in parts if part != Condition())
    documents = frozenset(_documents(snapshot, condition))
    if not documents:
        raise _nothing(chosen)
    if not chosen.headings:
        return Selection(condition, documents)
    numbers = _under_headings(snapshot, chosen, condition)
    return Selection(condition, documents, numbers)


def _documents(snapshot: Snapshot, condition: Condition) -> list[int]:
    return [name for (name,) in snapshot.rows(f"SELECT id FROM documents WHERE {condition.sql}", condition.values)]


def _places(snapshot: Snapshot, names: Sequence[str]) -> Condition:
    roots = [root for (root,) in snapshot.rows("SELECT DISTINCT root FROM files")] if names else []
    found = [_place(snapshot, name, roots) for name in dict.fromkeys(names)]
    if len(found) <= _JOINED_MAX:
        return _any(found)
    documents = {document for condition in found for document in _documents(snapshot, condition)}
    return Condition("id IN (SELECT value FROM json_each(?))", (json.dumps(list(documents)),))


def _place(snapshot: Snapshot, name: str, roots: Sequence[str]) -> Condition:
    """By source or path, else by the name that people see, as `citewell remove` takes it."""
    if not name.strip():
        raise UserError("The name of a document or folder is empty; `citewell list` shows what is there.")
    by_path = (name, str(Path(name).expanduser().resolve()))
    as_shown = [f"{root.rstrip('/')}/{name}" for root in roots]
    for places in (by_path, as_shown):
        found = _any(_at(place.rstrip("/")) for place in places)
        if snapshot.rows(f"SELECT 1 FROM documents WHERE {found.sql} LIMIT 1", found.values):
            return found
    there = _there(_alike(snapshot, name) or _top_names(snapshot))
    raise UserError(f'"{name}" is no document or folder of this knowledge base; {there}.')


def _at(place: str) -> Condition:
    # "0" comes right after "/": all that begins with "folder/".
    return Condition("source = ? OR file = ? OR (file >= ? AND file < ?)", (place, place, f"{place}/", f"{place}0"))


def _top_names(snapshot: Snapshot) -> list[str]:
    files = snapshot.rows("SELECT DISTINCT source, root FROM files JOIN (SELECT file FROM documents) ON file = source")
    return [source.removeprefix(f"{root.rstrip('/')}/").partition("/")[0] or source for source, root in files]


def _alike(snapshot: Snapshot, name: str) -> list[str]:
    """The files of that name in whichever folder, as people see them."""
    files = snapshot.rows("SELECT source, root FROM files WHERE source LIKE ? ESCAPE '\\'", (f"%/{_literal(name)}",))
    return [source.removeprefix(f"{root.rstrip('/')}/") for source, root in files]


def _literal(text: str) -> str:
    """What LIKE finds nothing but itself for."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def _types(snapshot: Snapshot, names: Sequence[str]) -> Condition:
    if not names:
        return Condition()
    known = [media_type for (media_type,) in snapshot.rows("SELECT DISTINCT media_type FROM documents")]
    for name in names:
        if not any(is_named(media_type, folded(name)) for media_type in known):
            raise UserError(f'No document is of the type "{name}"; {_there(map(plain_name, known))}.')
    return _one_of("media_type", [each for each in known if any(is_named(each, folded(name)) for name in names)])


def _tags(snapshot: Snapshot, names: Sequence[str]) -> Condition:
    if not names:
        return Condition()
    known = {value: json.loads(value) for (value,) in snapshot.rows("SELECT DISTINCT tags FROM documents")}
    there = {folded(tag): tag for tags in known.values() for tag in tags}
    wanted = {folded(name) for name in names}
    for name in names:
        if folded(name) not in there:
            raise UserError(f'No document has the tag "{name}"; {_there(there.values())}.')
    return _one_of("tags", [value for value, tags in known.items() if any(folded(tag) in wanted for tag in tags)])


def _dates(snapshot: Snapshot, chosen: Filter) -> Condition:
    since = [first_moment(chosen.since).isoformat()] if chosen.since else []
    until = [last_moment(chosen.until).isoformat()] if chosen.until else []
    parts = [
        *(Condition("julianday(modified) >= julianday(?)", (moment,)) for moment in since),
        *(Condition("julianday(modified) <= julianday(?)", (moment,)) for moment in until),
    ]
    condition = _all(parts)
    if parts and not _documents(snapshot, condition):
        dates = "SELECT date(min(julianday(modified))), date(max(julianday(modified))) FROM documents"
        first, last = snapshot.rows(dates)[0]
        there = f"they are from {first} to {last}" if first else "they have no dates"
        raise UserError(f"No document is {_span(chosen)}; {there}.")
    return condition


def _span(chosen: Filter) -> str:
    words = [f"from {chosen.since} or later"] if chosen.since else []
    words += [f"from {chosen.until} or before"] if chosen.until else []
    return " and ".join(words)


def _under_headings(snapshot: Snapshot, chosen: Filter, condition: Condition) -> tuple[int, ...]:
    """The numbers of the passages, ascending, of documents of `condition`, whose headings hold what is asked for."""
    wanted = {folded(heading): heading for heading in chosen.headings}
    if "" in wanted:
        raise UserError("The text of a heading is empty; give some of its words.")
    met: set[str] = set()
    is_whole = condition == Condition()
    # Most documents hold none of them anywhere, which is told without reading their blocks.
    likely = re.compile("|".join(_SPACE.join(map(_as_stored, text.split())) for text in wanted)).search
    statement = f"SELECT id, blocks FROM documents WHERE ({condition.sql}) AND holds(blocks)"
    rows = snapshot.rows_where(statement, condition.values, lambda blocks: bool(likely(blocks.casefold())))
    numbers: list[int] = []
    for document, blocks in rows:
        spans = _under(unpack_blocks(blocks), list(wanted), met)
        numbers += _overlapping(snapshot, document, spans) if spans else []
    # Of what else is asked for, a heading need not stand in all of it; in the whole base, it is mistyped.
    missing = [heading for text, heading in wanted.items() if text not in met]
    if missing and (is_whole or not met):
        raise UserError(
            f'No passage{"" if is_whole else " of what else is asked for"} stands under a heading with "{missing[0]}";'
            " a part of a heading is enough, and `citewell search` shows the headings of what it finds."
        )
    return tuple(sorted(numbers))


def _overlapping(snapshot: Snapshot, document: int, spans: Sequence[Span]) -> list[int]:
    """The numbers of the document's passages that share a character with one of `spans`."""
    rows = snapshot.rows("SELECT id, start, stop FROM chunks WHERE document = ?", (document,))
    return [name for name, start, stop in rows if any(start < span.end and span.start < stop for span in spans)]


def _under(blocks: Sequence[Block], wanted: Sequence[str], met: set[str]) -> list[Span]:
    """The blocks that stand under a heading with one of the texts, itself included; those found are put in `met`."""
    found: list[Span] = []
    for block in blocks:
        headings = [folded(heading) for heading in block.headings]
        texts = {text for text in wanted if any(text in heading for heading in headings)}
        met.update(texts)
        found += [Span(block.start, block.end)] if texts else []
    return found


def _as_stored(word: str) -> str:
    """The pattern of a word in JSON."""
    return re.escape(json.dumps(word, ensure_ascii=False)[1:-1])


def _nothing(chosen: Filter) -> UserError:
    asked = [f"in {' or '.join(chosen.sources)}"] if chosen.sources else []
    asked += [f"of the type {' or '.join(chosen.types)}"] if chosen.types else []
    asked += [_span(chosen)] if chosen.since or chosen.until else []
    asked += [f"with the tag {' or '.join(chosen.tags)}"] if chosen.tags else []
    if not asked[1:]:
        return UserError("This knowledge base has no documents yet; add some with `citewell ingest PATH`.")
    return UserError(f"No document is all of this at once: {', '.join(asked)}; leave some of it out.")


def _there(names: Iterable[str]) -> str:
    distinct = sorted(set(names))
    more = f" and {len(distinct) - _LISTED} more" if len(distinct) > _LISTED else ""
    return f"there: {', '.join(distinct[:_LISTED])}{more}" if distinct else "there are none"


def _one_of(column: str, values: Sequence[str]) -> Condition:
    # One value for all of them: SQLite takes 32,766 in a statement.
    return Condition(f"{column} IN (SELECT value FROM json_each(?))", (json.dumps(values),)) if values else Condition()


def _any(conditions: Iterable[Condition]) -> Condition:
    return _joined(" OR ", conditions)


def _all(conditions: Iterable[Condition]) -> Condition:
    return _joined(" AND ", conditions)


def _joined(word: str, conditions: Iterable[Condition]) -> Condition:
    parts = tuple(conditions)
    if not parts:
        return Condition()
    sql = word.join(f"({part.sql})" for part in parts)
    return Condition(sql, tuple(value for part in parts for value in part.values))
