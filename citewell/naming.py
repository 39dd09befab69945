"""Which files a person means, on the disk and in a base."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from citewell.status import DocumentRow
from kb.errors import MuchWouldGo, UserError


def existing_paths(paths: Sequence[Path | str], *, sync: bool, confirmed: bool) -> list[Path]:
    """`paths` as they are; raises UserError where one is empty, or missing without `sync` and `confirmed`.

    With `sync` a missing one is MuchWouldGo.
    """
    for path in paths:
        # An empty variable of a shell script, and not the working folder, which has a name: "."
        if not str(path):
            raise UserError("A path is empty; give a file or a folder.")
        if not os.path.lexists(path) and not (sync and confirmed):
            if sync:
                raise MuchWouldGo(f"{path} does not exist; add --yes to remove all its documents from the base.")
            raise UserError(f"{path} does not exist; give a file or a folder.")
    return [Path(path) for path in paths]


def files_meant(source: str, rows: Sequence[DocumentRow]) -> list[str]:
    """The files that `source` names: by source or path, else all of a folder, else by the names that people see.

    Raises UserError where it names nothing, several files at once, or one record of a file that holds others.
    """
    if not source.strip():
        raise UserError("The name of a document is empty; `citewell list` shows what is there.")
    path = str(Path(source).expanduser().resolve())
    exact = [row for row in rows if source in (row.file, row.source) or row.file == path]
    below = [row for row in rows if row.file.startswith(path.rstrip("/") + "/")]
    shown = source.rstrip("/")
    named = [row for row in rows if shown in (row.name, file_name(row))]
    within = [row for row in rows if row.name.startswith(shown + "/")]
    found = exact or below or named or within
    if not found:
        raise UserError(f'"{source}" is not in this knowledge base; `citewell list` shows what is.')
    if found is named and len({row.file for row in named}) > 1:
        raise UserError(f'"{source}" names several documents: {", ".join(sorted(row.source for row in named))}.')
    for row in found:
        if row.source != row.file and source in (row.source, row.name):
            raise UserError(f'"{source}" is a part of {row.file}; remove the whole file, or the part from the file.')
    return list(dict.fromkeys(row.file for row in found))


def file_name(row: DocumentRow) -> str:
    """How people see the file that holds a document: the document's own name, but for the part of a container."""
    return row.name.removesuffix(row.source.removeprefix(row.file))
