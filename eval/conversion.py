"""Other forms of datasets turned into the knowledge-base layout: articles as Markdown, paragraphs as evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from eval.file_names import file_names
from eval.squad import SquadArticle, SquadQuestion, read_squad
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


def convert_squad(file: Path, target: Path) -> Conversion:
    """Turns `file`, in the form of SQuAD, into a dataset in `target`, which must be new or empty.

    The dataset is there as a whole or not at all. A paragraph that an article repeats is written once.
    Raises DatasetError, which names the place, for a broken file, and UserError for a target that is taken.
    """
    target = target.expanduser().resolve()
    _require_free(target)
    articles = read_squad(file)
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
    try:
        taken = any(target.iterdir()) if target.is_dir() else target.exists()
    except OSError as error:
        raise UserError(f"{target} cannot be looked at: {error.strerror}; name another folder.") from error
    if taken:
        raise UserError(f"{target} is not empty: name a folder that is new or empty.")


def _write(articles: Sequence[SquadArticle], target: Path) -> None:
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


def _write_dataset(articles: Sequence[SquadArticle], folder: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    names = file_names([article.title for article in articles], ".md")
    with (folder / "questions.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for article, name in zip(articles, names, strict=True):
            (documents / name).write_text(_markdown(article), encoding="utf-8", newline="")
            file.writelines(_row(question, name) + "\n" for question in article.questions)


def _markdown(article: SquadArticle) -> str:
    """Paragraphs stand as they are, so that they can be found as quotes."""
    return "\n\n".join((f"# {_heading(article.title)}", *article.paragraphs)) + "\n"


def _heading(title: str) -> str:
    """A title in words: SQuAD has those of Wikipedia's addresses, as in Fr%C3%A9d%C3%A9ric_Chopin."""
    decoded = title if any(character.isspace() for character in title) else unquote(title).replace("_", " ")
    words = title if "\ufffd" in decoded else decoded
    return " ".join("".join(character if character.isprintable() else " " for character in words).split()) or "untitled"


def _row(question: SquadQuestion, source: str) -> str:
    evidence = [{"source": source, "page": None, "quote": question.paragraph}] if question.answers else []
    row = {
        "id": question.id,
        "question": question.text,
        "answers": list(dict.fromkeys(question.answers)),
        "answerable": bool(question.answers),
        "evidence": evidence,
    }
    return json.dumps(row, ensure_ascii=False)
