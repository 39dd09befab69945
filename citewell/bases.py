"""Deleting a whole knowledge base."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4

from citewell.board import Board
from citewell.home import base_folder
from kb.errors import Locked, UnknownKnowledgeBase, UserError
from kb.store.lock import exclusive

LOCKS = ("publisher.lock", "writer.lock")
PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""


def delete_base(home: Path, name: str) -> None:
    """Deletes the base `name`, uploaded documents and conversations included, at once and whole.

    Who calls it has closed it. Raises UnknownKnowledgeBase where there is none, Locked where another process is at work
    on it.
    """
    folder = base_folder(home, name)
    if not (folder / "manifest.sqlite").is_file():
        raise UnknownKnowledgeBase(f'There is no knowledge base "{name}" in {home}.')
    for note in Board(folder / "jobs").notes():
        if note.state == "running" and note.pid != os.getpid():
            raise Locked(
                f'Another process (pid {note.pid}) is adding documents to "{name}"; wait until it is done, or stop it.'
            )
    for left in home.glob(".*.deleted"):
        shutil.rmtree(left, ignore_errors=True)  # Of a deletion that was cut short; it may still be under way.
    gone = home / f".{uuid4().hex}.deleted"
    try:
        with exclusive(folder / LOCKS[0], wait=PATIENCE), exclusive(folder / LOCKS[1], wait=PATIENCE):
            # From here on nobody finds it: a base that is half deleted is never seen.
            folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise UserError(f'"{name}" cannot be deleted ({error.strerror}); see who may write in {home}.') from error
