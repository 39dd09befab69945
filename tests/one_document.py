"""What tests of readers ask of a file: its one document, the reason why there is none, the text of its blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.reading import read_path
from kb.errors import UnreadableFile
from kb.types import Document


def read(path: Path) -> Document:
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


def refusal(path: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        list(read_path(path))
    return caught.value


def texts(document: Document, kind: str | None = None) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks if kind in (None, block.kind)]
