"""SQuAD-style files as datasets in the knowledge-base layout: articles as Markdown, paragraphs as evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from eval.file_names import file_names
from eval.lines import add_once, text_of
from kb.errors import DatasetError, UserError


@dataclass(frozen=True, slots=True)
class Conversion:
    """How much was written. `answers` counts those given in the file for answerable questions, `misplaced` those of
    them that do not stand in their paragraph where the file says."""

    documents: int
    questions: int
    answerable: int
    answers: int
    misplaced: int


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
class _Question:
    """A question on a paragraph; `answers` is empty where the paragraph does not answer it."""

    id: str
    text: str
    paragraph: str
    answers: tuple[str, ...]
    misplaced: int


@dataclass(frozen=True, slots=True)
class _Article:
    title: str
    paragraphs: tuple[str, ...]
    questions: tuple[_Question, ...]


def convert_squad(file: Path, target: Path) -> Conversion:
    """Turns `file`, in the form of SQuAD 1.1 or 2.0 (Rajpurkar et al., 2016 and 2018), into a dataset in `target`.

    `target` must be new or empty; it is there as a whole or not at all. A paragraph that an article repeats is written
    once. A question is answerable unless "is_impossible" says otherwise or, without that key, there is no answer.
    Raises DatasetError, which names the place, for a broken file, and UserError for a target that is taken.
    """
    target = target.expanduser().resolve()
    _require_free(target)
    articles = _articles(file)
    questions = [question for article in articles for question in article.questions]
    if not questions:
        raise DatasetError(f"{file} holds no question: nothing could be measured with it.")
    _write(articles, target)
    return Conversion(
        documents=len(articles),
        questions=len(questions),
        answerable=sum(bool(question.answers) for question in questions),
        answers=sum(len(question.answers) for question in questions),
        misplaced=sum(question.misplaced for question in questions),
    )


def _require_free(target: Path) -> None:
    if target.is_dir():
        if any(target.iterdir()):
            raise UserError(f"{target} is not empty: name a folder that is new or empty.")
    elif target.exists():
        raise UserError(f"{target} is a file: name a folder that is new or empty.")


def _articles(file: Path) -> list[_Article]:
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
        raise DatasetError(
            f"{file}, line {error.lineno}: not valid JSON ({error.msg} at column {error.colno})."
        ) from None
    except (RecursionError, ValueError):
        raise DatasetError(f"{file} cannot be read: it nests too deeply, or a number is too long.") from None


def _article(row: Mapping[str, object], place: _Entry, identities: set[str]) -> _Article:
    paragraphs: dict[str, None] = {}
    questions: list[_Question] = []
    for paragraph, at in _objects(row, "paragraphs", place):
        text = text_of(paragraph, "context", at)
        paragraphs[text] = None
        questions.extend(_question(entry, where, text, identities) for entry, where in _objects(paragraph, "qas", at))
    return _Article(text_of(row, "title", place), tuple(paragraphs), tuple(questions))


def _question(row: Mapping[str, object], place: _Entry, paragraph: str, identities: set[str]) -> _Question:
    identity = _identity(row, place)
    add_once(identity, to=identities, place=place)
    text = text_of(row, "question", place)
    impossible = row.get("is_impossible")
    if not isinstance(impossible, bool | None):
        raise place.error('"is_impossible" must be true or false')
    if impossible:
        return _Question(identity, text, paragraph, (), 0)
    answers = [_answer(entry, where) for entry, where in _objects(row, "answers", place)]
    if impossible is False and not answers:
        raise place.error('a question that is not impossible needs an entry in "answers"')
    misplaced = sum(not _stands(paragraph, answer, start) for answer, start in answers)
    return _Question(identity, text, paragraph, tuple(answer for answer, _ in answers), misplaced)


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


def _write(articles: Sequence[_Article], target: Path) -> None:
    """Writes beside `target` and moves it there in the end."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name[:40]}-") as beside:
            folder = Path(beside) / "dataset"
            _write_dataset(articles, folder)
            if target.is_dir():
                target.rmdir()
            folder.rename(target)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}; name another folder.") from error


def _write_dataset(articles: Sequence[_Article], folder: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    names = file_names([article.title for article in articles], ".md")
    with (folder / "questions.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for article, name in zip(articles, names, strict=True):
            (documents / name).write_text(_markdown(article), encoding="utf-8", newline="")
            file.writelines(_row(question, name) + "\n" for question in article.questions)


def _markdown(article: _Article) -> str:
    """Paragraphs stand as they are, so that they can be found as quotes."""
    return "\n\n".join((f"# {_heading(article.title)}", *article.paragraphs)) + "\n"


def _heading(title: str) -> str:
    """A title in words: SQuAD has those of Wikipedia's addresses, as in Fr%C3%A9d%C3%A9ric_Chopin."""
    if any(character.isspace() for character in title):
        return " ".join(title.split())
    words = unquote(title).replace("_", " ").strip()
    return words if words and words.isprintable() and "\ufffd" not in words else title


def _row(question: _Question, source: str) -> str:
    evidence = [{"source": source, "page": None, "quote": question.paragraph}] if question.answers else []
    row = {
        "id": question.id,
        "question": question.text,
        "answers": list(dict.fromkeys(question.answers)),
        "answerable": bool(question.answers),
        "evidence": evidence,
    }
    return json.dumps(row, ensure_ascii=False)
