from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import docx
import pypdf
import pytest
from docx.oxml.ns import qn
from format_samples import FOX, MAKERS, MARKDOWN, make_docx, pdf, written
from one_document import texts

from ingest.formats import READERS, Formats
from ingest.kinds import BY_SUFFIX
from ingest.readers.source_file import SourceFile
from ingest.reading import read_path
from ingest.splitter import SentenceSplitter
from kb.errors import NothingToRead, UnreadableFile
from kb.identity import document_id
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.models.tokens import TextTokenizer
from kb.types import Anchor, Block, Document


def documents(path: Path) -> Iterator[Document]:
    for found in read_path(path):
        assert isinstance(found, Document)
        yield found


def reader_of(path: Path) -> str | None:
    """The name of the reader of a file, None where it has none."""
    try:
        return type(Formats().reader(SourceFile.at(path))).__name__
    except NothingToRead:
        return None


def read(path: Path) -> Document:
    [document] = documents(path)
    return document


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize("name", MAKERS)
def test_every_reader_keeps_its_promises(name: str, tmp_path: Path) -> None:
    path = MAKERS[name](tmp_path / name)
    document = read(path)
    text = document.text
    assert text.encode()
    assert "\x00" not in text
    assert document.id == document_id(document.source)
    assert document.source.removesuffix("#7") == str(path.resolve())
    assert document.modified and document.modified.tzinfo is UTC
    assert document.title
    assert all(0 <= block.start < block.end <= len(text) for block in document.blocks)
    assert all(before.end <= block.start for before, block in pairwise(document.blocks))
    assert all(before.offset <= mark.offset for before, mark in pairwise(document.marks))
    assert document.marks
    assert read(path) == document
    chunks = SentenceSplitter(
        TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8")), 32
    ).split(document)
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(text.split())


@pytest.mark.parametrize("suffix", sorted(suffix for suffix, kind in BY_SUFFIX.items() if kind in READERS))
def test_an_empty_file_is_refused_in_a_sentence(suffix: str, tmp_path: Path) -> None:
    message = refusal(written(tmp_path / f"empty{suffix}", b""))
    assert message.startswith(f"empty{suffix} ")
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.txt", b"%PDF-1.7 ...", "PdfReader"),
        ("page.txt", b"\n<!DOCTYPE html><p>x", "HtmlReader"),
        ("page", b"<html><body>x", "HtmlReader"),
        ("a.md", b"<html> is how a page begins", "MarkdownReader"),
        ("README", b"words", "PlainReader"),
        ("A.MD", b"words", "MarkdownReader"),
        ("program", b"\x7fELF\x00\x00", None),
        ("a.png", b"\x89PNG\r\n", "ImageReader"),
        ("a.zip", b"PK\x03\x04", None),
        ("LICENSE.example3", FOX.encode(), "PlainReader"),
        ("minutes of 3. May", "Über den Fluß führt seit langem keine Brücke mehr.".encode("cp1252"), "PlainReader"),
        ("a.fasta", b">x1\nMKVLAAGIVGLCAKAYLERPG\n" * 9, None),
        ("a.example", FOX.encode() + b"\x01", None),
        ("a.txt~", FOX.encode(), None),
        ("a.bak", FOX.encode(), None),
        ("a.pem", b"-----BEGIN KEY", None),
        ("BM25.txt", b"BM25 is a ranking function.", "PlainReader"),
        ("a.py", b"# %PDF- is how a PDF begins", "SourceCodeReader"),
        ("run", b"#!/bin/sh\necho", "SourceCodeReader"),
        ("Makefile", b"all:\n\techo", "SourceCodeReader"),
        ("a.ts", b"\x47\x00\x00\x10" * 50, None),
        ("a.svg", b'<?xml version="1.0"?><svg/>', None),
        ("feed", b'<?xml version="1.0"?><rss/>', "XmlReader"),
        ("a.json", b'{"cells": [], "nbformat": 4}', "NotebookReader"),
    ],
)
def test_content_decides_where_it_is_decisive(name: str, content: bytes, reader: str | None, tmp_path: Path) -> None:
    assert reader_of(written(tmp_path / name, content)) == reader


def test_a_word_document_is_known_without_its_suffix(tmp_path: Path) -> None:
    assert reader_of(make_docx(tmp_path / "letter.bin")) == "DocxReader"


