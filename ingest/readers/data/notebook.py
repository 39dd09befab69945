"""Reads Jupyter notebooks: Markdown, code and what the code printed, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.readers.data.json_file import json_of
from ingest.readers.source_file import SourceFile, clean, decoded, make_document
from ingest.readers.structure import StructuredText
from ingest.readers.text.markdown import write_markdown
from ingest.readers.web.html import parsed_text
from ingest.readers.web.markup import write_markup
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document

MEDIA_TYPE = "application/x-ipynb+json"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_LONGEST_OUTPUT, _KEPT_OF_IT = 20_000, 8_000
_OBJECT = re.compile(r"<[^<>\n]+>\s*")
"""How a picture or a widget is printed where it cannot be shown."""


@dataclass(frozen=True, slots=True)
class NotebookReader:
    def read(self, file: SourceFile) -> Iterator[Document]:
        notebook = _object(json_of(file.name, decoded(file.name, file.read())))
        cells = notebook.get("cells")
        if cells is None:
            cells = [cell for sheet in _list(notebook.get("worksheets")) for cell in _list(_object(sheet).get("cells"))]
        if "nbformat" not in notebook:
            raise UnreadableFile(f"{file.name} is no Jupyter notebook; save it again in Jupyter.")
        text = StructuredText(cites_headings=False)
        for number, cell in enumerate(_list(cells), 1):
            file.step()
            text.mark(Anchor("cell", f"cell {number}", number))
            _write_cell(_object(cell), text)
        yield make_document(
            file,
            text=text.text,
            title=_title(notebook, text),
            media_type=MEDIA_TYPE,
            marks=[mark for mark in text.marks if mark.offset < len(text.text)],
            blocks=text.blocks,
        )


def _title(notebook: Mapping[str, object], text: StructuredText) -> str:
    """The title that the notebook's metadata has, else the first heading of level 1."""
    title = _object(notebook.get("metadata")).get("title")
    if isinstance(title, str) and title:
        return title
    return next(
        (block.headings[0] for block in text.blocks if block.kind == "heading" and len(block.headings) == 1), ""
    )


def _write_cell(cell: Mapping[str, object], text: StructuredText) -> None:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source", cell.get("input")))
    if kind == "markdown":
        write_markdown(source, text)
    elif kind == "heading":
        level = cell.get("level")
        text.add_heading(int(level) if isinstance(level, str) and level.isdecimal() else 1, source)
    elif kind == "code":
        text.add("code", source.strip("\n"))
        for output in _list(cell.get("outputs")):
            _write_output(_object(output), text)
    else:
        text.add("paragraph", source.strip("\n"))


def _write_output(output: Mapping[str, object], text: StructuredText) -> None:
    """What a cell printed: as a table or Markdown where there is such a form of it; pictures are left out."""
    if output.get("output_type") in ("error", "pyerr"):
        text.add("code", _printed(f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"))
        return
    # Until version 4 the forms of an output stood beside its type.
    forms = _object(output.get("data", output))
    plain = _joined(forms.get("text/plain", forms.get("text")))
    markup = _joined(forms.get("text/html", forms.get("html")))
    markdown = _joined(forms.get("text/markdown"))
    if "<table" in markup:
        _write_html(markup, text)
    elif markdown:
        write_markdown(markdown, text)
    elif not (_OBJECT.fullmatch(plain) and any(key.startswith(("image/", "png", "jpeg")) for key in forms)):
        if plain.strip() or not markup:
            text.add("code", _printed(plain))
        else:
            _write_html(markup, text)


def _write_html(markup: str, text: StructuredText) -> None:
    try:
        write_markup(parsed_text("", clean(markup)), text)
    except NothingToRead:
        return


def _printed(output: str) -> str:
    """Output as a terminal shows it, the middle of a very long one left out."""
    shown = _OVERWRITTEN.sub("", _COLOURS.sub("", output)).strip("\n")
    if len(shown) <= _LONGEST_OUTPUT:
        return shown
    left_out = len(shown) - 2 * _KEPT_OF_IT
    return f"{shown[:_KEPT_OF_IT]}\n[{left_out:,} characters of output are left out here]\n{shown[-_KEPT_OF_IT:]}"


def _joined(source: object) -> str:
    """Text that may be kept as a list of lines."""
    return "".join(map(str, source)) if isinstance(source, list) else source if isinstance(source, str) else ""


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
