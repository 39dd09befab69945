"""Files in the form of SQuAD as plain values, strictly read; DRCD and others have the same form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.lines import add_once, text_of
from kb.errors import DatasetError


@dataclass(frozen=True, slots=True)
class _Entry:
    """The place of a value in a JSON file: its path from the root, as in data[0].paragraphs[2]."""

    file: Path
    path: str = ""

    def error(self, message: str) -> DatasetError:
        return DatasetError(f"{self.file}, {self.path}: {message}." if self.path else f"{self.file}: {message}.")

    def below(self, key: str, index: int) -> _Entry:
        return _Entry(self.file, f"{self.path}.{key}[{index}]".lstrip("."))


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question on a paragraph.

    `answers` is empty where the paragraph does not answer it; `misplaced` of them do not stand where the file says.
    """

    id: str
    text: str
    paragraph: str
    answers: tuple[str, ...]
    misplaced: int


@dataclass(frozen=True, slots=True)
class SquadArticle:
    title: str
    paragraphs: tuple[str, ...]
    questions: tuple[SquadQuestion, ...]


def read_squad(file: Path) -> list[SquadArticle]:
    """The articles of `file`, in the form of version 1.1 or 2.0 (Rajpurkar et al., 2016 and 2018).

    A question is answerable unless "is_impossible" says otherwise or, without that key, there is no answer.
    Raises DatasetError, which names the place, for a broken file.
    """
    root = _Entry(file)
    content = _content(file)
    if not isinstance(content, dict):
        raise root.error('expected a JSON object with "data"')
    identities: set[str] = set()
    return [_article(row, place, identities) for row, place in _objects(content, "data", root)]


def _content(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DatasetError(f"There is no file {file}.") from None
    except OSError as error:
        raise DatasetError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{file} is not UTF-8 text: save it in that encoding.") from None
    except json.JSONDecodeError as error:
        reason = error.msg.removesuffix(" at")
        raise DatasetError(f"{file}, line {error.lineno}: not valid JSON ({reason} at column {error.colno}).") from None
    except (RecursionError, ValueError):
        raise DatasetError(f"{file} cannot be read: it nests too deeply, or a number is too long.") from None


def _article(row: Mapping[str, object], place: _Entry, identities: set[str]) -> SquadArticle:
    paragraphs: dict[str, None] = {}
    questions: list[SquadQuestion] = []
    for paragraph, at in _objects(row, "paragraphs", place):
        text = text_of(paragraph, "context", at)
        if "\0" in text:
            raise at.error('"context" holds a NUL character, and a file that does is not read as text')
        paragraphs[text] = None
        questions.extend(_question(entry, where, text, identities) for entry, where in _objects(paragraph, "qas", at))
    return SquadArticle(text_of(row, "title", place), tuple(paragraphs), tuple(questions))


def _question(row: Mapping[str, object], place: _Entry, paragraph: str, identities: set[str]) -> SquadQuestion:
    identity = _identity(row, place)
    add_once(identity, to=identities, place=place)
    text = text_of(row, "question", place)
    impossible = row.get("is_impossible")
    if not isinstance(impossible, bool | None):
        raise place.error('"is_impossible" must be true or false')
    if impossible:
        return SquadQuestion(identity, text, paragraph, (), 0)
    answers = [_answer(entry, where) for entry, where in _objects(row, "answers", place)]
    if impossible is False and not answers:
        raise place.error('a question that is not impossible needs an entry in "answers"')
    misplaced = sum(not _stands(paragraph, answer, start) for answer, start in answers)
    return SquadQuestion(identity, text, paragraph, tuple(answer for answer, _ in answers), misplaced)


def _identity(row: Mapping[str, object], place: _Entry) -> str:
    """Annotation tools number their questions."""
    value = row.get("id")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(row, "id", place)


def _answer(row: Mapping[str, object], place: _Entry) -> tuple[str, int]:
    start = row.get("answer_start")
    if not isinstance(start, int) or isinstance(start, bool):
        raise place.error('"answer_start" must be there and be a whole number')
    return text_of(row, "text", place), start


def _stands(paragraph: str, answer: str, start: int) -> bool:
    return start >= 0 and paragraph.startswith(answer, start)


def _objects(row: Mapping[str, object], key: str, place: _Entry) -> Iterator[tuple[Mapping[str, object], _Entry]]:
    """The objects of the list under `key`, each with its place."""
    values = row.get(key)
    if not isinstance(values, list):
        raise place.error(f'"{key}" must be there and be a list')
    for index, value in enumerate(values):
        below = place.below(key, index)
        if not isinstance(value, dict):
            raise below.error("expected a JSON object")
        yield value, below
