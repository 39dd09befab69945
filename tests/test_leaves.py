"""The leaves of a document: they are its text in order, they are short enough to read, and each is found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_samples import MAKERS, pdf
from hypothesis import given, strategies

from citewell.leaves import LONGEST, MOST_ROWS, READABLE, Leaf, leaf_of, leaves
from citewell.pages import file_state, page_count, page_picture
from ingest.reading import read_path
from kb.types import Anchor, Block, Document, Mark, Span, TextBox


def document(text: str, **parts: object) -> Document:
    return Document("0" * 16, "/a", "a", text, "text/plain", "", **parts)  # type: ignore[arg-type]


def read(path: Path) -> Document:
    return next(found for found in read_path(path) if isinstance(found, Document))


def section(heading: str, size: int, start: int) -> tuple[str, list[Block]]:
    text = f"{heading}\n\n{'x ' * (size // 2)}\n\n"
    body = start + len(heading) + 2
    return text, [
        Block(start, start + len(heading), "heading", (heading,)),
        Block(body, start + len(text) - 2, "paragraph", (heading,)),
    ]


def sections(*sizes: int) -> Document:
    text, blocks = "", []
    for number, size in enumerate(sizes, 1):
        added, more = section(f"Part {number}", size, len(text))
        text, blocks = text + added, [*blocks, *more]
    return document(text, blocks=tuple(blocks))


@pytest.mark.parametrize("name", MAKERS)
def test_the_leaves_of_every_format_are_its_text(name: str, tmp_path: Path) -> None:
    for found in read_path(MAKERS[name](tmp_path / name)):
        if isinstance(found, Document):
            parts = leaves(found)
            assert "".join(found.text[leaf.start : leaf.end] for leaf in parts) == found.text
            assert all(leaf.label for leaf in parts)
            for index, leaf in enumerate(parts):
                assert leaf_of(parts, [Span(leaf.start, leaf.end)]) == index


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("a.pdf", [("page", "page 1", 1), ("page", "page 2", 2)]),
        ("table.pdf", [("page", "page 1", 1)]),
        ("a.pptx", [("slide", "slide 1", None), ("slide", "slide 2", None)]),
        ("a.xlsx", [("sheet", "sheet Foxes", None), ("sheet", "sheet Owls", None)]),
        ("a.png", [("picture", "picture", 1)]),
        ("a.ipynb", [("part", "cells 1-2", None)]),
        ("a.csv", [("part", "rows 1-4", None)]),
        ("a.md", [("section", "Foxes", None)]),
    ],
)
def test_places_are_named_as_people_name_them(
    name: str, labels: list[tuple[str, str, int | None]], tmp_path: Path
) -> None:
    assert [(leaf.kind, leaf.label, leaf.page) for leaf in leaves(read(MAKERS[name](tmp_path / name)))] == labels


def test_a_heading_begins_a_leaf_once_there_is_something_to_read() -> None:
    assert [leaf.label for leaf in leaves(sections(200, 1500, 1500, 100))] == ["Part 1", "Part 3", "Part 4"]


def test_a_long_section_is_parted_and_its_heading_stays_with_its_text() -> None:
    found = sections(2900, 2900)
    parts = leaves(found)
    assert [leaf.label for leaf in parts] == ["Part 1", "Part 2"]
    assert found.text[parts[1].start :].startswith("Part 2")


def test_a_long_table_is_parted_by_rows() -> None:
    lines = [f"row {number} | {number}" for number in range(1, 121)]
    text = "\n".join(lines)
    offsets = [text.index(line) for line in lines]
    marks = tuple(Mark(at, Anchor("row", f"row {number}", number)) for number, at in enumerate(offsets, 1))
    table = document(text, marks=marks, blocks=(Block(0, len(text), "table", header_rows=1),))
    assert [leaf.label for leaf in leaves(table)] == [f"rows 1-{MOST_ROWS}", "rows 51-100", "rows 101-120"]


@given(strategies.text("ab \n", max_size=200), strategies.integers(1, 400))
def test_leaves_of_any_text_are_bounded(text: str, times: int) -> None:
    found = document(text * times)
    parts = leaves(found)
    assert "".join(found.text[leaf.start : leaf.end] for leaf in parts) == found.text
    assert all(len(found.text[leaf.start : leaf.end].rstrip()) <= READABLE * 2 for leaf in parts)


def test_a_slide_that_is_too_long_is_parted() -> None:
    long = document("word " * LONGEST, marks=(Mark(0, Anchor("slide", "slide 1", 1)),))
    parts = leaves(long)
    assert parts[0].label == f"slide 1 (1 of {len(parts)})" and len(parts) > 4


def test_pages_without_text_are_leaves_too() -> None:
    boxes = (TextBox(0, 3, 2, 0, 0, 9, 9), TextBox(5, 8, 4, 0, 0, 9, 9))
    marks = (Mark(0, Anchor("page", "page 2", 2)), Mark(5, Anchor("page", "page 4", 4)))
    parts = leaves(document("two\n\nfor", marks=marks, boxes=boxes), pages=5)
    assert [(leaf.page, leaf.start, leaf.end) for leaf in parts] == [
        (1, 0, 0),
        (2, 0, 5),
        (3, 5, 5),
        (4, 5, 8),
        (5, 8, 8),
    ]
    assert leaf_of(parts, [Span(4, 8)]) == 3


def test_words_belong_to_the_leaf_with_most_of_them() -> None:
    parts = (Leaf("page", "page 1", 0, 10), Leaf("page", "page 2", 10, 30))
    assert leaf_of(parts, [Span(8, 11)]) == 0
    assert leaf_of(parts, [Span(8, 10), Span(12, 15)]) == 1
    assert leaf_of(parts, []) == 0
    assert leaf_of(parts, [Span(10, 10)]) == 1


def test_a_page_is_drawn_without_a_quote_and_only_while_its_file_is_the_same(tmp_path: Path) -> None:
    file = pdf(tmp_path / "a.pdf", [(50, 250, "One.")], [], [(50, 250, "Three.")])
    found = read(file)
    assert page_count(found) == 3 and file_state(found) == "unchanged"
    assert [leaf.page for leaf in leaves(found, pages=3)] == [1, 2, 3]
    drawn = page_picture(found, 2, ())
    assert drawn is not None and drawn.jpeg.startswith(b"\xff\xd8") and not drawn.is_recognised
    assert page_picture(found, 4, ()) is None
    pdf(file, [(50, 250, "Another.")])
    assert file_state(found) == "changed" and page_picture(found, 1, ()) is None and page_count(found) == 0
    file.unlink()
    assert file_state(found) == "gone" and page_picture(found, 1, ()) is None


def test_a_recognised_page_says_so(tmp_path: Path) -> None:
    drawn = page_picture(read(MAKERS["scan.pdf"](tmp_path / "scan.pdf")), 1, ())
    assert drawn is not None and drawn.is_recognised
