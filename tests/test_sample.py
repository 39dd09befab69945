"""The sample keeps its promises: its counts, evidence that stands where the questions say, and files that rebuild."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import pytest
from bs4 import BeautifulSoup

DATA = Path(__file__).parents[1] / "data"
DOCUMENTS = DATA / "sample" / "documents"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (DATA / "sample" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]


def _collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@cache
def _pages(source: str) -> tuple[str, ...]:
    """The text of a document, white space collapsed: one entry a page for PDF, else one."""
    path = DOCUMENTS / source
    match path.suffix:
        case ".pdf":
            with pypdfium2.PdfDocument(path) as pdf:
                return tuple(_collapsed(page.get_textpage().get_text_range()) for page in pdf)
        case ".docx":
            document = docx.Document(str(path))
            cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
            return (_collapsed("\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])),)
        case ".html":
            main = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").main
            assert main is not None
            return (_collapsed(main.get_text()),)
        case _:
            return (_collapsed(path.read_text(encoding="utf-8")),)


def test_documents_come_in_five_formats() -> None:
    formats = Counter(path.suffix for path in DOCUMENTS.iterdir())
    assert set(formats) == {".md", ".txt", ".html", ".pdf", ".docx"}
    assert formats.total() >= 10
    assert formats[".md"] >= 5
    assert min(formats.values()) >= 2


def test_there_are_enough_questions_of_both_kinds() -> None:
    ids = [question["id"] for question in QUESTIONS]
    assert len(ids) == len(set(ids)) >= 40
    assert len(ANSWERABLE) >= 30
    assert len(QUESTIONS) - len(ANSWERABLE) >= 10


def test_unanswerable_questions_name_no_answer_and_no_evidence() -> None:
    unanswerable = [question for question in QUESTIONS if not question["answerable"]]
    assert all(not question["answers"] and not question["evidence"] for question in unanswerable)


def test_every_document_is_asked_about() -> None:
    asked = {evidence["source"] for question in ANSWERABLE for evidence in question["evidence"]}
    assert asked == {path.name for path in DOCUMENTS.iterdir()}


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_evidence_stands_where_it_is_said_to_and_holds_an_answer(question: dict[str, Any]) -> None:
    assert question["evidence"]
    for evidence in question["evidence"]:
        source, page, quote = evidence["source"], evidence["page"], evidence["quote"]
        assert (page is not None) == source.endswith(".pdf")
        assert quote in _pages(source)[(page or 1) - 1]
        assert any(answer in quote for answer in question["answers"])


def test_pdfs_have_pages_a_title_and_an_outline() -> None:
    for path in DOCUMENTS.glob("*.pdf"):
        with pypdfium2.PdfDocument(path) as pdf:
            outline = [entry.get_title() for entry in pdf.get_toc()]
            assert len(pdf) >= 3
            assert outline[0] == pdf.get_metadata_value("Title")
            assert outline[-1] == "Sources"


def test_built_documents_are_reproduced_byte_for_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DATA / "build.py"), str(tmp_path)], check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in DOCUMENTS.iterdir() if path.suffix in (".pdf", ".docx")}
    assert built.keys() == committed.keys()
    assert [name for name in built if built[name] != committed[name]] == []
