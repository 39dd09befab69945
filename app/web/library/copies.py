"""Uploaded copies that nothing came of: they go when what was to be done with them is dropped or dismissed.

An ingest that is stopped can be gone on with, and keeps its copies until somebody dismisses it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.web.library.queue import Ingest
from app.web.library.uploads import delete_uploads, is_upload
from app.web.workspace import Workspace
from citewell.board import JobNote


def drop(workspace: Workspace, ingest: Ingest) -> None:
    """Takes a waiting ingest out of the queue, with its copies; nothing happens where it has begun meanwhile."""
    if workspace.queue.drop(ingest):
        delete_unread(workspace, ingest.errand.paths)


def dismiss(workspace: Workspace, note: JobNote) -> None:
    """Forgets an interrupted job, with the copies that it has not reached. Raises UserError where it is gone."""
    workspace.base.dismiss(note.id)
    delete_unread(workspace, note.errand.paths)


def cut_short(workspace: Workspace) -> list[str]:
    """The paths of all interrupted jobs."""
    return [path for note in workspace.base.jobs() if note.state == "interrupted" for path in note.errand.paths]


def delete_unread(workspace: Workspace, paths: Iterable[str]) -> int:
    """Deletes the copies at and below `paths` of which the base knows nothing and which no job names; says how many."""
    with workspace.handing_in:
        errands = [ingest.errand for ingest in workspace.queue.unfinished()]
        errands += [note.errand for note in workspace.base.jobs()]
        needed = {path for errand in errands for path in errand.paths}
        copies = [copy for path in paths if is_upload(workspace.uploads, Path(path)) for copy in _files(path)]
        unneeded = [copy for copy in copies if needed.isdisjoint((copy, *map(str, Path(copy).parents)))]
        known = set(workspace.base.catalogue.known(unneeded))
        return delete_uploads(workspace.uploads, [copy for copy in unneeded if copy not in known])


def _files(path: str) -> Iterator[str]:
    """The file `path`, or all files below it; links are not followed."""
    if Path(path).is_symlink() or not Path(path).is_dir():
        yield path
    else:
        yield from (str(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)
