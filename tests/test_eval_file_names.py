"""Any titles become names that every common file system takes, all of them different."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.file_names import file_names


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Steam_engine", "Steam_engine.md"),
        ("黑龍江省", "黑龍江省.md"),
        ("AC/DC", "AC-DC.md"),
        ("../../etc/passwd", "-..-etc-passwd.md"),
        ("C:\\x", "C--x.md"),
        ("C#", "C-.md"),
        ("What?", "What-.md"),
        (".hidden", "hidden.md"),
        ("~$lock", "$lock.md"),
        ("ends. .", "ends.md"),
        ("two\nlines\x00\u200b", "two lines.md"),
        ("con", "_con.md"),
        ("Aux.txt", "_Aux.txt.md"),
        ("COM1", "_COM1.md"),
        ("Console", "Console.md"),
        ("...", "untitled.md"),
        ("", "untitled.md"),
        ("e\u0301", "é.md"),
    ],
)
def test_a_title_as_a_name(title: str, name: str) -> None:
    assert file_names([title], ".md") == [name]


def test_names_that_some_system_takes_for_one_are_numbered() -> None:
    titles = ["US", "us", "Us", "us-2", "é", "E\u0301", "ﬁ", "FI", "Straße", "STRASSE"]
    assert file_names(titles, ".md") == [
        *("US.md", "us-2.md", "Us-3.md", "us-2-2.md", "é.md", "É-2.md"),
        *("ﬁ.md", "FI-2.md", "Straße.md", "STRASSE-2.md"),
    ]


def test_a_long_title_is_cut_between_characters() -> None:
    first, second = file_names(["鯨" * 100, "鯨" * 101], ".md")
    assert first == "鯨" * 40 + ".md"
    assert second == "鯨" * 40 + "-2.md"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=6))
def test_any_titles(titles: list[str]) -> None:
    names = file_names(titles, ".md")
    assert len(names) == len(titles)
    assert len({unicodedata.normalize("NFKD", name.casefold()) for name in names}) == len(names)
    for name in names:
        assert len(name.encode()) <= 140
        assert not name.startswith((".", "~", " "))
        assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d)\s*\.", name, re.IGNORECASE)
        assert PureWindowsPath(name).parts == (name,)
        assert name.endswith(".md")
