"""Word processors' documents and presentations: what people see of them, and where they find it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import msoffcrypto.format.ooxml
import olefile
import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Emu

from ingest.formats import Formats, kind_of
from ingest.limits import Allowance, Limits
from ingest.readers.office.numerals import numeral
from ingest.readers.source_file import SourceFile
from ingest.reading import read, read_path
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    }.items()
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PROTECTED = "is protected by a password; remove the password and ingest it again."


def zipped(path: Path, entries: dict[str, str | bytes]) -> Path:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def relations(*targets: tuple[str, str, str]) -> str:
    entries = (f'<Relationship Id="{id_}" Type="{OFFICE}/{kind}" Target="{target}"/>' for id_, kind, target in targets)
    return f'<Relationships xmlns="{RELATIONS}">{"".join(entries)}</Relationships>'


def content_types(parts: dict[str, str]) -> str:
    """The kinds of the parts of a Word document, those without a kind by their names."""
    word_kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    overrides = (
        f'<Override PartName="/word/{part}.xml" ContentType="{word_kind}.{kind or part}+xml"/>'
        for part, kind in parts.items()
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(overrides)}</Types>'
    )


def word(path: Path, body: str, others: dict[str, tuple[str, str]] | None = None, **parts: str) -> Path:
    """A Word document; `parts` are further parts by their kind ("styles"), which is their id too.

    `others` maps the names of parts whose XML is given whole, or is none, to their kind and content.
    """
    related = [(kind, kind, f"{kind}.xml") for kind in parts]
    entries: dict[str, str | bytes] = {
        "[Content_Types].xml": content_types({"document": "document.main", **dict.fromkeys(parts, "")}),
        "_rels/.rels": relations(("main", "officeDocument", "word/document.xml")),
        "word/_rels/document.xml.rels": relations(
            *related, *((kind, kind, name) for name, (kind, _) in (others or {}).items())
        ),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        **{f"word/{kind}.xml": f"<w:{kind} {NAMESPACES}>{inner}</w:{kind}>" for kind, inner in parts.items()},
        **{f"word/{name}": content for name, (_, content) in (others or {}).items()},
    }
    return zipped(path, entries)


def run(text: str, about: str = "") -> str:
    return f'<w:r><w:rPr>{about}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def para(content: str, about: str = "") -> str:
    """A paragraph; content that is no markup is its text."""
    return f"<w:p><w:pPr>{about}</w:pPr>{content if content.startswith('<') else run(content)}</w:p>"


def styled(style: str, text: str) -> str:
    return para(text, f'<w:pStyle w:val="{style}"/>')


def table(*rows: str, about: str = "") -> str:
    return f"<w:tbl><w:tblPr>{about}</w:tblPr>{''.join(rows)}</w:tbl>"


def row(*cells: str, about: str = "") -> str:
    """A row; a cell that is no markup is its text."""
    made = (cell if cell.startswith("<w:tc>") else f"<w:tc>{para(cell)}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr>{about}</w:trPr>{''.join(made)}</w:tr>"


def style(name: str, about: str = "", *, of: str = "", kind: str = "paragraph") -> str:
    return (
        f'<w:style w:type="{kind}" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="{of}"/>{about}</w:style>'
    )


HEADINGS = style("heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>') + style("Clause", of="heading1")


def one(path: Path) -> Document:
    [document] = read_path(path)
    assert isinstance(document, Document)
    return document


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def texts(path: Path) -> list[str]:
    return [text for _, text in blocks(one(path))]


def place(document: Document, words: str) -> str:
    """The label of the anchor at the first appearance of words."""
    anchor = document.anchor_at(document.text.index(words))
    assert anchor
    return anchor.label


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        list(read_path(path))
    return str(caught.value)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class TestWordPlaces:
    def test_paragraphs_and_tables_are_counted_where_there_is_no_heading(self, tmp_path: Path) -> None:
        body = para("One.") + para("") + table(row("a", "b"), row("c", "d")) + para("Two.")
        document = one(word(tmp_path / "a.docx", body))
        assert place(document, "One.") == "paragraph 1"
        assert document.anchor_at(document.text.index("c | d")) == Anchor("table", "table 1, row 2", 1)
        assert document.anchor_at(document.text.index("Two.")) == Anchor("paragraph", "paragraph 2", 2)

    def test_headings_are_told_by_outline_level_and_by_the_style_they_are_based_on(self, tmp_path: Path) -> None:
        body = para("Before.") + styled("Clause", "Rent") + para("Due.") + para("Below", '<w:outlineLvl w:val="1"/>')
        document = one(word(tmp_path / "a.docx", body + table(row("a", "b")), styles=HEADINGS))
        assert blocks(document)[1] == ("heading", "Rent")
        assert place(document, "Before.") == "paragraph 1"
        assert place(document, "Due.") == "Rent"
        assert place(document, "a | b") == "Rent > Below"

    def test_a_title_is_no_place_to_turn_to(self, tmp_path: Path) -> None:
        body = styled("Title", "Lease") + para("Words.")
        document = one(word(tmp_path / "a.docx", body, styles=style("Title")))
        assert document.title == "Lease"
        assert document.blocks[1].headings == ("Lease",)
        assert place(document, "Words.") == "paragraph 2"

    def test_a_long_paragraph_in_a_headings_style_is_a_paragraph(self, tmp_path: Path) -> None:
        clause = "The tenant pays the rent. " * 12
        document = one(word(tmp_path / "a.docx", styled("Clause", clause), styles=HEADINGS))
        assert blocks(document) == [("paragraph", clause.strip())]


def level(number: int, form: str, text: str, about: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
        f"{about}</w:lvl>"
    )


def numbered(text: str, depth: int = 0, list_id: int = 1) -> str:
    return para(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>')


LEGAL = (
    '<w:abstractNum w:abstractNumId="7">'
    + level(0, "upperRoman", "%1.", '<w:pStyle w:val="Clause"/>')
    + level(1, "decimal", "%1.%2", "<w:isLgl/>")
    + level(2, "lowerLetter", "(%3)")
    + "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="7"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
)


class TestWordNumbers:
    def test_lists_are_counted_by_their_definition(self, tmp_path: Path) -> None:
        body = (
            numbered("One") + numbered("In one", 1) + numbered("Deep", 2) + numbered("Deep too", 2)
            + numbered("Again", 1) + numbered("Two") + numbered("In two", 1) + numbered("Deep", 2)
        )  # fmt: skip
        [(kind, text)] = blocks(one(word(tmp_path / "a.docx", body, numbering=LEGAL)))
        assert kind == "list"
        assert text.split("\n") == [
            "I. One",
            "  1.1 In one",
            "    (a) Deep",
            "    (b) Deep too",
            "  1.2 Again",
            "II. Two",
            "  2.1 In two",
            "    (a) Deep",
        ]

    def test_a_list_goes_on_after_other_text_and_another_may_start_anew(self, tmp_path: Path) -> None:
        body = numbered("One") + para("Words.") + numbered("Two") + numbered("Five", 0, 2) + numbered("Six", 0, 2)
        assert texts(word(tmp_path / "a.docx", body, numbering=LEGAL)) == [
            "I. One",
            "Words.",
            "II. Two\nV. Five\nVI. Six",
        ]

    @pytest.mark.parametrize(
        ("form", "number", "label"),
        [
            ("decimal", 12, "12"),
            ("decimalZero", 7, "07"),
            ("upperRoman", 1994, "MCMXCIV"),
            ("lowerLetter", 28, "bb"),
            ("decimalEnclosedCircle", 20, "⑳"),
            ("decimalFullWidth", 12, "１２"),
            ("japaneseCounting", 10, "十"),
            ("chineseCountingThousand", 25, "二十五"),
            ("unheard of", 3, "3"),
            ("lowerRoman", 0, "0"),
        ],
    )
    def test_numerals(self, form: str, number: int, label: str) -> None:
        assert numeral(number, form) == label

    def test_a_level_that_is_skipped_counts_as_begun(self, tmp_path: Path) -> None:
        body = numbered("One") + numbered("Deep", 2) + numbered("In one", 1)
        assert texts(word(tmp_path / "a.docx", body, numbering=LEGAL)) == ["I. One\n    (a) Deep\n  1.2 In one"]

    def test_headings_have_the_numbers_of_their_style(self, tmp_path: Path) -> None:
        clause = style("Clause", '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>', of="heading1")
        body = styled("Clause", "Rent") + styled("Clause", "Deposit") + para("Paid at once.")
        document = one(word(tmp_path / "a.docx", body, styles=HEADINGS + clause, numbering=LEGAL))
        assert place(document, "Paid") == "II. Deposit"

    def test_each_item_is_a_paragraph_that_is_counted(self, tmp_path: Path) -> None:
        document = one(word(tmp_path / "a.docx", numbered("One") + numbered("Two"), numbering=LEGAL))
        assert place(document, "II. Two") == "paragraph 2"

    def test_a_paragraph_may_leave_the_list_of_its_style(self, tmp_path: Path) -> None:
        clause = style("Clause", '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>')
        body = para("Out", '<w:pStyle w:val="Clause"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        assert blocks(one(word(tmp_path / "a.docx", body, styles=clause, numbering=LEGAL))) == [("paragraph", "Out")]

    def test_numbers_in_cells_count_too(self, tmp_path: Path) -> None:
        cell = f"<w:tc>{numbered('One')}</w:tc>"
        body = table(row(cell, "b"), row("c", "d")) + numbered("Two")
        assert texts(word(tmp_path / "a.docx", body, numbering=LEGAL)) == ["I. One | b\nc | d", "II. Two"]


class TestWordNotes:
    def test_notes_follow_the_paragraph_that_they_belong_to(self, tmp_path: Path) -> None:
        mark = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
        body = (
            para(run("Rent is due") + mark.format(5) + run(" monthly.") + mark.format(4))
            + numbered("An item")
            + para(run("More.") + '<w:r><w:endnoteReference w:id="2"/></w:r>')
            + numbered("<w:r><w:t>Another</w:t></w:r>" + mark.format(6))
        )
        notes = "".join(f'<w:footnote w:id="{id_}">{para(f"Note {id_}.")}</w:footnote>' for id_ in (0, 4, 5, 6))
        endnotes = f'<w:endnote w:id="2">{para("At the end,")}{para("in two parts.")}</w:endnote>'
        path = word(tmp_path / "a.docx", body, footnotes=notes, endnotes=endnotes, numbering=LEGAL)
        assert texts(path) == [
            "Rent is due monthly.",
            "Footnote 1: Note 5.",
            "Footnote 2: Note 4.",
            "I. An item",
            "More.",
            "Endnote i: At the end, in two parts.",
            "II. Another",
            "Footnote 3: Note 6.",
        ]

    def test_comments_name_their_author(self, tmp_path: Path) -> None:
        body = para(run("Thirty days.") + '<w:r><w:commentReference w:id="0"/></w:r>') + para("Next.")
        comment = f'<w:comment w:id="0" w:author="Ann Lee">{para("Too short?")}</w:comment>'
        assert texts(word(tmp_path / "a.docx", body, comments=comment)) == [
            "Thirty days.",
            "Comment by Ann Lee: Too short?",
            "Next.",
        ]

    def test_headers_and_footers_are_no_text(self, tmp_path: Path) -> None:
        body = para("Words.") + '<w:sectPr><w:headerReference r:id="header"/></w:sectPr>'
        assert texts(word(tmp_path / "a.docx", body, header=para("Confidential"))) == ["Words."]


class TestWordText:
    def test_a_text_box_is_read_once_and_after_its_paragraph(self, tmp_path: Path) -> None:
        box = f"<w:txbxContent>{para('Boxed.')}{table(row('a', 'b'))}</w:txbxContent>"
        shape = (
            f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing>"
            f"</mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
            "</mc:AlternateContent></w:r>"
        )
        old = f"<w:r><w:pict><v:textbox><w:txbxContent>{para('Old.')}</w:txbxContent></v:textbox></w:pict></w:r>"
        body = para(run("Before ") + shape + run("after.")) + para(run("Next.") + old)
        assert texts(word(tmp_path / "a.docx", body)) == ["Before after.", "Boxed.", "a | b", "Next.", "Old."]

    def test_hidden_and_deleted_text_is_left_out(self, tmp_path: Path) -> None:
        styles = style("Secret", "<w:rPr><w:vanish/></w:rPr>") + style(
            "Ghost", "<w:rPr><w:vanish/></w:rPr>", kind="character"
        )
        body = (
            para(run("Seen") + run(" hidden", "<w:vanish/>") + run(" too", '<w:vanish w:val="0"/>'))
            + para(run("Kept") + run(" ghost", '<w:rStyle w:val="Ghost"/>') + f"<w:del>{run(' gone')}</w:del>")
            + para(f"<w:ins>{run('New')}</w:ins><w:moveFrom>{run(' old')}</w:moveFrom>"
                   f"<w:moveTo>{run(' here')}</w:moveTo>")
            + styled("Secret", "All hidden")
        )  # fmt: skip
        assert texts(word(tmp_path / "a.docx", body, styles=styles)) == ["Seen too", "Kept", "New here"]

    def test_what_a_deletion_or_a_large_initial_parts_is_read_as_one(self, tmp_path: Path) -> None:
        body = (
            para("It begins ", "<w:rPr><w:del/></w:rPr>") + para("and ends.")
            + para("T", '<w:framePr w:dropCap="drop"/>') + para("he fox.")
            + para("Before a table", "<w:rPr><w:vanish/></w:rPr>") + table(row("a", "b"))
            + para("At the end", "<w:rPr><w:del/></w:rPr>")
        )  # fmt: skip
        assert texts(word(tmp_path / "a.docx", body)) == [
            "It begins and ends.",
            "The fox.",
            "Before a table",
            "a | b",
            "At the end",
        ]

    def test_fields_show_their_result(self, tmp_path: Path) -> None:
        def char(kind: str, inner: str = "") -> str:
            return f'<w:r><w:fldChar w:fldCharType="{kind}">{inner}</w:fldChar></w:r>'

        nested = char("begin") + run("nested code") + char("separate") + run("never shown") + char("end")
        field = char("begin") + "<w:r><w:instrText>IF x</w:instrText></w:r>" + nested + char("separate") + run("Shown")
        box = char("begin", "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>")
        entries = "<w:listEntry w:val='a'/><w:listEntry w:val='b'/>"
        choice = f"<w:ffData><w:ddList><w:result w:val='1'/>{entries}</w:ddList></w:ffData>"
        body = (
            para(field + char("end") + run(" after."))
            + para(box + char("end") + run(" Yes"))
            + para(char("begin", choice) + char("end"))
            + para(f"<w:fldSimple w:instr='PAGE'>{run('12')}</w:fldSimple>")
        )
        assert texts(word(tmp_path / "a.docx", body)) == ["Shown after.", "☒ Yes", "b", "12"]

    def test_symbols_are_what_people_see(self, tmp_path: Path) -> None:
        def sym(font: str, code: str) -> str:
            return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'

        fonts = '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'
        body = (
            para(sym("Wingdings", "F0FE") + run(" yes ") + sym("Wingdings", "F06F") + run(" no"))
            + para(run("\uf061 a", fonts) + run(" a") + sym("Symbol", "F0B3") + sym("Arial", "00E9"))
            + para("<w:r><w:t>non</w:t><w:noBreakHyphen/><w:t>breaking</w:t><w:softHyphen/><w:tab/><w:t>x</w:t></w:r>")
        )
        assert texts(word(tmp_path / "a.docx", body)) == ["☑ yes □ no", "α α a≥é", "non-breaking\tx"]

    def test_content_controls_are_read_but_not_their_prompts(self, tmp_path: Path) -> None:
        prompt = "<w:sdtPr><w:showingPlcHdr/></w:sdtPr>"
        body = (
            f"<w:sdt><w:sdtContent>{para('Block.')}</w:sdtContent></w:sdt>"
            f"<w:sdt>{prompt}<w:sdtContent>{para('Click here to enter text.')}</w:sdtContent></w:sdt>"
            + para(run("Name: ") + f"<w:sdt>{prompt}<w:sdtContent>{run('Choose one.')}</w:sdtContent></w:sdt>")
            + para(f"<w:sdt><w:sdtContent>{run('Ann')}</w:sdtContent></w:sdt>"
                   f'<w:hyperlink r:id="x">{run(" Lee")}</w:hyperlink><w:smartTag>{run("!")}</w:smartTag>')
        )  # fmt: skip
        assert texts(word(tmp_path / "a.docx", body)) == ["Block.", "Name:", "Ann Lee!"]

    def test_readings_of_characters_are_left_out(self, tmp_path: Path) -> None:
        ruby = f"<w:r><w:ruby><w:rt>{run('かんじ')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase></w:ruby></w:r>"
        assert texts(word(tmp_path / "a.docx", para(ruby + run("を読む")))) == ["漢字を読む"]

    def test_pictures_say_what_they_are_said_to_show(self, tmp_path: Path) -> None:
        def picture(description: str) -> str:
            return f'<w:r><w:drawing><wp:inline><wp:docPr id="1" descr="{description}"/></wp:inline></w:drawing></w:r>'

        says = ("A fox&#10;&#10;Description automatically generated", "image1.png", "Picture 3", "")
        body = para("".join(map(picture, says)) + run("Below."))
        assert texts(word(tmp_path / "a.docx", body)) == ["Below.", "Picture: A fox"]
        document = one(word(tmp_path / "a.docx", para(picture("A fox"))))
        assert place(document, "A fox") == "paragraph 1"

    def test_a_strict_document_is_read(self, tmp_path: Path) -> None:
        path = word(tmp_path / "a.docx", para("Strict."))
        with ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        transitional = b"http://schemas.openxmlformats.org/"
        strict = {
            name: content.replace(transitional + b"wordprocessingml/2006/", b"http://purl.oclc.org/ooxml/wordprocessingml/")
            .replace(transitional + b"officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/")
            for name, content in entries.items()
        }  # fmt: skip
        assert texts(zipped(tmp_path / "b.docx", strict)) == ["Strict."]

    def test_a_file_inserted_in_another_format_is_a_part(self, tmp_path: Path) -> None:
        page = "<html><body><p>From a page.</p></body></html>"
        path = word(tmp_path / "a.docx", '<w:altChunk r:id="aFChunk"/>', {"page.html": ("aFChunk", page)})
        document = one(path)
        assert (document.source, document.text) == (f"{path.resolve()}#page.html", "From a page.")

    @pytest.mark.parametrize(
        ("equation", "text"),
        [
            ("<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>", "(a+b)/2"),
            (
                (
                    "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
                    "<m:r><m:t>y</m:t></m:r>"
                ),
                "x^2 y",
            ),
            ("<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e><m:r><m:t>y</m:t></m:r></m:e></m:rad>", "√(y)"),
            (
                (
                    '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>i=1</m:t></m:r></m:sub>'
                    "<m:sup><m:r><m:t>n</m:t></m:r></m:sup><m:e><m:r><m:t>i</m:t></m:r></m:e></m:nary>"
                ),
                "∑_(i=1)^n i",
            ),
            (
                (
                    '<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e><m:m><m:mr><m:e><m:r>'
                    "<m:t>1</m:t></m:r></m:e><m:e><m:r><m:t>0</m:t></m:r></m:e></m:mr></m:m></m:e></m:d>"
                ),
                "[[1, 0]]",
            ),
        ],
    )
    def test_equations_are_lines(self, equation: str, text: str, tmp_path: Path) -> None:
        body = para(run("Let ") + f"<m:oMath>{equation}</m:oMath>" * 2 + run(" be."))
        assert texts(word(tmp_path / "a.docx", body)) == [f"Let {text} {text} be."]


class TestWordTables:
    def test_merged_cells(self, tmp_path: Path) -> None:
        def merged(text: str, about: str) -> str:
            return f"<w:tc><w:tcPr>{about}</w:tcPr>{para(text)}</w:tc>"

        body = table(
            row("Flat", merged("Rent", '<w:gridSpan w:val="2"/>'), about="<w:tblHeader/>"),
            row("", "cold", "warm", about="<w:tblHeader/>"),
            row(merged("A", '<w:vMerge w:val="restart"/>'), "100", "150"),
            row(merged("", "<w:vMerge/>"), merged("200", '<w:gridSpan w:val="2"/>')),
            row(merged("All prices in euros", '<w:gridSpan w:val="3"/>')),
            row("gone", about="<w:del/>"),
            row("B", about='<w:gridBefore w:val="1"/>'),
        )
        document = one(word(tmp_path / "a.docx", body))
        [(_, text)] = blocks(document)
        assert text.split("\n") == [
            "Flat | Rent | Rent",
            " | cold | warm",
            "A | 100 | 150",
            "A | 200 | ",
            "All prices in euros",
            " | B",
        ]
        assert document.blocks[0].header_rows == 2

    def test_a_long_text_over_several_rows_is_not_repeated(self, tmp_path: Path) -> None:
        long = "The tenant pays all costs. " * 5
        cells = [f"<w:tc><w:tcPr><w:vMerge {value}/></w:tcPr>{para(text)}</w:tc>"
                 for value, text in (('w:val="restart"', long), ("", ""))]  # fmt: skip
        assert (
            one(word(tmp_path / "a.docx", table(row(cells[0], "a"), row(cells[1], "b")))).text.count(long.strip()) == 1
        )

    def test_not_every_row_names_columns(self, tmp_path: Path) -> None:
        header = "<w:tblHeader/>"
        body = table(row("a", "b", about=header), row("c", "d", about=header))
        assert one(word(tmp_path / "a.docx", body)).blocks[0].header_rows == 1

    def test_a_caption_above_or_below_names_the_table(self, tmp_path: Path) -> None:
        body = (
            styled("caption", "Table 1: Rents") + table(row("a", "b")) + para("Between.")
            + table(row("c", "d")) + styled("caption", "Table 2: Fees")
            + table(row("e", "f")) + para("") + styled("caption", "Figure 1")
            + table(row("g", "h"), about='<w:tblCaption w:val="Said elsewhere"/>')
        )  # fmt: skip
        document = one(word(tmp_path / "a.docx", body + para("End."), styles=style("caption")))
        captions = [block.caption for block in document.blocks if block.kind == "table"]
        assert captions == ["Table 1: Rents", "", "Table 2: Fees", "Figure 1"]
        below = table(row("c", "d")) + styled("caption", "Table 2: Fees") + para("End.")
        document = one(word(tmp_path / "b.docx", below, styles=style("caption")))
        assert document.blocks[0].caption == "Table 2: Fees"

    def test_what_a_cell_holds_besides_text_comes_after_the_table(self, tmp_path: Path) -> None:
        inner = table(row("x", "y"), row("1", "2"))
        note = '<w:r><w:footnoteReference w:id="1"/></w:r>'
        cells = f"<w:tc>{para('b')}{inner}</w:tc>", f"<w:tc>{para(run('c') + note)}</w:tc>"
        notes = f'<w:footnote w:id="1">{para("Noted.")}</w:footnote>'
        path = word(tmp_path / "a.docx", table(row("a", *cells), row("d", "e", "f")), footnotes=notes)
        assert texts(path) == ["a | b | c\nd | e | f", "Footnote 1: Noted.", "x | y\n1 | 2"]

    def test_a_table_of_one_column_is_a_frame(self, tmp_path: Path) -> None:
        cell = f"<w:tc>{styled('Clause', 'Rent')}{para('Due.')}</w:tc>"
        assert blocks(one(word(tmp_path / "a.docx", table(row(cell)), styles=HEADINGS))) == [
            ("heading", "Rent"),
            ("paragraph", "Due."),
        ]


CHART = (
    '<c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Rents</a:t></a:r></a:p></c:rich></c:tx></c:title>'
    "<c:plotArea><c:barChart><c:ser>"
    "<c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>Cold</c:v></c:pt></c:strCache></c:strRef></c:tx>"
    "<c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>2023</c:v></c:pt><c:pt idx='1'><c:v>2024</c:v></c:pt>"
    "</c:strCache></c:strRef></c:cat>"
    "<c:val><c:numRef><c:numCache><c:formatCode>0.0%</c:formatCode><c:pt idx='0'><c:v>0.30000000000000004</c:v></c:pt>"
    "<c:pt idx='1'><c:v>0.125</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:barChart></c:plotArea></c:chart>"
)  # fmt: skip
DIAGRAM = (
    '<dgm:dataModel {0}><dgm:ptLst><dgm:pt modelId="d" type="doc"/>'
    + "".join(
        f'<dgm:pt modelId="{name}"><dgm:t><a:p><a:r><a:t>{name}</a:t></a:r></a:p></dgm:t></dgm:pt>'
        for name in ("Sign", "Plan", "Pay", "Draft")
    )
    + '<dgm:pt modelId="p" type="pres"><dgm:t><a:p/></dgm:t></dgm:pt></dgm:ptLst><dgm:cxnLst>'
    + "".join(
        f'<dgm:cxn modelId="{number}" srcId="{above}" destId="{below}" srcOrd="{order}"/>'
        for number, (above, below, order) in enumerate(
            [("d", "Sign", 1), ("d", "Plan", 0), ("Plan", "Draft", 0), ("d", "Pay", 2)]
        )
    )
    + '<dgm:cxn modelId="9" type="presOf" srcId="Pay" destId="p"/></dgm:cxnLst></dgm:dataModel>'
)


class TestDrawings:
    def test_a_chart_and_a_diagram_in_a_text(self, tmp_path: Path) -> None:
        body = (
            para('<w:r><w:drawing><wp:inline><c:chart r:id="chart"/></wp:inline></w:drawing></w:r>')
            + para('<w:r><w:drawing><wp:inline><dgm:relIds r:dm="diagramData"/></wp:inline></w:drawing></w:r>')
            + para("End.")
        )
        others = {
            "chart.xml": ("chart", f"<c:chartSpace {NAMESPACES}>{CHART}</c:chartSpace>"),
            "data.xml": ("diagramData", DIAGRAM.format(NAMESPACES)),
        }
        document = one(word(tmp_path / "a.docx", body, others))
        assert blocks(document) == [
            ("paragraph", "Rents"),
            ("table", "category | Cold\n2023 | 30.0%\n2024 | 12.5%"),
            ("list", "- Plan\n  - Draft\n- Sign\n- Pay"),
            ("paragraph", "End."),
        ]
        assert document.blocks[1].caption == "Rents"


def presentation() -> pptx.presentation.Presentation:
    return pptx.Presentation()


def text_box(slide: pptx.slide.Slide, text: str, left: int, top: int) -> pptx.shapes.base.BaseShape:
    box = slide.shapes.add_textbox(Emu(left), Emu(top), Emu(1000), Emu(1000))
    box.text_frame.text = text
    return box


def slide_of(made: pptx.presentation.Presentation, layout: int, title: str = "") -> pptx.slide.Slide:
    slide = made.slides.add_slide(made.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 1, 5, 6
P = "http://schemas.openxmlformats.org/presentationml/2006/main"


def insert(slide: pptx.slide.Slide, markup: str) -> None:
    """Adds a shape as XML."""
    root = etree.fromstring(f'<root xmlns:p="{P}" {NAMESPACES}>{markup}</root>')
    slide.shapes._spTree.append(root[0])


def shape(text: str, description: str = "") -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="77" name="x" descr="{description}"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


class TestPptx:
    def test_slides_are_places_and_hidden_and_empty_ones_count(self, tmp_path: Path) -> None:
        made = presentation()
        slide_of(made, TITLE_ONLY, "First")
        slide_of(made, BLANK)
        slide_of(made, TITLE_ONLY, "Hidden")._element.set("show", "0")
        made.save(str(tmp_path / "a.pptx"))
        document = one(tmp_path / "a.pptx")
        assert [mark.anchor for mark in document.marks] == [
            Anchor("slide", "slide 1", 1),
            Anchor("slide", "slide 3 (hidden)", 3),
        ]
        assert blocks(document) == [("heading", "First"), ("heading", "Hidden")]
        assert place(document, "Hidden") == "slide 3 (hidden)"

    def test_title_then_placeholders_then_shapes_by_position(self, tmp_path: Path) -> None:
        made = presentation()
        slide = slide_of(made, TITLE_AND_CONTENT)
        for text, left, top in (("low", 0, 9000), ("right", 5000, 2100), ("left", 0, 2000)):
            text_box(slide, text, left, top)
        group = slide.shapes.add_group_shape()
        for text, left, top in (("in group below", 0, 6000), ("in group", 0, 4000)):
            text_box(group, text, left, top)
        body = slide.placeholders[1].text_frame
        body.text = "one"
        for text, depth in (("within", 1), ("two", 0)):
            paragraph = body.add_paragraph()
            paragraph.text, paragraph.level = text, depth
        slide.shapes.title.text = "About\vfoxes"
        made.save(str(tmp_path / "a.pptx"))
        assert blocks(one(tmp_path / "a.pptx")) == [
            ("heading", "About foxes"),
            ("list", "- one\n  - within\n- two"),
            ("paragraph", "left"),
            ("paragraph", "right"),
            ("paragraph", "in group"),
            ("paragraph", "in group below"),
            ("paragraph", "low"),
        ]

    def test_nothing_of_masters_dates_and_numbers(self, tmp_path: Path) -> None:
        made = presentation()
        slide = slide_of(made, TITLE_AND_CONTENT)
        for kind in ("dt", "ftr", "sldNum"):
            insert(slide, shape("Boilerplate").replace("<p:nvPr/>", f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>'))
        insert(slide, shape("Boilerplate").replace('name="x"', 'name="Footer Placeholder 4"'))
        field = '<a:fld id="{1}" type="slidenum"><a:t>‹#›</a:t></a:fld><a:r><a:t>Kept</a:t></a:r>'
        insert(slide, shape("").replace("<a:r><a:t></a:t></a:r>", field))
        made.save(str(tmp_path / "a.pptx"))
        assert texts(tmp_path / "a.pptx") == ["Kept"]

    def test_of_alternatives_one_is_read(self, tmp_path: Path) -> None:
        made = presentation()
        slide = slide_of(made, BLANK)
        insert(
            slide,
            f'<mc:AlternateContent><mc:Choice Requires="x">{shape("New")}</mc:Choice>'
            f"<mc:Fallback>{shape('Old')}</mc:Fallback></mc:AlternateContent>",
        )
        insert(slide, f"<mc:AlternateContent><mc:Fallback>{shape('Only')}</mc:Fallback></mc:AlternateContent>")
        made.save(str(tmp_path / "a.pptx"))
        assert texts(tmp_path / "a.pptx") == ["New", "Only"]

    def test_numbers_before_paragraphs(self, tmp_path: Path) -> None:
        made = presentation()
        slide = slide_of(made, BLANK)
        paragraphs = "".join(
            f'<a:p><a:pPr lvl="{depth}">{sign}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'
            for text, depth, sign in (
                ("one", 0, '<a:buAutoNum type="arabicPeriod" startAt="3"/>'),
                ("in one", 1, '<a:buAutoNum type="alphaLcParenR"/>'),
                ("two", 0, '<a:buAutoNum type="arabicPeriod" startAt="3"/>'),
                ("dot", 0, '<a:buChar char="•"/>'),
                ("plain", 0, "<a:buNone/>"),
            )
        )
        insert(slide, shape("x").replace("<a:p><a:r><a:t>x</a:t></a:r></a:p>", paragraphs))
        made.save(str(tmp_path / "a.pptx"))
        assert texts(tmp_path / "a.pptx") == ["3. one\n  a) in one\n4. two\n- dot", "plain"]

    def test_tables_with_merged_cells(self, tmp_path: Path) -> None:
        made = presentation()
        table = slide_of(made, BLANK).shapes.add_table(3, 3, Emu(0), Emu(0), Emu(900), Emu(900)).table
        for index, text in enumerate(["Flat", "Rent", "", "A", "100", "150", "", "110", "160"]):
            table.cell(*divmod(index, 3)).text = text
        table.cell(0, 1).merge(table.cell(0, 2))
        table.cell(1, 0).merge(table.cell(2, 0))
        made.save(str(tmp_path / "a.pptx"))
        document = one(tmp_path / "a.pptx")
        assert blocks(document) == [("table", "Flat | Rent | Rent\nA | 100 | 150\nA | 110 | 160")]
        assert document.blocks[0].header_rows == 1

    def test_charts_are_small_tables(self, tmp_path: Path) -> None:
        made = presentation()
        data = CategoryChartData(number_format="0%")
        data.categories = ["East", "West"]
        data.add_series("2023", (0.25, None))
        data.add_series("2024", (0.5, 0.75))
        chart = (
            slide_of(made, BLANK)
            .shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Emu(0), Emu(0), Emu(900), Emu(900), data)
            .chart
        )
        chart.has_title, chart.category_axis.has_title, chart.value_axis.has_title = True, True, True
        chart.chart_title.text_frame.text = "Growth"
        chart.category_axis.axis_title.text_frame.text = "Region"
        chart.value_axis.axis_title.text_frame.text = "share"
        points = XyChartData()
        for name, x, y in (("a", 1, 2.5), ("b", 3, 0.1 + 0.2)):
            points.add_series(name).add_data_point(x, y)
        slide_of(made, BLANK).shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, Emu(0), Emu(0), Emu(900), Emu(900), points)
        made.save(str(tmp_path / "a.pptx"))
        document = one(tmp_path / "a.pptx")
        assert blocks(document) == [
            ("paragraph", "Growth"),
            ("table", "Region / share | 2023 | 2024\nEast | 25% | 50%\nWest |  | 75%"),
            ("table", "series | x | y\na | 1 | 2.5\nb | 3 | 0.3"),
        ]
        assert document.blocks[1].caption == "Growth"

    def test_notes_are_told_from_the_slide(self, tmp_path: Path) -> None:
        made = presentation()
        slide_of(made, TITLE_ONLY, "Rents").notes_slide.notes_text_frame.text = "Say more.\nMuch more."
        notes = slide_of(made, BLANK).notes_slide
        notes.notes_text_frame.text = "Of a slide without a title."
        insert(notes, shape("In a box."))
        made.save(str(tmp_path / "a.pptx"))
        document = one(tmp_path / "a.pptx")
        assert [(block.headings, text) for block, (_, text) in zip(document.blocks, blocks(document), strict=True)] == [
            (("Rents",), "Rents"),
            (("Rents", "Speaker notes"), "Speaker notes"),
            (("Rents", "Speaker notes"), "Say more."),
            (("Rents", "Speaker notes"), "Much more."),
            (("Speaker notes",), "Speaker notes"),
            (("Speaker notes",), "Of a slide without a title."),
            (("Speaker notes",), "In a box."),
        ]
        assert place(document, "Much") == "slide 1"

    def test_smart_art_comments_and_pictures(self, tmp_path: Path) -> None:
        made = presentation()
        slide = slide_of(made, BLANK)
        insert(
            slide,
            '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="8" name="x"/></p:nvGraphicFramePr>'
            '<a:graphic><a:graphicData><dgm:relIds r:dm="art"/></a:graphicData></a:graphic></p:graphicFrame>',
        )
        for description in ("A fox at night", "fox.png"):
            insert(slide, f'<p:pic><p:nvPicPr><p:cNvPr id="9" name="x" descr="{description}"/></p:nvPicPr></p:pic>')
        made.save(str(tmp_path / "plain.pptx"))
        with ZipFile(tmp_path / "plain.pptx") as archive:
            entries: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
        modern = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
        entries |= {
            "ppt/slides/_rels/slide1.xml.rels": relations(
                ("art", "diagramData", "../art.xml"),
                ("old", "comments", "../old.xml"),
                ("new", "comment", "../new.xml"),
            ),
            "ppt/_rels/presentation.xml.rels": str(entries["ppt/_rels/presentation.xml.rels"], "utf-8").replace(
                "</Relationships>",
                f'<Relationship Id="c" Type="{OFFICE}/commentAuthors" Target="commentAuthors.xml"/>'
                '<Relationship Id="d" Type="http://schemas.microsoft.com/office/2018/10/relationships/authors"'
                ' Target="authors.xml"/></Relationships>',
            ),
            "ppt/art.xml": DIAGRAM.format(NAMESPACES),
            "ppt/commentAuthors.xml": (
                f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor id="1" name="Ann Lee"/></p:cmAuthorLst>'
            ),
            "ppt/authors.xml": f'<x:authorLst xmlns:x="{modern}"><x:author id="{{B}}" name="Bo"/></x:authorLst>',
            "ppt/old.xml": f'<p:cmLst xmlns:p="{P}"><p:cm authorId="1"><p:text>Too long.</p:text></p:cm></p:cmLst>',
            "ppt/new.xml": (
                f'<x:cmLst xmlns:x="{modern}" {NAMESPACES}><x:cm authorId="{{B}}">'
                '<x:replyLst><x:reply authorId="{B}">'
                "<x:txBody><a:p><a:r><a:t>Done.</a:t></a:r></a:p></x:txBody></x:reply></x:replyLst>"
                "<x:txBody><a:p><a:r><a:t>Right?</a:t></a:r></a:p></x:txBody></x:cm></x:cmLst>"
            ),
        }
        assert texts(zipped(tmp_path / "a.pptx", entries)) == [
            "- Plan\n  - Draft\n- Sign\n- Pay",
            "Picture: A fox at night",
            "Comment by Ann Lee: Too long.",
            "Comment by Bo: Right?",
            "Comment by Bo: Done.",
        ]

    def test_the_title_is_that_of_the_first_slide_where_nobody_gave_one(self, tmp_path: Path) -> None:
        made = presentation()
        slide_of(made, TITLE_ONLY, "Rents")
        for given, title in (("PowerPoint Presentation", "Rents"), ("", "Rents"), ("About rents", "About rents")):
            made.core_properties.title = given
            made.core_properties.modified = datetime(2024, 5, 6, tzinfo=UTC)
            made.save(str(tmp_path / "a.pptx"))
            document = one(tmp_path / "a.pptx")
            assert (document.title, document.modified) == (title, datetime(2024, 5, 6, tzinfo=UTC))

    def test_slides_count_against_the_limit(self, tmp_path: Path) -> None:
        made = presentation()
        for _ in range(3):
            slide_of(made, TITLE_ONLY, "Rents")
        made.save(str(tmp_path / "a.pptx"))
        file = SourceFile.at(tmp_path / "a.pptx", allowance=Allowance(Limits(pages=2)))
        with pytest.raises(UnreadableFile, match="more than 2 pages"):
            list(read(file, Formats(), {}))


ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
    for name, uri in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style", "meta": "meta",
        "presentation": "presentation", "svg": "svg-compatible", "chart": "chart", "manifest": "manifest",
    }.items()
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'  # fmt: skip


def odf(path: Path, body: str, *, styles: str = "", named: str = "", others: dict[str, str] | None = None) -> Path:
    kind = "presentation" if path.suffix == ".odp" else "text"
    return zipped(
        path,
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": (
                f'<manifest:manifest {ODF}><manifest:file-entry manifest:full-path="/"'
                f' manifest:media-type="application/vnd.oasis.opendocument.{kind}"/>'
                '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
                "</manifest:manifest>"
            ),
            "content.xml": (
                f"<office:document-content {ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
                f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
            ),
            "styles.xml": (
                f"<office:document-styles {ODF}><office:styles>{named}</office:styles></office:document-styles>"
            ),
            "meta.xml": (
                f"<office:document-meta {ODF}><office:meta><dc:title>Rents</dc:title>"
                "<dc:date>2024-05-06T07:08:09</dc:date></office:meta></office:document-meta>"
            ),
            **{name: content.format(ODF) for name, content in (others or {}).items()},
        },
    )


def h(text: str, depth: int = 1) -> str:
    return f'<text:h text:outline-level="{depth}">{text}</text:h>'


def p(text: str, about: str = "") -> str:
    return f"<text:p {about}>{text}</text:p>"


LIST_STYLES = (
    '<text:list-style style:name="L">'
    '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/>'
    '</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>'
)
OUTLINE = (
    '<text:outline-style style:name="Outline"><text:outline-level-style text:level="1" style:num-format="1"/>'
    '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>'
)


def listed(*items: str, about: str = 'text:style-name="L"') -> str:
    return f"<text:list {about}>{''.join(f'<text:list-item>{item}</text:list-item>' for item in items)}</text:list>"


class TestOdt:
    def test_headings_have_the_numbers_of_the_outline(self, tmp_path: Path) -> None:
        body = p("Before.") + h("Rent") + p("Due.") + h("Flats", 2) + h("Deposit") + h("Interest", 2) + p("None.")
        document = one(odf(tmp_path / "a.odt", body, named=OUTLINE))
        assert (document.title, document.modified) == ("Rents", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))
        assert [text for kind, text in blocks(document) if kind == "heading"] == [
            "1 Rent",
            "1.1 Flats",
            "2 Deposit",
            "2.1 Interest",
        ]
        assert place(document, "Before.") == "paragraph 1"
        assert place(document, "None.") == "2 Deposit > 2.1 Interest"

    def test_lists(self, tmp_path: Path) -> None:
        body = (
            listed(p("one") + p("goes on"), p("two") + listed(p("in two"), p("more"), about=""))
            + p("Between.")
            + listed(p("three"), about='text:style-name="L" text:continue-numbering="true"')
            + p("Between.")
            + listed(p("anew"))
            + listed(p("dot"), about='text:style-name="B"')
        )
        cell = f"<table:table-cell>{listed(p('in a cell'))}</table:table-cell><table:table-cell/>"
        body += f"<table:table><table:table-row>{cell}</table:table-row></table:table>"
        assert texts(odf(tmp_path / "a.odt", body, styles=LIST_STYLES)) == [
            "1. one\n  goes on\n2. two\n  (a) in two\n  (b) more",
            "Between.",
            "3. three",
            "Between.",
            "1. anew\n- dot",
            "1. in a cell",
        ]

    def test_white_space_is_what_the_markup_says(self, tmp_path: Path) -> None:
        text = 'a\n  b<text:s text:c="2"/>c<text:tab/>d<text:line-break/>e<text:span> f </text:span> g'
        assert texts(odf(tmp_path / "a.odt", p(text))) == ["a b  c\td\ne f g"]

    def test_tables(self, tmp_path: Path) -> None:
        def cell(text: str, about: str = "") -> str:
            return f"<table:table-cell {about}>{p(text)}</table:table-cell>"

        covered = "<table:covered-table-cell/>"
        wide, high, twice = (
            f'table:number-{name}="2"' for name in ("columns-spanned", "rows-spanned", "columns-repeated")
        )
        lines = [
            cell("Flat") + cell("Rent", wide) + covered,
            cell("A", high) + cell("100") + cell("150"),
            covered + cell("-", twice),
            cell("Block", f"{wide} {high}") + covered + cell("x"),
            covered + covered + cell("y"),
        ]
        head, *rows = (f"<table:table-row>{line}</table:table-row>" for line in lines)
        body = f"<table:table-header-rows>{head}</table:table-header-rows>{''.join(rows)}"
        caption = p("Table 1: Rents", 'text:style-name="P1"')
        document = one(
            odf(
                tmp_path / "a.odt",
                caption + f"<table:table>{body}</table:table>",
                styles='<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Table"/>',
                named='<style:style style:name="Table" style:family="paragraph" style:parent-style-name="Caption"/>'
                '<style:style style:name="Caption" style:family="paragraph"/>',
            )
        )
        assert blocks(document)[1] == (
            "table",
            "Flat | Rent | Rent\nA | 100 | 150\nA | - | -\nBlock |  | x\nBlock |  | y",
        )
        assert (document.blocks[1].caption, document.blocks[1].header_rows) == ("Table 1: Rents", 1)

    def test_notes_comments_and_boxes_follow_their_paragraph(self, tmp_path: Path) -> None:
        note = (
            '<text:note text:note-class="{}"><text:note-citation>{}</text:note-citation>'
            "<text:note-body>{}</text:note-body></text:note>"
        )
        said = f"<dc:creator>Ann Lee</dc:creator><dc:date>2024-01-01</dc:date>{p('Sure?')}"
        comment = f"<office:annotation>{said}</office:annotation>"
        frame = (
            f"<draw:frame><draw:text-box>{p('Boxed.')}</draw:text-box></draw:frame>"
            "<draw:frame><draw:image/><svg:title>no.png</svg:title><svg:desc>A fox</svg:desc></draw:frame>"
            f"<draw:g><draw:rect>{p('In a shape.')}</draw:rect></draw:g>"
        )
        body = (
            p("Rent" + note.format("footnote", "1", p("Noted.")) + " is due.")
            + p("Paid." + note.format("endnote", "i", p("End.")) + comment)
            + p(f"Next.{frame}")
        )  # fmt: skip
        assert texts(odf(tmp_path / "a.odt", body)) == [
            "Rent is due.",
            "Footnote 1: Noted.",
            "Paid.",
            "Endnote i: End.",
            "Comment by Ann Lee: Sure?",
            "Next.",
            "Picture: A fox",
            "Boxed.",
            "In a shape.",
        ]

    def test_what_is_deleted_hidden_or_a_prompt_is_left_out(self, tmp_path: Path) -> None:
        display = '<style:text-properties text:display="none"/>'
        hidden = f'<style:style style:name="{{0}}" style:family="{{1}}">{display}</style:style>'
        body = (
            "<text:tracked-changes><text:changed-region>"
            f"<text:deletion>{p('Gone.')}</text:deletion></text:changed-region></text:tracked-changes>"
            + p('Kept<text:change text:change-id="c"/><text:span text:style-name="T1"> hidden</text:span>.')
            + p("All hidden", 'text:style-name="P1"')
            + f'<text:section text:display="none">{p("Hidden section")}</text:section>'
            + f"<text:section>{p('<text:placeholder>Enter a name</text:placeholder>Section.')}</text:section>"
            + p("<text:ruby><text:ruby-base>漢字</text:ruby-base><text:ruby-text>かんじ</text:ruby-text></text:ruby>")
        )
        path = odf(tmp_path / "a.odt", body, styles=hidden.format("T1", "text") + hidden.format("P1", "paragraph"))
        assert texts(path) == ["Kept.", "Section.", "漢字"]

    def test_equations_and_charts(self, tmp_path: Path) -> None:
        math = (
            '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi>'
            "</mrow><mn>2</mn></mfrac><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></mrow><annotation>x</annotation></semantics></math>"
        )
        chart = (
            "<office:document-content {0}><office:body><office:chart><chart:chart>"
            "<chart:title><text:p>Growth</text:p></chart:title><table:table>"
            "<table:table-row><table:table-cell/>"
            "<table:table-cell><text:p>2024</text:p></table:table-cell></table:table-row>"
            "<table:table-row><table:table-cell><text:p>East</text:p></table:table-cell>"
            "<table:table-cell><text:p>3</text:p></table:table-cell></table:table-row>"
            "</table:table></chart:chart></office:chart></office:body></office:document-content>"
        )
        objects = '<draw:frame><draw:object xlink:href="./Object {}"/><draw:image/></draw:frame>'
        body = p("Let " + objects.format(1) + " be.") + p(objects.format(2))
        path = odf(tmp_path / "a.odt", body, others={"Object 1/content.xml": math, "Object 2/content.xml": chart})
        assert texts(path) == ["Let (a + b)/2 = c^2 be.", "Growth", " | 2024\nEast | 3"]

    @pytest.mark.parametrize(
        "entries",
        [
            {"META-INF/manifest.xml": "<manifest:manifest {}><manifest:file-entry><manifest:encryption-data/>"
                                      "</manifest:file-entry></manifest:manifest>"},
            {"encrypted-package": "..."},
        ],
    )  # fmt: skip
    def test_a_protected_file_says_so(self, entries: dict[str, str], tmp_path: Path) -> None:
        assert refusal(odf(tmp_path / "a.odt", "", others=entries)) == f"a.odt {PROTECTED}"


class TestOdp:
    def test_slides(self, tmp_path: Path) -> None:
        def frame(inner: str, about: str = "") -> str:
            return f"<draw:frame {about}>{inner}</draw:frame>"

        def box(text: str, about: str = "") -> str:
            return frame(f"<draw:text-box>{text}</draw:text-box>", about)

        cells = "".join(f"<table:table-cell>{p(text)}</table:table-cell>" for text in ("a", "b"))
        outline, placeholder = 'presentation:class="outline"', 'presentation:placeholder="true"'
        in_group = box(p("in group"), 'svg:y="50mm"')
        notes = box(p("Say it."), 'presentation:class="notes"')
        first = (
            box(p("low"), 'svg:y="9cm" svg:x="0cm"')
            + f"<draw:g>{in_group}</draw:g>"
            + box(p("Rents"), 'presentation:class="title"')
            + box(listed(p("one"), p("two"), about='text:style-name="B"'), outline)
            + box(p("Click to add text"), f"{outline} {placeholder}")
            + box(listed(p("1st")) + listed(p("2nd"), about='text:style-name="L"'), 'svg:y="3cm"')
            + box(p("3"), 'presentation:class="page-number"')
            + frame(f"<table:table><table:table-row>{cells}</table:table-row></table:table>", 'svg:y="7cm"')
            + f"<office:annotation><dc:creator>Ann</dc:creator>{p('Sure?')}</office:annotation>"
            + f"<presentation:notes>{notes}</presentation:notes>"
        )
        body = f"<draw:page>{first}</draw:page><draw:page/><draw:page>{box(p('Last'))}</draw:page>"
        document = one(odf(tmp_path / "a.odp", body, styles=LIST_STYLES))
        assert blocks(document) == [
            ("heading", "Rents"),
            ("list", "- one\n- two"),
            ("list", "1. 1st\n2. 2nd"),
            ("paragraph", "in group"),
            ("table", "a | b"),
            ("paragraph", "low"),
            ("paragraph", "Comment by Ann: Sure?"),
            ("heading", "Speaker notes"),
            ("paragraph", "Say it."),
            ("paragraph", "Last"),
        ]
        assert document.anchor_at(document.text.index("Last")) == Anchor("slide", "slide 3", 3)
        assert document.blocks[-1].headings == ()


def rtf(path: Path, body: str, *, head: str = "") -> Path:
    fonts = (
        r"{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset128 MS Gothic;}{\f2\fcharset204 Arial;}"
        r"{\f3\fcharset2 Symbol;}{\f4 Unnamed;}}"
    )
    styles = (
        r"{\stylesheet{\s0 Normal;}{\s1\sbasedon0\outlinelevel0 Clause;}{\s2\sbasedon1 Other clause;}{\s3 heading 2;}"
        r"{\s4 caption;}{\s5 Title;}{\*\cs6 Ghost;}}"
    )
    return written(path, (r"{\rtf1\ansi\ansicpg1250\deff0" + fonts + styles + head + body + "}").encode("latin-1"))


def cells(*texts: str, edges: str = r"\cellx1000\cellx2000") -> str:
    return rf"\trowd{edges}\pard\intbl " + "".join(rf"{text}\cell " for text in texts) + r"\row "


class TestRtf:
    @pytest.mark.parametrize(
        ("body", "text"),
        [
            (r"\f1 \'93\'fa\'96{\'7b}\f0  caf\'e9", "日本 café"),
            (r"\f1 \'83\'5c\'83A", "ソア"),
            (r"\f2 \'cb\'e8\'f1\'e0 \f4 \'b3", "Лиса ł"),
            ("\\f2 \xcb\xe8\xf1\xe0", "Лиса"),
            (r"\f3 ab\u-3917 ?\f0  ab", "αβ≥ ab"),
            (r"\uc1 \u26085\'3f\u26412 ?!", "日本!"),
            (r"\uc2 \u233\'c3\'a9x{\uc0 \u233 y}", "éxéy"),
            (r"\u-10179?\u-8704?", "😀"),
            (r"a{\loch\b0\*\cs7\u-257 ? b}", "a b"),
            (r"\uc0\u-10240 here", "\ufffdhere"),
            (r"\ldblquote a\rdblquote\~b\_c\-d\emdash e\\f\{g\}", "“a”\u00a0b-cd—e\\f{g}"),
            ("a\r\nb\\tab c\\line d", "ab\tc\nd"),
        ],
    )
    def test_text_is_in_the_encoding_of_its_font(self, body: str, text: str, tmp_path: Path) -> None:
        assert one(rtf(tmp_path / "a.rtf", body)).text == text

    def test_what_is_no_text_is_left_out(self, tmp_path: Path) -> None:
        body = (
            r"Seen{\pict\pngblip 89504e470d}{\*\shppict{\pict\bin5 }}}{{}}{\nonshppict{\pict 00}}{\v hidden}"
            r"{\deleted gone}{\header Head}{\footerf Foot}{\*\unknown x{y}}{\object{\*\objdata 0102}{\result Shown}}"
            r"{\field{\*\fldinst HYPERLINK x}{\fldrslt  a link}}{\*\bkmkstart b}{\xe index}\plain ."
        )
        assert one(rtf(tmp_path / "a.rtf", body)).text == "SeenShown a link."

    def test_headings_by_their_styles(self, tmp_path: Path) -> None:
        body = (
            r"\pard\s5 Lease\par\pard Before.\par\pard\s1 Rent\par\pard Due.\par\pard\s2 Deposit\par"
            r"\pard\s3 Interest\par\pard\outlinelevel1 Repayment\par\pard\plain End."
        )
        document = one(rtf(tmp_path / "a.rtf", body))
        assert document.title == "Lease"
        assert place(document, "Before.") == "paragraph 2"
        assert place(document, "Due.") == "Rent"
        assert place(document, "Interest") == "Deposit > Interest"
        assert place(document, "End.") == "Deposit > Repayment"

    def test_items_have_their_numbers(self, tmp_path: Path) -> None:
        body = (
            r"\pard{\listtext\pard\plain 1.\tab}\ls1 one\par{\listtext\tab}\pard\ilvl1{\pntext\f3\'b7\tab}in one\par"
            r"\pard Plain.\par\pard\s1{\listtext 2.\tab}Rent\par"
        )
        assert blocks(one(rtf(tmp_path / "a.rtf", body))) == [
            ("list", "1. one\n  - in one"),
            ("paragraph", "Plain."),
            ("heading", "2. Rent"),
        ]

    def test_tables(self, tmp_path: Path) -> None:
        body = (
            r"\pard\s4 Table 1: Rents\par"
            + cells("Flat", "Rent", edges=r"\trhdr\cellx1000\cellx3010")
            + cells("", "cold", "warm", edges=r"\trhdr\cellx1000\cellx2000\cellx3000")
            + cells("A", r"one\par two", "150", edges=r"\clvmgf\cellx1000\cellx2000\cellx3000")
            + cells("", "200", "", edges=r"\clvmrg\cellx1000\clmgf\cellx2000\clmrg\cellx3000")
            + r"\pard Between.\par"
            + cells("a", "b")
        )
        document = one(rtf(tmp_path / "a.rtf", body))
        assert blocks(document)[1:] == [
            ("table", "Flat | Rent | Rent\n | cold | warm\nA | one two | 150\nA | 200 | "),
            ("paragraph", "Between."),
            ("table", "a | b"),
        ]
        assert (document.blocks[1].caption, document.blocks[1].header_rows) == ("Table 1: Rents", 2)

    def test_a_table_within_a_table_follows_it(self, tmp_path: Path) -> None:
        inner = (
            r"\pard\intbl\itap2 x\nestcell y\nestcell{\*\nesttableprops\trowd\cellx500\cellx900\nestrow}"
            r"{\nonesttables\par}\pard\intbl\itap1 "
        )
        assert texts(rtf(tmp_path / "a.rtf", cells("a", inner + "b") + r"\pard End.")) == ["a | b", "x | y", "End."]

    def test_notes_comments_and_boxes(self, tmp_path: Path) -> None:
        body = (
            r"\aftnnrlc Rent{\super\chftn{\footnote\pard\plain\chftn  Noted\par twice.}} is due"
            r"{\footnote\ftnalt At the end.}"
            r"{\*\atnid AL}{\*\atnauthor Ann Lee}\chatn{\*\annotation{\*\atndate 12}Sure?}"
            r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt Boxed.\par Twice.\par}}{\shprslt{\*\do Boxed.}}}.\par Next."
        )
        assert texts(rtf(tmp_path / "a.rtf", body)) == [
            "Rent is due.",
            "Footnote 1: Noted twice.",
            "Endnote i: At the end.",
            "Comment by Ann Lee: Sure?",
            "Boxed.",
            "Twice.",
            "Next.",
        ]

    def test_what_the_file_says_of_itself(self, tmp_path: Path) -> None:
        info = (
            r"{\info{\upr{\title ??}{\*\ud{\title \u26085\'3f\u26412\'3f}}}{\author Ann}{\doccomm Words}"
            r"{\creatim\yr1999\mo1\dy1}{\revtim\yr2024\mo5\dy6\hr7\min8}}"
        )
        document = one(rtf(tmp_path / "a.rtf", "Text.", head=info))
        assert (document.title, document.text) == ("日本", "Text.")
        assert document.modified == datetime(2024, 5, 6, 7, 8, tzinfo=UTC)

    def test_a_title_is_in_the_encoding_of_the_document(self, tmp_path: Path) -> None:
        assert one(rtf(tmp_path / "a.rtf", "Text.", head=r"{\info{\title \'8cl\'b9ty}}")).title == "Śląty"

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (r"{\rtf1 Unclosed {\b bold", "Unclosed bold"),
            (r"{\rtf1 Closed} and more", "Closed"),
            ("\ufeff\n{\\rtf1 After a mark}", "After a mark"),
            (r"{\rtf1\trowd\cellx1\cellx2\intbl a\cell b\cell", "a | b"),
            (r"{\rtf1\intbl no cell\par End", "no cell\n\nEnd"),
        ],
    )
    def test_broken_files_lose_nothing(self, content: str, text: str, tmp_path: Path) -> None:
        assert one(written(tmp_path / "a.rtf", content)).text == text

    def test_groups_may_not_lie_too_deep(self, tmp_path: Path) -> None:
        assert refusal(written(tmp_path / "a.rtf", r"{\rtf1 " + "{" * 100_000)).startswith("a.rtf is damaged: ")


def protected(path: Path, *streams: tuple[str, str, int, bytes]) -> Path:
    """A document behind a password; streams of it may be renamed, with other bytes at a place."""
    plain = BytesIO(word(path.with_name("plain.docx"), para("Secret.")).read_bytes())
    made = BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("password", made)
    data = bytearray(made.getvalue())
    for old, new, _, _ in streams:
        at = data.index(f"{old}\0".encode("utf-16-le"))
        name = f"{new}\0".encode("utf-16-le")
        data[at : at + 66] = name.ljust(64, b"\0") + len(name).to_bytes(2, "little")
    path.write_bytes(data)
    with olefile.OleFileIO(str(path), write_mode=True) as compound:
        for _, stream, offset, content in streams:
            old_bytes = compound.openstream(stream).read()
            compound.write_stream(stream, old_bytes[:offset] + content + old_bytes[offset + len(content) :])
    return path


WORD_STREAM, POINT_STREAM = ("EncryptedPackage", "WordDocument"), ("EncryptedPackage", "PowerPoint Document")
ENCRYPTED_USER = ("EncryptionInfo", "Current User", 12, b"\xdf\xc4\xd1\xf3")
PLAIN_USER = ("EncryptionInfo", "Current User", 12, b"\x5f\xc0\x91\xe3")


class TestKinds:
    @pytest.mark.parametrize(
        ("name", "streams"),
        [
            ("a.docx", ()),
            ("a.pptx", ()),
            ("a.doc", ((*WORD_STREAM, 10, b"\x00\x01"),)),
            ("a.ppt", ((*POINT_STREAM, 0, b""), ENCRYPTED_USER)),
        ],
    )
    def test_a_protected_file_says_so(
        self, name: str, streams: tuple[tuple[str, str, int, bytes], ...], tmp_path: Path
    ) -> None:
        assert refusal(protected(tmp_path / name, *streams)) == f"{name} {PROTECTED}"

    @pytest.mark.parametrize(
        ("streams", "kind"),
        [
            (((*WORD_STREAM, 10, b"\x00\x00"),), "application/msword"),
            (((*POINT_STREAM, 0, b""), PLAIN_USER), "application/vnd.ms-powerpoint"),
        ],
    )
    def test_an_old_file_that_is_open_is_of_its_kind(
        self, streams: tuple[tuple[str, str, int, bytes], ...], kind: str, tmp_path: Path
    ) -> None:
        assert kind_of(SourceFile.at(protected(tmp_path / "a", *streams))) == kind

    @pytest.mark.parametrize(
        ("name", "content", "text"),
        [
            ("a.doc", r"{\rtf1 In RTF.}", "In RTF."),
            ("a.doc", "<html><body><p>A page.</p></body></html>", "A page."),
            ("a.doc", "Plain words.", "Plain words."),
            ("a.rtf", "Plain words.", "Plain words."),
            ("a.txt", "\r\n{\\rtf1 In RTF.}", "In RTF."),
        ],
    )
    def test_what_is_saved_under_an_old_suffix(self, name: str, content: str, text: str, tmp_path: Path) -> None:
        assert one(written(tmp_path / name, content)).text == text

    @pytest.mark.parametrize(
        ("name", "content", "kind"),
        [
            ("a.doc", "Date: today\nMIME-Version: 1.0\nSubject: Exported\n\n", "message/rfc822"),
            ("a.xml", '<?xml version="1.0"?>\n<?mso-application progid="Word.Document"?>', "application/msword"),
            ("a.doc", b"\xdb\xa5-\x00\x00\x00", "application/msword"),
        ],
    )
    def test_kinds_that_others_read(self, name: str, content: str | bytes, kind: str, tmp_path: Path) -> None:
        assert kind_of(SourceFile.at(written(tmp_path / name, content))) == kind

    def test_the_main_part_may_have_a_number(self, tmp_path: Path) -> None:
        with ZipFile(word(tmp_path / "a.docx", para("Words."))) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        renamed = {
            name.replace("document.xml", "document2.xml"): content.replace(b"document.xml", b"document2.xml")
            for name, content in entries.items()
        }
        assert one(zipped(tmp_path / "b", dict(renamed))).text == "Words."

    @pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.odt", "a.odp"])
    def test_a_damaged_file_says_so(self, name: str, tmp_path: Path) -> None:
        whole = odf(tmp_path / name, p("Words.")) if name.startswith("a.od") else word(tmp_path / name, para("Words."))
        content = whole.read_bytes()
        for damaged in (content[: len(content) // 2], b"no archive"):
            message = refusal(written(tmp_path / name, damaged))
            assert message.startswith(f"{name} is damaged or ")
        with ZipFile(whole, "w") as archive:
            archive.writestr("word/document.xml", "<broken")
            archive.writestr("content.xml", "<broken")
        assert refusal(whole).startswith(f"{name} is damaged or no ")

    def test_entities_are_not_resolved(self, tmp_path: Path) -> None:
        secret = written(tmp_path / "secret.txt", "secret")
        path = word(tmp_path / "a.docx", para("Words."))
        with ZipFile(path) as archive:
            entries = {name: archive.read(name).decode() for name in archive.namelist()}
        doctype = f'<!DOCTYPE w [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        entries["word/document.xml"] = doctype + entries["word/document.xml"].replace("Words.", "Words &x;.")
        assert one(zipped(tmp_path / "b.docx", dict(entries))).text == "Words"


class TestLegacy:
    """What is tested with LibreOffice itself is skipped where it is not installed."""

    installed = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

    @pytest.mark.parametrize(("suffix", "new"), [("doc", "docx"), ("ppt", "pptx")])
    def test_without_libreoffice_the_reason_says_what_to_do(
        self, suffix: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stream = WORD_STREAM if suffix == "doc" else POINT_STREAM
        path = protected(tmp_path / f"a.{suffix}", (*stream, 10, b"\x00\x00"))
        as_it_is, is_installed = Formats().fingerprint, shutil.which("soffice") is not None
        monkeypatch.setenv("PATH", "")
        with pytest.raises(NothingToRead) as caught:
            list(read_path(path))
        assert str(caught.value) == (
            f"a.{suffix} is in the old format .{suffix}, which only LibreOffice reads;"
            f" install LibreOffice, or save the file as .{new}."
        )
        without_it = Formats().fingerprint
        assert (as_it_is != without_it) is is_installed
        program(tmp_path, "exit 0", monkeypatch)
        assert Formats().fingerprint != without_it

    @installed
    def test_an_old_word_file(self, tmp_path: Path) -> None:
        made = docx.Document()
        made.add_heading("Rent", 1)
        made.add_paragraph("Due monthly.")
        table = made.add_table(2, 2)
        for cell, text in zip(table._cells, ("a", "b", "1", "2"), strict=True):
            cell.text = text
        made.add_paragraph("End.")
        made.save(str(tmp_path / "rent.docx"))
        path = converted_to("doc", tmp_path / "rent.docx")
        document = one(path)
        assert blocks(document)[:3] == [("heading", "Rent"), ("paragraph", "Due monthly."), ("table", "a | b\n1 | 2")]
        assert (document.source, document.media_type) == (str(path.resolve()), "application/msword")
        assert document.sha256 == SourceFile.at(path).sha256
        assert place(document, "Due") == "Rent"

    @installed
    def test_an_old_presentation(self, tmp_path: Path) -> None:
        made = presentation()
        slide_of(made, TITLE_ONLY, "Rents").notes_slide.notes_text_frame.text = "Say more."
        made.save(str(tmp_path / "rents.pptx"))
        document = one(converted_to("ppt", tmp_path / "rents.pptx"))
        assert [text for _, text in blocks(document)] == ["Rents", "Speaker notes", "Say more."]
        assert (place(document, "Say"), document.media_type) == ("slide 1", "application/vnd.ms-powerpoint")

    @installed
    @pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
    def test_what_a_document_refers_to_is_not_fetched(self, tmp_path: Path) -> None:
        linked = '<draw:frame svg:width="2cm" svg:height="2cm"><draw:image xlink:href="http://192.0.2.1/a.png"/></draw:frame>'
        path = odf(tmp_path / "a.odt", p(f"Words.{linked}"))
        asking = (
            "from pathlib import Path; from ingest.readers.source_file import SourceFile;"
            " from ingest.readers.office.libreoffice import converted;"
            f" assert converted(SourceFile.at(Path({str(path)!r})), 'odt', 'docx')"
        )
        log = tmp_path / "connections"
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(log), sys.executable, "-c", asking],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            timeout=120,
        )
        assert "AF_UNIX" in log.read_text()
        assert "AF_INET" not in log.read_text()

    def test_a_conversion_that_hangs_is_ended_with_all_that_it_started(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        monkeypatch.setenv("TMPDIR", str(temporary))
        program(tmp_path, f'sleep 60 & echo $! > "{tmp_path}/child"; wait', monkeypatch)
        file = SourceFile.at(old_word_file(tmp_path), allowance=Allowance(Limits(seconds=1)))
        with pytest.raises(UnreadableFile) as caught:
            list(read(file, Formats(), {}))
        assert str(caught.value) == (
            "a.doc takes LibreOffice more than 0.8 s to convert; save it as .docx, or raise ingest.seconds."
        )
        assert has_ended(int((tmp_path / "child").read_text()))
        assert list(temporary.iterdir()) == []

    def test_a_conversion_ends_with_the_process_that_asked_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        monkeypatch.setenv("TMPDIR", str(temporary))
        program(tmp_path, f'echo $$ > "{tmp_path}/child"; sleep 60', monkeypatch)
        asking = (
            "from pathlib import Path; from ingest.reading import read_path;"
            f" list(read_path(Path({str(old_word_file(tmp_path))!r})))"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", asking], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        wait_for(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text().strip() != "")
        assert len(list(temporary.iterdir())) == 1
        process.kill()
        process.wait()
        wait_for(lambda: list(temporary.iterdir()) == [])
        wait_for(lambda: has_ended(int((tmp_path / "child").read_text())))

    def test_a_conversion_that_fails_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program(tmp_path, "exit 1", monkeypatch)
        assert refusal(old_word_file(tmp_path)) == (
            "a.doc is damaged: LibreOffice cannot convert it; save it as .docx."
        )


def old_word_file(folder: Path) -> Path:
    return protected(folder / "a.doc", (*WORD_STREAM, 10, b"\x00\x00"))


def program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a program in LibreOffice's place."""
    path = folder / "bin" / "soffice"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(path.parent), os.defpath)))


def converted_to(suffix: str, path: Path) -> Path:
    """A file in an old format, made by LibreOffice."""
    asked = ["--headless", "--convert-to", suffix, "--outdir", str(path.parent), str(path)]
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    subprocess.run(["soffice", profile, *asked], check=True, capture_output=True, timeout=120)
    return path.with_suffix(f".{suffix}")


def has_ended(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
