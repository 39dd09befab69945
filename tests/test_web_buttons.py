"""What the page says in place of commands: the button, in the words of every sentence that names one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from app.web.buttons import BUTTONS, REPAIR, by_button
from citewell import KnowledgeBase
from kb.errors import StoreError

ROOT = Path(__file__).resolve().parents[1]


def texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from texts(constant)
        else:
            yield from (one for one in (constant if isinstance(constant, tuple) else (constant,)) if type(one) is str)


def sentences() -> str:
    """All texts in the packages below the page, in which implicit concatenation is already one text."""
    # Not by the module ast: in Python 3.11 two threads that parse by it disturb each other, and Streamlit's do.
    files = [file for package in ("kb", "ingest", "citewell") for file in (ROOT / package).rglob("*.py")]
    return "\n".join(text for file in files for text in texts(compile(file.read_text(), str(file), "exec")))


def test_every_command_that_has_a_button_is_said_somewhere() -> None:
    said = sentences()
    assert [command for command in BUTTONS if command not in said] == []


def test_a_damaged_index_is_mended_by_a_button(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tea.md").write_text("# Tea\n\nGreen tea is brewed at about eighty degrees.\n")
    with KnowledgeBase.open(create=True) as base:
        base.ingest([tmp_path / "tea.md"]).wait()
    for part in (home / "default").rglob("meta.json"):
        part.write_bytes(b"")
    with KnowledgeBase.open() as base, pytest.raises(StoreError) as raised:
        base.search("tea")
    said = by_button(str(raised.value))
    assert REPAIR in said and "citewell verify" not in said
