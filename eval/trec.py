"""Rankings and judgements in TREC's formats, for the tools that read these; fields stand between blanks.

White space within a field, which an id may hold, is percent-encoded, and so is the percent sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from kb.errors import UserError

JUDGEMENTS = "qrels.txt"
_NOT_IN_FIELDS = re.compile(r"[\s%]")
_NOT_IN_FILE_NAMES = re.compile(r"[^\w .+,@-]")


def encoded(text: str) -> str:
    """`text` as a field: "a b" is a%20b. urllib.parse.unquote leads back."""
    return _NOT_IN_FIELDS.sub(_percent, text)


def run_file(folder: Path, name: str) -> Path:
    """Where the rankings of the configuration `name` are written."""
    return folder / f"{_NOT_IN_FILE_NAMES.sub(_percent, name)}.trec"


def write_run(folder: Path, name: str, rankings: Mapping[str, Sequence[str]]) -> Path:
    """Writes lines `query Q0 document rank score tag`, from ids by query's id, best first.

    The score is minus the rank: a retriever's own scores can be equal, and readers would then put the documents in
    another order than the one that was judged. A query without a ranking has no line.
    """
    tag = encoded(name)
    return _write(
        run_file(folder, name),
        (
            f"{encoded(query)} Q0 {encoded(document)} {rank} {-rank} {tag}\n"
            for query, ranking in rankings.items()
            for rank, document in enumerate(ranking, start=1)
        ),
    )


def write_judgements(folder: Path, judgements: Mapping[str, Mapping[str, int]]) -> Path:
    """Writes lines `query 0 document grade`, its ids encoded as those of the runs beside it."""
    return _write(
        folder / JUDGEMENTS,
        (
            f"{encoded(query)} 0 {encoded(document)} {grade}\n"
            for query, grades in judgements.items()
            for document, grade in grades.items()
        ),
    )


def make_folder(folder: Path) -> None:
    """Makes sure that there is a `folder` for runs. Raises UserError where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"No runs can be written to {folder}: {error.strerror}; name another folder.") from error


def _write(path: Path, lines: Iterable[str]) -> Path:
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; name another folder.") from error
    return path


def _percent(found: re.Match[str]) -> str:
    return quote(found.group(), safe="")
