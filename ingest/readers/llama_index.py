"""Lets a reader of LlamaIndex, or one of the same form, read files: its documents become ours."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Protocol

from ingest.readers.source_file import SourceFile, clean, digest_of, make_document
from ingest.readers.structure import StructuredText
from ingest.readers.text.lines import line_marks, paragraphs
from kb.errors import NothingToRead
from kb.types import Anchor, Document

_PAGE = "page_label"


class Loaded(Protocol):
    """A document as LlamaIndex has it."""

    @property
    def text(self) -> str: ...

    @property
    def metadata(self) -> Mapping[str, object]: ...


class Loader(Protocol):
    """LlamaIndex's BaseReader, as far as it matters here: called with the path of a file."""

    def load_data(self, path: Path | str, /) -> Iterable[Loaded]: ...


@dataclass(frozen=True, slots=True)
class LlamaIndexReader:
    """Reads by a loader: documents that each have a page_label are the pages of one, others stand by themselves."""

    loader: Loader

    def read(self, file: SourceFile) -> Iterator[Document]:
        with _on_disk(file) as path:
            found = self.loader.load_data(path if _takes_path(self.loader) else str(path))
            loaded = [each for each in found if each.text.strip()]
        if not loaded:
            raise NothingToRead(f"{file.name} holds no text.")
        if all(each.metadata.get(_PAGE) for each in loaded):
            yield _paged(file, loaded)
            return
        for number, each in enumerate(loaded, 1):
            file.step()
            yield _alone(file if len(loaded) == 1 else _numbered(file, number, each), each)


def _paged(file: SourceFile, pages: Sequence[Loaded]) -> Document:
    text = StructuredText(cites_headings=False)
    for number, page in enumerate(pages, 1):
        file.page()
        label = str(page.metadata[_PAGE])
        text.mark(Anchor("page", f"page {label}", int(label) if label.isdecimal() else number))
        words = clean(page.text)
        for block in paragraphs(words):
            text.add("paragraph", words[block.start : block.end])
    return make_document(
        file,
        text=text.text,
        title=_title(pages[0]),
        media_type=_media_type(pages[0]),
        marks=text.marks,
        blocks=text.blocks,
    )


def _alone(file: SourceFile, loaded: Loaded) -> Document:
    text = clean(loaded.text)
    return make_document(
        file,
        text=text,
        title=_title(loaded),
        media_type=_media_type(loaded),
        marks=line_marks(text),
        blocks=paragraphs(text),
    )


def _numbered(file: SourceFile, number: int, loaded: Loaded) -> SourceFile:
    content = clean(loaded.text).encode("utf-8")
    return replace(file, source=f"{file.source}#{number}", sha256=digest_of(content))


def _title(loaded: Loaded) -> str:
    title = loaded.metadata.get("title")
    return title if isinstance(title, str) else ""


def _media_type(loaded: Loaded) -> str:
    kind = loaded.metadata.get("file_type")
    return kind if isinstance(kind, str) and "/" in kind else "text/plain"


def _takes_path(loader: Loader) -> bool:
    """Whether the loader wants a Path, as most do, and not a string."""
    first = next(iter(inspect.signature(loader.load_data).parameters.values()), None)
    return first is None or first.annotation not in (str, "str")


@contextmanager
def _on_disk(file: SourceFile) -> Iterator[Path]:
    """A file's path; what lies in another file is put into a folder of its own, which nobody else can open."""
    if file.path:
        yield file.path
        return
    with tempfile.TemporaryDirectory(prefix="citewell-") as folder:
        path = Path(folder, f"file{PurePath(file.name).suffix}")
        path.write_bytes(file.data)
        yield path
