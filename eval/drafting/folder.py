"""The folder of a question set: a dataset in the knowledge-base layout that grows, and that a person goes through.

Nothing that stands in its file is ever changed but by a decision of that person; what was rejected stays there too, so
that it is not drafted again.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Literal

from filelock import FileLock

from citewell.naming import file_name
from citewell.status import DocumentRow
from eval.drafting.draft import Draft
from eval.lines import add_once, is_unicode, json_rows, list_of, text_of
from kb.errors import UserError

Status = Literal["draft", "accepted", "rejected"]


class QuestionFolder:
    """`folder` and its questions.jsonl, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.file = self.folder / "questions.jsonl"
        self.documents = self.folder / "documents"
        self._whole = self.folder / ".questions.new"
        self._lock = self.folder / ".questions.lock"

    def require_usable(self) -> None:
        """Raises UserError for a folder that holds something else, or questions that people wrote."""
        if self.folder.exists() and not self.folder.is_dir():
            raise UserError(f"{self.folder} is a file; name a folder for the questions.")
        others = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        if not self.file.is_file() and not others <= {self.documents.name, self._whole.name, self._lock.name}:
            raise UserError(f"{self.folder} holds something else; name a new folder, or one that has questions.")
        rows = self.rows()
        if rows and not any("status" in row for row in rows):
            raise UserError(
                f"{self.file} holds questions that were not drafted; drafts would mix with them: name another folder."
            )

    def rows(self) -> list[Mapping[str, object]]:
        """The questions as they stand in the file. Raises DatasetError for a broken one."""
        identities: set[str] = set()
        rows = []
        for line, row in json_rows(self.file) if self.file.exists() else ():
            add_once(text_of(row, "id", line), to=identities, place=line)
            text_of(row, "question", line)
            list_of(row, "answers", line)
            list_of(row, "evidence", line)
            rows.append(row)
        return rows

    def add(self, draft: Draft, name: str) -> None:
        """Writes `draft` below what is there; `name` is that of its source below documents/."""
        self.append(_row(draft, name))

    def append(self, row: Mapping[str, object]) -> None:
        """Writes a question below what is there."""
        with self._alone():
            before = "".join(self._lines())
            if before and not before.endswith("\n"):
                before += "\n"
            self._write(before + _line(row))

    def decide(self, identity: str, status: Status, **changes: object) -> None:
        """Sets the status of a question, and what else a person changed of it; the other lines stay as they are.

        Raises DatasetError where the file was broken since it was read.
        """
        with self._alone():
            self.rows()
            decided = (_decided(line, identity, {**changes, "status": status}) for line in self._lines())
            self._write("".join(decided))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody else reads and writes the questions anew, in whichever process."""
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._lock)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _lines(self) -> list[str]:
        """With their ends, whichever these are."""
        if not self.file.exists():
            return []
        with self.file.open(encoding="utf-8-sig", newline="") as file:
            return list(file)

    def link(self, rows: Sequence[DocumentRow]) -> dict[str, str]:
        """Brings the files of `rows` below documents/; maps them to their names there.

        A hard link where the disk allows it, which takes no room, else a copy. Left out are files that are gone, whose
        size is not that which was ingested, or in whose place there lies another one, which stays.
        """
        there = {row.file: row.file.removesuffix(file_name(row)) for row in rows if _size(row.file) == row.bytes}
        common = os.path.commonpath(there.values()) if there else ""
        names = {file: os.path.relpath(file, common) for file in there}
        with self._writing():
            return {file: name for file, name in names.items() if _is_brought(Path(file), self.documents / name)}

    def _write(self, text: str) -> None:
        """All of it or nothing."""
        if not is_unicode(text):
            raise UserError("What was entered holds half of a surrogate pair, which is no character; enter it again.")
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._whole.write_text(text, encoding="utf-8", newline="")
            self._whole.replace(self.file)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"{self.folder} cannot be written: {error.strerror}; name another folder.") from error


def _size(file: str) -> int | None:
    """None where there is no such file."""
    try:
        return Path(file).stat().st_size
    except OSError:
        return None


def _is_brought(file: Path, to: Path) -> bool:
    """Whether `to` is `file` or a copy of it by now: what lies there already is left alone."""
    told = file.stat()
    if os.path.lexists(to):
        return to.is_file() and (to.stat().st_size, to.stat().st_mtime_ns) == (told.st_size, told.st_mtime_ns)
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(".document.new")
    beside.unlink(missing_ok=True)
    try:
        os.link(file, beside)
    except OSError:  # another disk, or one without links, or somebody else's file
        shutil.copy2(file, beside)
    beside.replace(to)
    return True


def asked_of(rows: Iterable[Mapping[str, object]]) -> set[tuple[str, str]]:
    """What the questions `rows` ask about: names below documents/ and quotes."""
    lists = (evidence for row in rows if isinstance(evidence := row.get("evidence"), list))
    pieces = (piece for piece in chain.from_iterable(lists) if isinstance(piece, dict))
    return {(str(piece.get("source")), str(piece.get("quote"))) for piece in pieces}


def identity(draft: Draft, name: str) -> str:
    """The id of the question that `draft` becomes; `name` is that of its source below documents/."""
    return f"{draft.kind}-{blake2b(f'{name} {draft.quote}'.encode(), digest_size=5).hexdigest()}"


def _row(draft: Draft, name: str) -> Mapping[str, object]:
    return {
        "id": identity(draft, name),
        "question": draft.question,
        "answers": [draft.answer] if draft.answer else [],
        "answerable": True,
        "evidence": [{"source": name, "page": draft.page, "quote": draft.quote}],
        "status": "draft",
    }


def _line(row: Mapping[str, object]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _decided(line: str, identity: str, changes: Mapping[str, object]) -> str:
    if not line.strip():
        return line
    row = json.loads(line)
    return _line({**row, **changes}) if row["id"] == identity else line
