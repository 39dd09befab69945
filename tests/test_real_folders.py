"""Holds readers, splitter and ingest to their promises on folders of one's own.

CITEWELL_TEST_DOCUMENTS=first:second pytest --log-cli-level=INFO tests/test_real_folders.py
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from citewell import KnowledgeBase
from ingest.readers.source_file import Refusal
from ingest.reading import read_path
from ingest.splitter import SentenceSplitter
from kb.errors import UnreadableFile
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.models.tokens import TextTokenizer
from kb.protocols import Tokenizer
from kb.text.passages import indexed_text
from kb.types import Chunk, Document

logger = logging.getLogger(__name__)

WINDOW = 254
FOLDERS = [Path(folder) for folder in os.environ.get("CITEWELL_TEST_DOCUMENTS", "").split(os.pathsep) if folder]


@pytest.mark.skipif(not FOLDERS, reason="CITEWELL_TEST_DOCUMENTS names no folders")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_passage_of_a_folder_is_sound(folder: Path) -> None:
    tokenizer = TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8"))
    splitter = SentenceSplitter(tokenizer, WINDOW)
    documents = 0
    lengths: list[int] = []
    refused: list[str] = []
    reading = splitting = 0.0
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        began = perf_counter()
        read: list[Document] = []
        try:
            for found in read_path(path):
                if isinstance(found, Refusal):
                    refused.append(found.reason)
                else:
                    read.append(found)
        except UnreadableFile as error:
            refused.append(str(error))
            continue
        reading += perf_counter() - began
        for document in read:
            began = perf_counter()
            chunks = splitter.split(document)
            splitting += perf_counter() - began
            lengths += hold_promises(document, chunks, tokenizer)
        documents += len(read)
    lengths.sort()
    shares = {percent: lengths[len(lengths) * percent // 100] for percent in (0, 5, 25, 50, 75, 95)} if lengths else {}
    logger.info(
        "%s: %d documents, %d passages, read %.1f s, split %.1f s, mean %.0f tokens, percentiles %s, refused %s",
        *(folder, documents, len(lengths), reading, splitting, sum(lengths) / max(1, len(lengths)), shares, refused),
    )
    assert lengths


def hold_promises(document: Document, chunks: list[Chunk], tokenizer: Tokenizer) -> list[int]:
    """Asserts what readers and splitter promise and gives the length of each passage in tokens."""
    text = document.text
    text.encode()
    assert all(0 <= block.start <= block.end <= len(text) for block in document.blocks)
    assert all(before.end <= block.start for before, block in pairwise(document.blocks))
    assert all(before.offset <= mark.offset for before, mark in pairwise(document.marks))
    assert all(before.end <= box.start for before, box in pairwise(document.boxes))
    assert all(text[chunk.start : chunk.end] == chunk.text == chunk.text.strip() != "" for chunk in chunks)
    assert all(before.end <= chunk.start for before, chunk in pairwise(chunks))
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(text.split())
    lengths = [len(tokenizer.offsets(indexed_text(chunk.context, chunk.text))) for chunk in chunks]
    assert max(lengths) <= WINDOW
    return lengths


@pytest.mark.skipif(not FOLDERS, reason="CITEWELL_TEST_DOCUMENTS names no folders")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_file_of_a_folder_ends_in_a_state_and_damage_never_shows(folder: Path, tmp_path: Path) -> None:
    files = {str(path.resolve()) for path in folder.rglob("*") if path.is_file() and "/." not in f"/{path}"}
    first, err = ingested(folder, tmp_path)
    told = {entry["source"]: entry["reason"] for entry in (*first["failed"], *first["skipped"])}
    assert first["added"] + len(told.keys() & files) == len(files)
    assert "Traceback" not in err
    for reason in told.values():
        assert reason.endswith("."), reason
        assert "\n" not in reason, reason
        assert "stopped with" not in reason, reason
    logger.info("%s: %d files, %d added; %s", folder, len(files), first["added"], "\n".join(sorted(told.values())))
    again, _ = ingested(folder, tmp_path)
    assert again["unchanged"] == first["added"]
    assert {entry["source"]: entry["reason"] for entry in (*again["failed"], *again["skipped"])} == told
    assert again["seconds"] < 10, "what could not be read was tried again"
    with KnowledgeBase.open(home=tmp_path / "home") as base:
        assert base.verify().problems == ()
        assert {row.state for row in base.documents()} <= {"ready", "failed", "skipped"}


def ingested(folder: Path, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """The report of an ingest by the command, and what it wrote besides."""
    command = [sys.executable, "-m", "app.cli.main", "--home", str(tmp_path / "home"), "--json", "ingest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3_600)
    assert done.returncode in (0, 3), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report, done.stderr
