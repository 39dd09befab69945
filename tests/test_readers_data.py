"""Data, notebooks and program text: each value, cell and definition where a person would look for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from one_document import texts

from ingest.readers.data import records
from ingest.readers.source_file import SourceFile
from ingest.reading import read_path
from ingest.unread import name_of
from kb.errors import NothingToRead, UnreadableFile
from kb.types import Anchor, Document


def read(path: Path, content: object) -> Document:
    [document] = several(path, content)
    return document


def several(path: Path, content: object) -> list[Document]:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    found = list(read_path(path))
    assert all(isinstance(each, Document) for each in found)
    return [each for each in found if isinstance(each, Document)]


def place(document: Document, words: str) -> Anchor | None:
    return document.anchor_at(document.text.index(words))


LONG = "A long text about foxes. " * 20


class TestJson:
    def test_small_values_are_lines(self, tmp_path: Path) -> None:
        content = (
            '{"name": "fox", "size": 1.10, "big": 10000000000000000000000, "red": true, "none": null,'
            ' "home": {"town": "Bonn", "zip": ["53111", "53113"]}, "seen": [{"at": "noon"}, 3]}'
        )
        document = read(tmp_path / "a.json", content)
        assert document.text == (
            "name: fox\nsize: 1.10\nbig: 10000000000000000000000\nred: true\nnone: null\n"
            "home.town: Bonn\nhome.zip: 53111, 53113\nseen[0].at: noon\nseen[1]: 3"
        )
        assert place(document, "size") == Anchor("part", "top level")

    def test_rows_are_a_table(self, tmp_path: Path) -> None:
        content = {"users": [{"id": 1, "name": "Ann", "home": {"town": "Bonn"}}, {"id": 2, "name": "Bob | Co"}], "n": 2}
        document = read(tmp_path / "a.json", content)
        assert texts(document) == ["n: 2", "users", "id | name | home.town\n1 | Ann | Bonn\n2 | Bob | Co | "]
        assert document.blocks[-1].header_rows == 1
        assert place(document, "Bob") == Anchor("part", "users, row 2")
        assert document.blocks[-1].headings == ("users",)

    def test_rows_of_a_whole_file(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.json", [{"a": 1, "b": 2}, {"a": 3, "b": 4}])
        assert document.text == "a | b\n1 | 2\n3 | 4"
        assert place(document, "3") == Anchor("part", "row 2")

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ([{"a": 1}, {"b": 2}], "a: 1\n\nb: 2"),
            ([{"a": 1, "b": [{"c": 2}]}, {"a": 3}], "a: 1\nb[0].c: 2\n\na: 3"),
            ([1, "two", None], "1\n\ntwo\n\nnull"),
            ("words", "words"),
            ({"a": []}, "a:"),
        ],
    )
    def test_what_is_no_table(self, content: object, text: str, tmp_path: Path) -> None:
        assert read(tmp_path / "a.json", json.dumps(content)).text.replace(": \n", ":\n").rstrip() == text

    def test_large_values_are_under_headings(self, tmp_path: Path) -> None:
        content = {
            "docs": [{"title": "One", "body": LONG, "tags": ["a"]}, {"title": "Two", "body": LONG}],
            "about": LONG,
        }
        document = read(tmp_path / "a.json", content)
        assert [(block.kind, block.headings) for block in document.blocks] == [
            ("paragraph", ()),
            ("heading", ("docs",)),
            ("heading", ("docs", "One")),
            ("table", ("docs", "One")),
            ("paragraph", ("docs", "One")),
            ("heading", ("docs", "Two")),
            ("table", ("docs", "Two")),
            ("paragraph", ("docs", "Two")),
        ]
        assert texts(document)[0] == f"about: {LONG}"
        assert place(document, "tags") == Anchor("heading", "docs > One")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ('{"a": 1,\n "b": }', "a.json is not valid JSON: line 2 is wrong (Expecting value)."),
            ("[" * 100_000, "a.json is nested too deeply to be read."),
            ("words", "a.json is not valid JSON: line 1 is wrong (Expecting value)."),
        ],
    )
    def test_what_is_wrong_is_named_by_its_line(self, content: str, reason: str, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile) as caught:
            read(tmp_path / "a.json", content)
        assert str(caught.value) == reason

    def test_json_lines_by_another_name(self, tmp_path: Path) -> None:
        one, two = several(tmp_path / "a.json", '{"_id": "1", "text": "One."}\n{"_id": "2", "text": "Two."}\n')
        assert (one.text, two.text) == ("One.", "Two.")


class TestJsonLines:
    def test_lines_without_a_text_are_rows(self, tmp_path: Path) -> None:
        lines = '{"id": "q1", "question": "Who?"}\n\n{"id": "q2", "question": "What?"}\n'
        document = read(tmp_path / "a.jsonl", lines)
        assert document.text == "id | question\nq1 | Who?\nq2 | What?"
        assert place(document, "q2") == Anchor("line", "line 3", 3)

    def test_long_lines_stand_alone_each_at_its_place(self, tmp_path: Path) -> None:
        lines = [
            {"id": "q1", "answer": LONG, "seen": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
            {"id": "q2", "answer": LONG},
        ]
        document = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
        assert place(document, "3 | 4") == Anchor("line", "line 1", 1)
        assert place(document, "q2") == Anchor("line", "line 2", 2)
        assert texts(document, "heading") == ["q1", "seen", "q2"]

    def test_very_many_lines_become_several_documents(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records, "_BATCH", 50)
        lines = "".join(f'{{"id": "q{number}", "n": {number}}}\n' for number in range(1, 7))
        found = several(tmp_path / "a.jsonl", lines)
        assert [Path(each.source).name for each in found] == ["a.jsonl#lines 1-3", "a.jsonl#lines 4-6"]
        assert found[1].text == "id | n\nq4 | 4\nq5 | 5\nq6 | 6"
        assert place(found[1], "q6") == Anchor("line", "line 6", 6)

    def test_a_broken_line_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match=r"Line 2 of a\.jsonl is not JSON in UTF-8"):
            read(tmp_path / "a.jsonl", '{"id": 1}\n{"id": 2\n')


def notebook(*cells: object, **more: object) -> object:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | more


def code(source: str, *outputs: object) -> object:
    return {"cell_type": "code", "source": source.splitlines(keepends=True), "outputs": list(outputs)}


def shown(**forms: str) -> object:
    return {"output_type": "display_data", "data": {name.replace("_", "/"): form for name, form in forms.items()}}


class TestNotebook:
    def test_cells_in_order(self, tmp_path: Path) -> None:
        content = notebook(
            {
                "cell_type": "markdown",
                "source": ["# The *first* one\n", "\n", "Words.\n", "\n", "| a | b |\n|---|---|\n| 1 | 2 |"],
            },
            code("x = 1\n\nprint(x)", {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]}),
            {"cell_type": "raw", "source": "Raw."},
            code(
                "1 / 0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "by zero", "traceback": ["x"]}
            ),
        )
        document = read(tmp_path / "a.ipynb", content)
        assert [(block.kind, text) for block, text in zip(document.blocks, texts(document), strict=True)] == [
            ("heading", "The first one"),
            ("paragraph", "Words."),
            ("table", "a | b\n1 | 2"),
            ("code", "x = 1\n\nprint(x)"),
            ("code", "1\n2"),
            ("paragraph", "Raw."),
            ("code", "1 / 0"),
            ("code", "ZeroDivisionError: by zero"),
        ]
        assert place(document, "x = 1") == Anchor("cell", "cell 2", 2)
        assert place(document, "ZeroDivision") == Anchor("cell", "cell 4", 4)
        assert document.title == "The first one"
        assert document.blocks[-1].headings == ("The first one",)

    @pytest.mark.parametrize(
        ("output", "text"),
        [
            (shown(text_plain="   a\n0  1", text_html="<table><tr><th><th>a<tr><th>0<td>1</table>"), " | a\n0 | 1"),
            (shown(text_plain="x", text_markdown="*Words*."), "*Words*."),
            (shown(text_plain="<Figure size 640x480>", image_png="iVBORw0KGgo="), ""),
            (shown(text_plain="Fox(1)", image_png="iVBORw0KGgo="), "Fox(1)"),
            (shown(text_html="<b>Words</b> only."), "Words only."),
            (shown(text_plain="\x1b[31mred\x1b[0m"), "red"),
            (shown(text_plain=" 10%\r 50%\r100%\nDone"), "100%\nDone"),
        ],
    )
    def test_outputs(self, output: object, text: str, tmp_path: Path) -> None:
        document = read(tmp_path / "a.ipynb", notebook(code("run()", output)))
        assert document.text == f"run()\n\n{text}".strip()

    def test_a_very_long_output_says_what_is_left_out(self, tmp_path: Path) -> None:
        output = {"output_type": "stream", "text": "word " * 10_000}
        document = read(tmp_path / "a.ipynb", notebook(code("run()", output)))
        assert "\n[34,000 characters of output are left out here]\n" in document.text
        assert 16_000 < len(document.text) < 17_000

    def test_the_form_before_version_4(self, tmp_path: Path) -> None:
        cells = [
            {"cell_type": "heading", "level": 2, "source": "Foxes"},
            {"cell_type": "code", "input": "x", "outputs": [{"output_type": "pyout", "text": "red", "png": "iVBOR"}]},
        ]
        document = read(tmp_path / "a.ipynb", {"nbformat": 3, "worksheets": [{"cells": cells}]})
        assert texts(document) == ["Foxes", "x", "red"]
        assert place(document, "red") == Anchor("cell", "cell 2", 2)

    def test_other_json_is_no_notebook(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match=r"a\.ipynb is no Jupyter notebook"):
            read(tmp_path / "a.ipynb", {"cells": []})


PYTHON = '''"""Says what it is."""

import os
import sys


@decorated
def first(x):
    if x:

        return 1
    return 2


class Store:
    """Keeps."""

    name = "x"

    def open(self):
        return {}

    async def close(self):
        return 2
'''


class TestSourceCode:
    def test_definitions_are_blocks(self, tmp_path: Path) -> None:
        filler = "".join(f"        # line {number} of the body of this method\n" for number in range(40))
        document = read(tmp_path / "store.py", PYTHON.replace("        return {}\n", f"{filler}        return {{}}\n"))
        assert [(block.headings, document.text[block.start :].split("\n")[0]) for block in document.blocks] == [
            ((), '"""Says what it is."""'),
            ((), "import os"),
            (("first",), "@decorated"),
            (("Store",), "class Store:"),
            (("Store",), '    name = "x"'),
            (("Store", "open"), "    def open(self):"),
            (("Store", "close"), "    async def close(self):"),
        ]
        assert document.title == "store.py"
        assert place(document, "import sys") == Anchor("line", "line 4", 4)
        assert all(block.kind == "code" for block in document.blocks)

    @pytest.mark.parametrize(
        ("name", "content", "names"),
        [
            ("a.js", "export const add = (a, b) => {\n  return a\n}\nasync function go() {\n  x()\n}\n", ["add", "go"]),
            ("a.c", "static int add(int a,\n               int b)\n{\n    return a;\n}\nint x;\n", ["add", ""]),
            (
                "a.go",
                "func (s *Store) Open() error {\n\treturn nil\n}\n\ntype Fox struct {\n\tx int\n}\n",
                ["Open", "Fox"],
            ),
            (
                "a.rs",
                "pub fn run() {\n    x();\n}\n\nimpl<T> Store for Fox<T> {\n    y\n}\n",
                ["run", "Store for Fox<T>"],
            ),
            ("a.sql", "CREATE TABLE IF NOT EXISTS foxes (\n  id int\n);\n\nSELECT 1;\n", ["foxes", ""]),
            ("a.rb", "class Fox\n  def run!\n    x\n  end\nend\n", ["Fox"]),
            ("a.sh", "run() {\n  ls\n}\nrun\n", ["run", ""]),
            ("a.toml", "[tool.fox]\nred = 1\n\n[other]\nx = 2\n", ["tool.fox", "other"]),
            ("a.yaml", "jobs:\n  test: 1\nname: x\n", ["jobs", "name"]),
            ("a.r", "run <- function(x) {\n  x\n}\n", ["run"]),
            ("Makefile", "all: one\n\techo\n\nclean:\n\trm x\n", ["all", "clean"]),
            (
                "a.java",
                "public final class Fox {\n    private int run() {\n        return x;\n    }\n}\n",
                ["Fox"],
            ),
            ("a.py", "if x:\n    y()\n\nprint(f(1))\n\nfor a in b:\n    c()\n", ["", "", ""]),
        ],
    )
    def test_names_in_other_languages(self, name: str, content: str, names: list[str], tmp_path: Path) -> None:
        blocks = read(tmp_path / name, content).blocks
        assert [" ".join(block.headings) for block in blocks] == names

    def test_everything_is_in_a_block(self, tmp_path: Path) -> None:
        document = read(tmp_path / "a.py", PYTHON * 40)
        assert "".join("".join(texts(document)).split()) == "".join(document.text.split())

    def test_what_nobody_wrote_is_not_read(self, tmp_path: Path) -> None:
        with pytest.raises(NothingToRead, match=r"a\.js is not read: it is code that a program has made"):
            read(tmp_path / "a.js", "x=1;" * 5000)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", b"PK\x03\x04", "an archive; unpack it and ingest what is in it"),
        ("a.pdf", b"PK\x03\x04", "an archive; unpack it and ingest what is in it"),
        ("backup", b"\x1f\x8b\x08\x00", "an archive"),
        ("a.tar", bytes(257) + b"ustar\x0000", "an archive"),
        ("setup.txt.exe", b"MZ\x90\x00", "a program"),
        ("song", b"ID3\x03\x00", "a sound recording"),
        ("film.mp4", b"\x00\x00\x00\x20ftypisom", "a video"),
        ("film.mkv", b"", "a video"),
        ("x.dat", b"SQLite format 3\x00", "a database"),
        ("winmail.dat", b"\x78\x9f\x3e\x22", "only Outlook opens"),
        ("mails.pst", b"!BDN", "a mailbox of a kind that is not read"),
        ("a.psd", b"8BPS", "a picture"),
        ("a.heic", b"\x00\x00\x00\x20ftypheic", "a picture"),
        ("key.pem", b"-----BEGIN PRIVATE KEY-----", "a key or certificate"),
        ("notes.txt~", b"words", "an older copy"),
        ("a.xyz", b"\x01\x02", "of a kind that is not read (.xyz)"),
        ("thing", b"\x01\x02", "of a kind that is not read (unknown)"),
    ],
)
def test_what_is_not_read_is_named_in_words_that_people_know(name: str, content: bytes, words: str) -> None:
    assert words in name_of(content, Path(name).suffix, "")


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(NothingToRead, match=r"a\.bin is empty\."):
        list(read_path(tmp_path / "a.bin"))


def test_a_picture_is_skipped_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')
    with pytest.raises(NothingToRead, match=r"a\.svg is a picture of a kind that is not read;"):
        list(read_path(tmp_path / "a.svg"))
    assert SourceFile.at(tmp_path / "a.svg").depth == 0
