"""Readers of LlamaIndex, and others that settings name, read what they are named for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from citewell.knowledge_base import KnowledgeBase
from citewell.parsing import configured_parsing
from ingest.formats import Formats
from ingest.limits import Limits
from ingest.messages import Done, Parsed, Setup, Task
from ingest.parsers import ParserPool
from ingest.readers.source_file import Refusal, SourceFile
from ingest.reading import read
from ingest.splitter import SentenceSplitter
from kb.errors import NothingToRead, SettingsError
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.models.tokens import TextTokenizer
from kb.settings import IngestSettings, Settings
from kb.types import Anchor, Document

OF_LLAMA_INDEX = """
from llama_index.core import Document
from llama_index.core.readers.base import BaseReader


class Pages(BaseReader):
    def load_data(self, file, extra_info=None):
        pages = enumerate(file.read_text().split("---"), 3)
        return [Document(text=page, metadata={"page_label": f"{number}", "title": "Foxes"}) for number, page in pages]


class Lazy(BaseReader):
    def lazy_load_data(self, file, extra_info=None):
        for part in file.read_text().split("---"):
            yield Document(text=part, metadata={"file_type": "text/x-fox"})
"""
OTHERS = """
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace


class ByName:
    def load_data(self, file_path: str):
        mode = os.stat(Path(file_path).parent).st_mode & 0o777
        return [SimpleNamespace(text=json.dumps([file_path, mode]), metadata={})]


class Crashes:
    def load_data(self, file):
        Path(tempfile.mkdtemp(), "left").write_text("x")
        os.kill(os.getpid(), 9)


class Own:
    def read(self, file):
        yield file.part("a.md", b"# Foxes")


class NeedsMore:
    def __init__(self, key):
        pass

    def load_data(self, file):
        return []


class Neither:
    pass
"""
READERS = {
    ".pages": "fox_readers:Pages",
    ".lazy": "fox_readers:Lazy",
    ".name": "other_readers:ByName",
    ".own": "other_readers:Own",
    ".crash": "other_readers:Crashes",
}


@pytest.fixture
def formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Formats]:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "fox_readers.py").write_text(OF_LLAMA_INDEX)
    (folder / "other_readers.py").write_text(OTHERS)
    monkeypatch.syspath_prepend(folder)
    yield Formats(READERS)
    for name in ("fox_readers", "other_readers"):
        sys.modules.pop(name, None)


def found(path: Path, formats: Formats, content: str) -> list[Document | Refusal]:
    path.write_text(content)
    return list(read(SourceFile.at(path), formats, {}))


def test_documents_with_page_labels_are_pages_of_one(formats: Formats, tmp_path: Path) -> None:
    [document] = found(tmp_path / "a.pages", formats, "One.\n\nTwo.---Three.\x00")
    assert isinstance(document, Document)
    assert document.text == "One.\n\nTwo.\n\nThree. "
    assert document.anchor_at(0) == Anchor("page", "page 3", 3)
    assert document.anchor_at(document.text.index("Three")) == Anchor("page", "page 4", 4)
    assert document.title == "Foxes"
    assert Path(document.source).name == "a.pages"


def test_documents_without_are_documents_of_their_own(formats: Formats, tmp_path: Path) -> None:
    one, two = found(tmp_path / "a.lazy", formats, "One.\n\nMore.---Two.--- ")
    assert isinstance(one, Document)
    assert isinstance(two, Document)
    assert [Path(each.source).name for each in (one, two)] == ["a.lazy#1", "a.lazy#2"]
    assert [each.text for each in (one, two)] == ["One.\n\nMore.", "Two."]
    assert one.sha256 != two.sha256
    assert one.media_type == "text/x-fox"
    assert [block.kind for block in one.blocks] == ["paragraph", "paragraph"]


def test_a_single_document_is_the_files(formats: Formats, tmp_path: Path) -> None:
    [document] = found(tmp_path / "a.lazy", formats, "One.")
    assert isinstance(document, Document)
    assert Path(document.source).name == "a.lazy"


def test_nothing_found_is_nothing_to_read(formats: Formats, tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match=r"a\.lazy holds no text\."):
        found(tmp_path / "a.lazy", formats, " --- ")


def test_a_part_is_put_where_only_its_reader_sees_it(formats: Formats, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="../a.name")
    _, document = found(tmp_path / "a.eml", formats, mail.as_string())
    assert isinstance(document, Document)
    path, mode = json.loads(document.text)
    assert (Path(path).suffix, mode) == (".name", 0o700)
    assert not Path(path).parent.exists()
    assert Path(document.source).name == "a.eml#a.name"


def test_a_reader_like_ours_is_used_as_it_is(formats: Formats, tmp_path: Path) -> None:
    [document] = found(tmp_path / "a.own", formats, "whatever")
    assert isinstance(document, Document)
    assert (document.text, document.title) == ("# Foxes", "Foxes")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such_module:Reader", "cannot be imported: No module named 'no_such_module'"),
        ("other_readers:NoSuchClass", "cannot be imported: module 'other_readers' has no attribute 'NoSuchClass'"),
        (".other_readers:Own", "cannot be imported: the 'package' argument is required"),
        ("other_readers:NeedsMore", "is no class that can be made without arguments"),
        ("other_readers:Neither", "has neither LlamaIndex's load_data nor Citewell's read"),
    ],
)
def test_a_reader_that_cannot_be_had_is_a_wrong_setting(name: str, reason: str, formats: Formats) -> None:
    with pytest.raises(SettingsError) as caught:
        configured_parsing(IngestSettings(readers={".xyz": name}))
    assert str(caught.value).startswith(f'The reader "{name}" for .xyz (ingest.readers) {reason}')
    assert str(caught.value).endswith(".")


def test_nothing_is_ingested_with_a_wrong_setting(formats: Formats, tmp_path: Path) -> None:
    settings = Settings(ingest=IngestSettings(readers={".xyz": "other_readers:NoSuchClass"}))
    (tmp_path / "a.md").write_text("# Foxes")
    with KnowledgeBase.open("foxes", create=True, settings=settings) as base:
        with pytest.raises(SettingsError):
            base.ingest([tmp_path / "a.md"]).wait()
        assert base.status().documents == 0


@dataclass(frozen=True)
class Planned:
    task: Task


def test_they_read_in_a_process_of_their_own_that_leaves_nothing_behind(
    formats: Formats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "a.pages").write_text("The fox is red.---The wolf is grey.")
    (tmp_path / "b.crash").write_text("x")
    planned = [Planned(Task(tmp_path / name, "0" * 64)) for name in ("a.pages", "b.crash")]
    tokenizer = TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8"))
    setup = Setup(Limits(), formats, SentenceSplitter(tokenizer, 32))
    pool = ParserPool[Planned](lambda: setup, workers=1, is_cancelled=lambda: False)
    with closing(pool.parse(planned)) as results:
        replies = [result[1] for result in results if result]
    parsed, done, crashed = replies
    assert isinstance(parsed, Parsed)
    assert [passage.anchor for passage in parsed.passages] == [Anchor("page", "page 3", 3), Anchor("page", "page 4", 4)]
    assert isinstance(done, Done)
    assert isinstance(crashed, Done)
    assert done.refusal is None
    assert crashed.refusal
    assert "b.crash was given up" in crashed.refusal.reason
    assert list(temporary.iterdir()) == []
