"""A small valid file of every format, for tests that hold for all readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import docx
import pptx
import xlsxwriter
import xlwt
from compound_file import compound
from drawn_text import picture, saved, scan
from reportlab.pdfgen.canvas import Canvas

FOX = "The quick brown fox jumps over the lazy dog near the river bank."
MARKDOWN = f"# Foxes\n\n{FOX}\n\n## Red\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode  here\n```\n"
PAGE = f"<html><head><title>Foxes</title></head><body><h1>Foxes</h1><p>{FOX}</p><ul><li>one<li>two</ul></body></html>"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pdf(
    path: Path, *pages: Sequence[tuple[float, float, str]], outline: dict[int, str] | None = None, **about: str
) -> Path:
    """Pages of (x, y, words) on 400 x 300 points; `outline` names pages by their index."""
    canvas = Canvas(str(path), pagesize=(400, 300))
    canvas.setTitle(about.get("title", ""))
    for index, page in enumerate(pages):
        for x, y, words in page:
            canvas.drawString(x, y, words)
        if outline and index in outline:
            canvas.bookmarkPage(str(index))
            canvas.addOutlineEntry(outline[index], str(index))
        canvas.showPage()
    canvas.save()
    return path


def make_docx(path: Path) -> Path:
    word = docx.Document()
    word.core_properties.title = "Foxes"
    word.core_properties.modified = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    word.add_heading("Foxes", 1)
    word.add_paragraph(FOX)
    table = word.add_table(rows=2, cols=2)
    for row, words in zip(table.rows, (("animal", "colour"), ("fox", "red")), strict=True):
        for cell, word_in_cell in zip(row.cells, words, strict=True):
            cell.text = word_in_cell
    word.add_heading("Red", 2)
    word.add_paragraph("one", style="List Bullet")
    word.add_paragraph("two", style="List Bullet")
    word.add_paragraph("After the list.")
    word.save(str(path))
    return path


def make_pptx(path: Path) -> Path:
    presentation = pptx.Presentation()
    for title in ("Foxes", "Red foxes"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text_frame.text = FOX
        slide.notes_slide.notes_text_frame.text = "Say more of them. " * 20
    presentation.save(str(path))
    return path


def make_odf(path: Path, kind: str, body: str) -> Path:
    names = ("office", "text", "table", "presentation")
    spaces = [f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names]
    spaces.append('xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"')
    content = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr(
            "content.xml", f"<office:document-content {' '.join(spaces)}>{content}</office:document-content>"
        )
    return path


ODT = (
    f'<text:p>{FOX}</text:p><text:h text:outline-level="1">Foxes</text:h><text:p>{FOX * 20}</text:p>'
    "<table:table><table:table-row><table:table-cell><text:p>animal</text:p></table:table-cell><table:table-cell/>"
    "</table:table-row></table:table>"
)
ODP = (
    '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Foxes</text:p></draw:text-box>'
    "</draw:frame>"
    f"<draw:frame><draw:text-box><text:p>{FOX}</text:p></draw:text-box></draw:frame></draw:page>"
)
RTF = rf"{{\rtf1\ansi {{\stylesheet{{\s1\outlinelevel0 Head;}}}}\pard\s1 Foxes\par\pard {FOX} Caf\'e9.\par}}"


def make_xlsx(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("Foxes", "Owls"):
            sheet = book.add_worksheet(name)
            sheet.write("A1", FOX)
            sheet.write_row("A3", ["animal", "weight"])
            sheet.write_row("A4", ["fox", 6.5])
            sheet.write_row("E3", ["colour", "share"])
            sheet.write_row("E4", ["red", 0.25])
            sheet.write_comment("B4", FOX)
    return path


def make_xls(path: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Foxes")
    for row, (name, weight) in enumerate([("animal", "weight"), ("fox", 6.5), (FOX, 7)]):
        sheet.write(row, 0, name)
        sheet.write(row, 1, weight)
    book.save(str(path))
    return path


def make_ods(path: Path) -> Path:
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cells = "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("fox", FOX))
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {namespaces}><office:spreadsheet><table:table table:name='Foxes'>"
            f"<table:table-row table:number-rows-repeated='3'>{cells}</table:table-row>"
            "</table:table></office:spreadsheet></office:document-content>",
        )
    return path


SHEET_IN_XML = (
    '<s:Workbook xmlns:s="urn:schemas-microsoft-com:office:spreadsheet"><s:Worksheet s:Name="Foxes"><s:Table><s:Row>'
    f'<s:Cell><s:Data s:Type="String">{FOX}</s:Data></s:Cell></s:Row></s:Table></s:Worksheet></s:Workbook>'
)


def make_epub(path: Path) -> Path:
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "book.opf",
            '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        archive.writestr("a.xhtml", f"<html><body><h1>Foxes</h1><p>{FOX}</p></body></html>")
    return path


DATA = {"title": "Foxes", "rows": [{"a": 1, "b": FOX}] * 9, "c": FOX * 9}
CELL = {"cell_type": "code", "source": "print('fox')", "outputs": [{"output_type": "stream", "text": [FOX]}]}
NOTEBOOK = {"nbformat": 4, "cells": [CELL, CELL | {"source": ["# Foxes"]}]}
MESSAGE = {"__properties_version1.0": bytes(32), "__substg1.0_1000001F": f"{FOX}\r\n".encode("utf-16-le")}
BOOK = f"<book><title>Foxes</title><p>{FOX} <b>Red.</b></p><list><item>one</item></list></book>"
FEED = f"<rss><channel><item><title>Foxes</title><description>{FOX}</description></item></channel></rss>"
PROGRAM = f"import os\n\n\nclass Fox:\n    def run(self):\n        # {FOX}\n        pass\n"

MAKERS: dict[str, Callable[[Path], Path]] = {
    "a.md": lambda path: written(path, MARKDOWN),
    "front.md": lambda path: written(path, f"---\r\ntitle: Foxes\r\n---\r\n\r\n## Red\r\n\r\n{FOX}\r\n" * 3),
    "a.txt": lambda path: written(path, f"Foxes\n\n{FOX}\n  {FOX}\n\n\n{FOX * 40}"),
    "crlf.txt": lambda path: written(path, f"Foxes\r\n=====\r\n\r\n{FOX}\r\n{FOX}\x00\x07"),
    "a.html": lambda path: written(path, PAGE),
    "a.pdf": lambda path: pdf(
        path, [(50, 250, FOX), (50, 236, "Wrapped.")], [(50, 250, "page two")], outline={1: "Two"}
    ),
    "columns.pdf": lambda path: pdf(
        path, [(x, 280 - 11 * row, f"{FOX[:20]} {row}") for row in range(9) for x in (20, 220)]
    ),
    "table.pdf": lambda path: pdf(
        path,
        [
            (x, 250 - 14 * row, f"{x * row:,}.50" if x > 50 else f"Row {row}")
            for row in range(6)
            for x in (50, 200, 300)
        ],
    ),
    "a.docx": make_docx,
    "a.odp": lambda path: make_odf(path, "presentation", ODP),
    "a.odt": lambda path: make_odf(path, "text", ODT),
    "a.pptx": make_pptx,
    "a.rtf": lambda path: written(path, RTF),
    "a.jsonl": lambda path: written(path, json.dumps({"_id": "7", "title": "Foxes", "text": FOX})),
    "a.xlsx": make_xlsx,
    "a.xls": make_xls,
    "a.ods": make_ods,
    "xml.xls": lambda path: written(path, SHEET_IN_XML),
    "a.csv": lambda path: written(path, f'animal,weight\n\nfox,6.5\n"{FOX}\n{FOX}",7\n'),
    "a.tsv": lambda path: written(path, "animal\tweight\nfox\t6.5\n".encode("utf-16")),
    "rows.jsonl": lambda path: written(path, f'{{"fox": 1, "words": "{FOX}"}}\n{{"fox": 2, "words": "x"}}\n'),
    "a.json": lambda path: written(path, json.dumps(DATA)),
    "a.ipynb": lambda path: written(path, json.dumps(NOTEBOOK)),
    "a.eml": lambda path: written(path, f"From: ann@example.org\nSubject: Foxes\n\n{FOX}\n\n> {FOX}\n"),
    "a.msg": lambda path: written(path, compound({**MESSAGE})),
    "a.epub": make_epub,
    "a.xml": lambda path: written(path, BOOK),
    "feed.xml": lambda path: written(path, FEED),
    "a.py": lambda path: written(path, PROGRAM * 9),
    "a.png": lambda path: saved(picture(), path),
    "scan.pdf": lambda path: scan(path, picture()),
}
