from __future__ import annotations

from pathlib import Path

import pytest
from format_samples import FOX, written
from one_document import read, texts

from kb.types import Anchor

RST = f"""\
.. _foxes:

=======
 Foxes
=======

:Author: nobody

{FOX}

Where do ``foxes`` live?
########################
{FOX}

.. note::
------------------

====  ====
Name  Size
====  ====
Fox   40
====  ====

Red :ref:`ones <red>`
---------------------

::

    Not a title
    -----------

Too short
---

Owls
####
"""
ASCIIDOC = f"= Foxes\n:toc:\n\n== Red\n\n{FOX}\n\n----\n== Code\n----\n\n=== Young ones\n\n== Grey\n"
ORG = f"#+title: x\n\n* TODO Foxes  :animals:\n{FOX}\n** Red\n#+BEGIN_SRC\n* Code\n#+END_SRC\n*bold* words\n* Owls\n"
LATEX = f"\\section{{Red \\emph{{foxes}}}}\\label{{a}}\n{FOX}\n% \\section{{No}}\n\\subsection*{{Young~ones}}\n{FOX}\n"
NUMBERED = f"""\
1. Foxes

1.1. what do they eat, and where do they find it
in winter?

{FOX}

1. One step

2. Another step

1.2. Where?

{FOX}

2. Owls

{FOX}
"""


def paths(path: Path) -> list[tuple[str, ...]]:
    return [block.headings for block in read(path).blocks if block.kind == "heading"]


class TestHeadings:
    @pytest.mark.parametrize(
        ("name", "content", "found"),
        [
            (
                "a.rst",
                RST,
                [
                    ("Foxes",),
                    ("Foxes", "Where do foxes live?"),
                    ("Foxes", "Where do foxes live?", "Red ones"),
                    ("Foxes", "Owls"),
                ],
            ),
            ("a.adoc", ASCIIDOC, [("Foxes",), ("Foxes", "Red"), ("Foxes", "Red", "Young ones"), ("Foxes", "Grey")]),
            ("a.org", ORG, [("Foxes",), ("Foxes", "Red"), ("Owls",)]),
            ("a.tex", LATEX, [("Red foxes",), ("Red foxes", "Young ones")]),
            (
                "a.txt",
                NUMBERED,
                [
                    ("1. Foxes",),
                    ("1. Foxes", "1.1. what do they eat, and where do they find it in winter?"),
                    ("1. Foxes", "1.2. Where?"),
                    ("2. Owls",),
                ],
            ),
            (
                "README",
                f"Foxes\r\n=====\r\n\r\nRed\r\n---\r\n{FOX}\r\n\r\n1 Old\r\n\r\n{FOX}\r\n\r\n2 Young\r\n\r\n{FOX}",
                [("Foxes",), ("Foxes", "Red"), ("Foxes", "Red", "1 Old"), ("Foxes", "Red", "2 Young")],
            ),
        ],
    )
    def test_they_are_told(self, name: str, content: str, found: list[tuple[str, ...]], tmp_path: Path) -> None:
        assert paths(written(tmp_path / name, content)) == found

    @pytest.mark.parametrize(
        "content",
        [
            "Name   Size\n-----------\nFox    40\n",
            "Fox Ltd.\n12 River Bank\n-------------\n",
            "----------\nname\n----------\nfox\nowl\n----------\n",
            "A paragraph that ends.\n----------------------\n",
            "- item\n------\n",
            "Signature\n_________\n",
            "12.50\n-----\n",
            f"1. Turn it on\n\n2. Fill it\n\n3. Wait\n\n{FOX}",
            f"3. Foxes\n\n{FOX}\n\n4. Owls\n\n{FOX}",
            f"1. fill the bucket\n\n{FOX}\n\n2. wait\n\n{FOX}",
            f"1. It is full.\n\n{FOX}\n\n2. It is empty.\n\n{FOX}",
            f"1 Foxes . . . . 3\n\n{FOX}\n\n2 Owls . . . . 4\n\n{FOX}",
            "Words\n\n----------\n\nWords\n",
        ],
    )
    def test_what_only_resembles_one_is_none(self, content: str, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.txt", content))
        assert {block.kind for block in document.blocks} == {"paragraph"}
        assert document.marks[0].anchor.kind == "line"

    def test_a_log_has_none(self, tmp_path: Path) -> None:
        assert paths(written(tmp_path / "a.log", "Begin\n=====\n")) == []

    def test_places_are_headings_and_lines_above_them(self, tmp_path: Path) -> None:
        document = read(written(tmp_path / "a.txt", f"Words.\n\nFoxes\n=====\n{FOX}\n\nOwls\n====\n{FOX}\n"))
        assert texts(document) == ["Words.", "Foxes\n=====", FOX, "Owls\n====", FOX]
        assert document.anchor_at(0) == Anchor("line", "line 1", 1)
        assert document.anchor_at(document.text.index(FOX)) == Anchor("heading", "Foxes")

    @pytest.mark.parametrize(
        ("name", "content", "title"),
        [
            ("a.rst", RST, "Foxes"),
            ("a.adoc", ASCIIDOC, "Foxes"),
            ("a.org", ORG, "a"),
            ("a.txt", f"Foxes\n=====\n\n{FOX}\n\nRed\n---\n", "Foxes"),
            ("a.txt", f"Words.\n\nFoxes\n=====\n\n{FOX}\n\nRed\n---\n", "a"),
            ("a.txt", "Foxes\n=====\n\nOwls\n====\n", "a"),
        ],
    )
    def test_the_title_is_the_one_heading_that_all_stands_below(
        self, name: str, content: str, title: str, tmp_path: Path
    ) -> None:
        assert read(written(tmp_path / name, content)).title == title