class TestMarkdown:
    def test_the_text_is_the_files_text(self, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.md", MARKDOWN)).text == MARKDOWN

    def test_blocks_have_kinds_and_headings(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.md", MARKDOWN))
        assert [block.kind for block in document.blocks] == ["heading", "paragraph", "heading", "list", "table", "code"]
        assert document.blocks[1].headings == ("Foxes",)
        assert document.blocks[3].headings == ("Foxes", "Red")
        assert texts(document, "table") == ["| a | b |\n|---|---|\n| 1 | 2 |"]
        assert document.anchor_at(document.text.index("one")) == Anchor("heading", "Foxes > Red")

    @pytest.mark.parametrize(
        ("content", "title"),
        [
            ("Words.\n\n# The *first* `H1`\n", "The first H1"),
            ("---\ntitle: 'Given'\n---\n# Other\n", "Given"),
            ("## Only a section\n", "my file"),
            ("Set\next\n=====\n", "Set ext"),
        ],
    )
    def test_title(self, content: str, title: str, tmp_path: Path) -> None:
        assert read(written(tmp_path / "my_file.md", content)).title == title

    def test_front_matter_gives_title_and_tags_and_keeps_its_other_fields_in_place(self, tmp_path: Path) -> None:
        content = (
            "---\r\ntitle: x: y\r\nauthor: Ada\r\ntags:\r\n  - law\r\n  - tax\r\ndate: 2025-03-02\r\n---\r\nWords.\r\n"
        )
        document = read(written(tmp_path / "a.md", content))
        assert (document.title, document.tags) == ("x: y", ("law", "tax"))
        assert document.text.split() == ["author:", "Ada", "date:", "2025-03-02", "Words."]
        assert all(document.text.index(words) == content.index(words) for words in ("author: Ada", "date:", "Words."))
        assert document.blocks[0].kind == "code"

    def test_front_matter_may_be_toml(self, tmp_path: Path) -> None:
        content = '+++\ntitle = "Fatigue"\ntags = ["a", "b"]\n+++\nWords.\n'
        document = read(written(tmp_path / "a.md", content))
        assert (document.title, document.tags, texts(document)) == ("Fatigue", ("a", "b"), ["Words."])

    @pytest.mark.parametrize(
        ("written_as", "shown"),
        [
            ("One.<br>Two.", "One. Two."),
            ('<div class="a">\n\nWords\n\n</div>', "Words"),
            ('<Callout type="warning" open={x}>Words</Callout> {/* no */}', "Words"),
            ("costs &pound;5 or 3&nbsp;% &amp; 4&euro; caf&eacute;s", "costs £5 or 3 % & 4€ caf&eacute;s"),
            ("`a<br>&amp;` List<String> <https://a.b/> <ada@b.c> <name> a < b > c &foo;",) * 2,
            ("```\n<br>&amp;\n```",) * 2,
            ("<style>p { color: red }</style>Words", "Words"),
        ],
    )
    def test_tags_and_entities_are_read_as_they_are_seen(self, written_as: str, shown: str, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.md", f"{written_as}\n\nThe end."))
        assert document.text.split() == [*shown.split(), "The", "end."]
        assert document.text.index("The end.") == len(written_as) + 2

    def test_a_tag_before_words_makes_no_code_of_them(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.md", '<p align="center">Words</p>\n'))
        assert [block.kind for block in document.blocks] == ["paragraph"]

    @pytest.mark.parametrize(
        "content", ["---\nYou can walk there.\n\n---\n\nOr swim.\n", "---\r\n\r\nWalk: or swim.\r\n"]
    )
    def test_text_below_a_rule_is_no_front_matter(self, content: str, tmp_path: Path) -> None:
        assert {block.kind for block in read(written(tmp_path / "a.md", content)).blocks} <= {"paragraph", "heading"}

    def test_places_are_lines_where_there_is_no_heading(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.md", "Words.\n\nMore."))
        assert document.anchor_at(9) == Anchor("line", "line 3", 3)


class TestPlain:
    def test_paragraphs_and_lines(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "my_notes.txt", "One\ntwo.\r\n\r\nThree.\n \t\nFour."))
        assert texts(document) == ["One\ntwo.", "Three.", "Four."]
        assert document.title == "my notes"
        assert [mark.anchor.number for mark in document.marks] == [1, 2, 4, 6]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
    def test_encodings_are_told(self, encoding: str, tmp_path: Path) -> None:
        words = "Überall übt man Geduld, weil es früh dämmert und die Straße naß ist. " * 5
        assert read(written(tmp_path / "a.txt", words.encode(encoding))).text == words

    @pytest.mark.parametrize(
        ("encoding", "words"), [("gb18030", "狐狸跑過河岸，狗在睡覺。"), ("cp1251", "Лиса бежит по берегу реки.")]
    )
    def test_encodings_of_other_scripts_are_guessed(self, encoding: str, words: str, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.txt", (words * 20).encode(encoding))).text == words * 20

    def test_control_characters_become_blanks_in_place(self, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.txt", "a\x00b\x07c\ufffed")).text == "a b c\ufffdd"

    def test_what_is_not_text_is_refused(self, tmp_path: Path) -> None:
        content = bytes(range(256)) * 40
        assert "not text" in refusal(written(tmp_path / "a.txt", content))

    @pytest.mark.parametrize(
        ("words", "language"),
        [(FOX, "en"), ("12.5 A-1 B", None), ("狐狸跑過河岸", "zh"), ("きつねが川を", "ja"), ("Лиса бежит", "ru")],
    )
    def test_language_is_told(self, words: str, language: str | None, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.txt", words)).language == language


class TestHtml:
    def test_main_content_only(self, tmp_path: Path) -> None:
        content = (
            "<title>Site</title><header>Banner</header><nav>Home</nav><div><h1>Foxes</h1><p>Kept.</p>"
            "<p hidden>No</p><p style='display: none'>No</p><script>no()</script><style>no</style><!-- no --></div>"
            "<footer>Imprint</footer>"
        )
        document = read(written(tmp_path / "a.html", content))
        assert document.text == "Foxes\n\nKept."
        assert document.title == "Site"

    @pytest.mark.parametrize(
        ("body", "title"),
        [
            ("<h2>Foxes</h2><p>Red.</p><h3>Cubs</h3><p>Small.</p>", "Foxes"),
            ("<h2>Foxes</h2><p>Red.</p><h2>Owls</h2><p>Grey.</p>", "my file"),
            ("<p>Words.</p><h2>Foxes</h2><p>Red.</p>", "my file"),
        ],
    )
    def test_the_heading_above_all_is_the_title_of_a_page_without_one(
        self, body: str, title: str, tmp_path: Path
    ) -> None:
        assert read(written(tmp_path / "my_file.html", f"<body>{body}")).title == title

    def test_main_is_preferred_and_keeps_its_header(self, tmp_path: Path) -> None:
        content = "<div>Aside</div><main><header><h1>Foxes</h1></header>Words</main>"
        assert read(written(tmp_path / "a.html", content)).text == "Foxes\n\nWords"

    @pytest.mark.parametrize(
        "around",
        [
            "<div id=banner><a href=x>Get the book</a></div>",
            "<table class='wide navheader'><tr><td><a href=x>Back</a><td>Chapter 9. What a fox does by night</table>",
            "<div class=toc><h2>Contents</h2><dl><dt><a href=#a>1. Where foxes live</a></dl></div>",
            "<p><a rel='nofollow next' href=x>Next</a></p>",
        ],
    )
    def test_what_leads_to_other_pages_is_known_by_its_name(self, around: str, tmp_path: Path) -> None:
        page = f"<body>{around}<h1>Foxes</h1><p>{FOX}<p>{FOX}</p>{around}"
        assert texts(read(written(tmp_path / "a.html", page))) == ["Foxes", FOX, FOX]

    def test_what_a_page_is_about_is_kept_whatever_it_is_called(self, tmp_path: Path) -> None:
        page = f"<body class=nav><h1>Foxes</h1><p>Words.</p><div class=toc>{FOX}</div>"
        assert texts(read(written(tmp_path / "a.html", page))) == ["Foxes", "Words.", FOX]

    def test_the_language_is_not_that_of_code(self, tmp_path: Path) -> None:
        code = "if the file is not there then wait for the next one and go on with it; " * 90
        page = f"<p>Überall übt man Geduld, weil es früh dämmert und die Straße naß ist.</p><pre>{code}</pre>"
        assert read(written(tmp_path / "a.html", page)).language == "de"

    def test_a_page_that_is_all_navigation_keeps_it(self, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.html", "<nav><a>Home</a></nav>")).text == "Home"

    def test_blocks(self, tmp_path: Path) -> None:
        content = (
            "<h1>A  <b>b</b></h1>one\n two<br>three<div>four</div><ol><li>x<ul><li>y</ul><li>z</ol>"
            "<pre>a\n  b</pre><h2>C</h2><table><tr><th>p<th>q<tr><td>1<td>2 <i>3</i></table>"
        )
        document = read(written(tmp_path / "a.html", content))
        assert texts(document) == [
            "A b",
            "one two\nthree",
            "four",
            "1. x\n  - y\n2. z",
            "a\n  b",
            "C",
            "p | q\n1 | 2 3",
        ]
        assert [block.kind for block in document.blocks][3:] == ["list", "code", "heading", "table"]
        assert document.blocks[-1].headings == ("A b", "C")

    def test_the_charset_is_that_of_the_page(self, tmp_path: Path) -> None:
        content = '<meta charset="cp1251"><p>Лиса</p>'.encode("cp1251")
        assert read(written(tmp_path / "a.html", content)).text == "Лиса"

    def test_a_page_without_words_is_refused(self, tmp_path: Path) -> None:
        assert refusal(written(tmp_path / "a.html", "<!-- nothing -->")) == "a.html holds no text."

    def test_deep_nesting_is_no_danger(self, tmp_path: Path) -> None:
        content = "<html><body>words" + "<div><b>" * 100 + "deep" + "<div><b>" * 5000 + "deeper"
        assert read(written(tmp_path / "a.html", content)).text == "words\n\ndeep"

    def test_xhtml_with_a_declaration(self, tmp_path: Path) -> None:
        content = '<?xml version="1.0" encoding="utf-8"?><html><body><p>Füchse</p></body></html>'
        assert read(written(tmp_path / "a.xhtml", content)).text == "Füchse"


class TestPdf:
    def test_pages_are_anchors(self, tmp_path: Path) -> None:
        document = read(pdf(tmp_path / "a.pdf", [(50, 250, "Page one.")], [(50, 250, "page two")]))
        assert document.anchor_at(document.text.index("page two")) == Anchor("page", "page 2", 2)
        assert document.anchor_at(0) == Anchor("page", "page 1", 1)

    def test_each_line_has_its_box(self, tmp_path: Path) -> None:
        document = read(
            pdf(tmp_path / "a.pdf", [(50, 250, "First line"), (50, 236, "Known line"), (50, 100, "Far below")])
        )
        start = document.text.index("Known line")
        [box] = [box for box in document.boxes if box.start == start]
        assert (box.end - box.start, box.page) == (len("Known line"), 1)
        assert box.left == pytest.approx(50, abs=2)
        assert box.bottom == pytest.approx(234, abs=3)
        assert box.top == pytest.approx(246, abs=3)
        assert 100 < box.right < 125

    def test_boxes_count_from_the_corner_of_the_cropped_page(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(
            clone_from=pdf(tmp_path / "whole.pdf", [(50, 250, "A line that is cut off by the edge")])
        )
        writer.pages[0].cropbox = pypdf.generic.RectangleObject((40, 200, 150, 300))
        writer.write(tmp_path / "a.pdf")
        [box] = read(tmp_path / "a.pdf").boxes
        assert box.left == pytest.approx(10, abs=2)
        assert box.bottom == pytest.approx(48, abs=3)
        assert box.right == 110

    def test_a_parted_word_is_made_whole(self, tmp_path: Path) -> None:
        lines = [(50, 250, "This is an implemen-"), (50, 236, "tation of a well-"), (50, 222, "Known thing.")]
        document = read(pdf(tmp_path / "a.pdf", lines))
        assert document.text == "This is an implementation of a well-Known thing."
        assert [document.text[box.start : box.end] for box in document.boxes] == [
            "This is an implemen",
            "tation of a well",
            "Known thing.",
        ]

    def test_paragraphs_are_told_by_their_distance(self, tmp_path: Path) -> None:
        heights = (280, 266, 252, 224, 210, 196)
        document = read(pdf(tmp_path / "a.pdf", [(50, height, f"Line at {height}") for height in heights]))
        assert texts(document) == ["Line at 280\nLine at 266\nLine at 252", "Line at 224\nLine at 210\nLine at 196"]

    def test_a_sentence_may_run_over_the_end_of_a_page(self, tmp_path: Path) -> None:
        pages = [(50, 150, "It begins here and")], [(50, 150, "goes on. Another.")]
        document = read(pdf(tmp_path / "a.pdf", *pages))
        assert texts(document) == ["It begins here and\ngoes on. Another."]
        assert document.anchor_at(document.text.index("goes")) == Anchor("page", "page 2", 2)

    def test_running_headers_and_page_numbers_are_left_out(self, tmp_path: Path) -> None:
        words = ("It begins here", "and goes", "on. Another one.", "The end.")
        pages = [
            [(50, 285, "Handbook"), (50, 150, part), (200, 10, f"Page {number} of 4")]
            for number, part in enumerate(words, 1)
        ]
        assert read(pdf(tmp_path / "a.pdf", *pages)).text == "It begins here\nand goes\non. Another one.\n\nThe end."

    def test_rows_that_resemble_each_other_are_kept(self, tmp_path: Path) -> None:
        pages = [[(50, 150, "Sales"), (50, 10, f"Total {total}")] for total in (310, 470, 520, 860)]
        assert read(pdf(tmp_path / "a.pdf", *pages)).text.count("Total") == 4

    def test_no_page_loses_all_its_words(self, tmp_path: Path) -> None:
        pages = [[(50, 150, f"Step {number}")] for number in (1, 2, 3)]
        assert read(pdf(tmp_path / "a.pdf", *pages)).text == "Step 1\n\nStep 2\n\nStep 3"

    def test_the_outline_gives_headings(self, tmp_path: Path) -> None:
        pages = [(50, 250, "Preface text.")], [(50, 250, "Foxes"), (50, 220, "Red ones.")]
        document = read(pdf(tmp_path / "a.pdf", *pages, outline={1: "Foxes"}))
        assert document.blocks[0].headings == ()
        assert [(block.kind, block.headings) for block in document.blocks[1:]] == [
            ("heading", ("Foxes",)),
            ("paragraph", ("Foxes",)),
        ]

    @pytest.mark.parametrize(
        ("given", "title"),
        [
            ("All about foxes", "All about foxes"),
            ("foxes_final.indd", "my file"),
            ("0001-23-45", "my file"),
            ("(anonymous)", "my file"),
            ("", "my file"),
        ],
    )
    def test_the_title_is_the_metadatas_where_it_reads_like_one(self, given: str, title: str, tmp_path: Path) -> None:
        assert read(pdf(tmp_path / "my_file.pdf", [(50, 250, "x y")], title=given)).title == title

    def test_characters_beyond_the_basic_plane_do_not_move_the_boxes(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.pdf", _pdf_with_an_emoji()))
        assert document.text == "😀B😀B\nBBB"
        first, second = document.boxes
        assert (second.start, second.end) == (5, 8)
        assert first.bottom == pytest.approx(250, abs=3)
        assert second.bottom == pytest.approx(236, abs=3)
        assert second.right < first.right

    def test_a_protected_file_says_so(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(clone_from=pdf(tmp_path / "open.pdf", [(50, 250, "Secret")]))
        writer.encrypt("password", algorithm="AES-256")
        writer.write(tmp_path / "a.pdf")
        assert (
            refusal(tmp_path / "a.pdf") == "a.pdf is protected by a password; remove the password and ingest it again."
        )

    def test_a_file_protected_only_against_changes_is_read(self, tmp_path: Path) -> None:
        writer = pypdf.PdfWriter(clone_from=pdf(tmp_path / "open.pdf", [(50, 250, "Open words")], title="About foxes"))
        writer.encrypt("", "owner", algorithm="AES-256")
        writer.write(tmp_path / "a.pdf")
        document = read(tmp_path / "a.pdf")
        assert (document.text, document.title) == ("Open words", "About foxes")

    def test_a_damaged_file_says_so(self, tmp_path: Path) -> None:
        assert "damaged" in refusal(written(tmp_path / "a.pdf", b"%PDF-1.7 and then nothing"))


class TestDocx:
    def test_the_body_in_order(self, tmp_path: Path) -> None:
        document = read(make_docx(tmp_path / "a.docx"))
        assert [(block.kind, text) for block, text in zip(document.blocks, texts(document), strict=True)] == [
            ("heading", "Foxes"),
            ("paragraph", FOX),
            ("table", "animal | colour\nfox | red"),
            ("heading", "Red"),
            ("list", "- one\n- two"),
            ("paragraph", "After the list."),
        ]
        assert document.blocks[-1].headings == ("Foxes", "Red")

    def test_properties(self, tmp_path: Path) -> None:
        document = read(make_docx(tmp_path / "a.docx"))
        assert (document.title, document.modified) == ("Foxes", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))

    def test_insertions_count_and_deletions_do_not(self, tmp_path: Path) -> None:
        word = docx.Document()
        paragraph = word.add_paragraph("Foxes are ")
        for tag, text_tag, words in (("ins", "t", "red"), ("del", "delText", "blue")):
            change = paragraph._p.makeelement(qn(f"w:{tag}"))
            run = paragraph._p.makeelement(qn("w:r"))
            text = paragraph._p.makeelement(qn(f"w:{text_tag}"))
            text.text = words
            run.append(text)
            change.append(run)
            paragraph._p.append(change)
        word.save(str(tmp_path / "a.docx"))
        assert read(tmp_path / "a.docx").text == "Foxes are red"

    def test_a_damaged_file_says_so(self, tmp_path: Path) -> None:
        path = make_docx(tmp_path / "a.docx")
        path.write_bytes(path.read_bytes()[:2000])
        assert "damaged" in refusal(path)

    def test_each_line_is_a_document(self, tmp_path: Path) -> None:
        lines = [{"_id": "a", "title": "Foxes", "text": FOX}, {"id": 3, "text": "Two.\n\nParts."}, {"text": "Three."}]
        path = written(tmp_path / "corpus.jsonl", "\n\n".join(map(json.dumps, lines)))
        first, second, third = documents(path)
        assert [Path(part.source).name for part in (first, second, third)] == [
            "corpus.jsonl#a",
            "corpus.jsonl#3",
            "corpus.jsonl#5",
        ]
        assert (first.title, first.text) == ("Foxes", FOX)
        assert second.blocks == (Block(0, 4, "paragraph"), Block(6, 12, "paragraph"))
        assert third.anchor_at(0) == Anchor("line", "line 5", 5)

    def test_the_hash_is_that_of_the_record(self, tmp_path: Path) -> None:
        one = read(written(tmp_path / "one.jsonl", '{"_id": "a", "text": "x"}'))
        other = read(written(tmp_path / "other.jsonl", '{"text":"x",   "_id":"a"}\n'))
        assert one.sha256 == other.sha256
        assert read(written(tmp_path / "one.jsonl", '{"_id": "a", "text": "y"}')).sha256 != one.sha256

    def test_a_title_alone_serves_as_text(self, tmp_path: Path) -> None:
        assert read(written(tmp_path / "a.jsonl", '{"title": "Foxes", "text": ""}\n{"text": " "}')).text == "Foxes"

    @pytest.mark.parametrize("line", ["{", '"words"', '{"title": "x"}', '{"text": 3}', '{"_id": "a", "text": "again"}'])
    def test_a_broken_line_is_named_and_what_came_before_is_read(self, line: str, tmp_path: Path) -> None:
        path = written(tmp_path / "a.jsonl", '{"_id": "a", "text": "x"}\n' + line)
        found = documents(path)
        assert next(found).text == "x"
        with pytest.raises(UnreadableFile, match=r"Line 2 of a\.jsonl"):
            next(found)


def _pdf_with_an_emoji() -> bytes:
    """A page whose letter A means a character that takes two UTF-16 units."""
    cmap = (
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange"
        b" 2 beginbfchar <41> <D83DDE00> <42> <0042> endbfchar endcmap"
    )
    content = b"BT /F 12 Tf 50 250 Td (ABAB) Tj 0 -14 Td (BBB) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap),
    ]
    file, table = b"%PDF-1.4\n", b""
    for number, body in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj%s endobj\n" % (number, body)
    end = b"xref\n0 7\n0000000000 65535 f \n%strailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(file),
    )
    return file + end
