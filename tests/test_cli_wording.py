from __future__ import annotations

from dataclasses import replace

import pytest

from app.cli.wording import quoted, said
from kb.types import Answer, Citation, Span

CITATION = Citation(
    marker=1, chunk_id="0" * 16, source="/notes.md", title="", anchor=None, spans=(Span(0, 1),), quote="", verified=True
)


@pytest.mark.parametrize(
    ("quote", "read"),
    [
        ("**Marwick Ltd** pays *ten* pounds.", "Marwick Ltd pays ten pounds."),
        ("Ask [Lucia](mailto:l@a.b) or see [the plan][1].", "Ask Lucia or see the plan."),
        ("Run `a **b** _c_` first.", "Run a **b** _c_ first."),
        ("| B-17 | 4.5 | 176,300 |", "B-17 | 4.5 | 176,300"),
        ("caf&eacute;s      & bars", "cafés & bars"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("- one\n- two", "- one\n- two"),
    ],
)
def test_a_quote_of_markdown_is_shown_without_its_marks(quote: str, read: str) -> None:
    citation = replace(CITATION, quote=quote)

    assert quoted(citation) == read
    assert said(Answer("?", f'"{quote}" [1]', abstained=False, citations=(citation,))) == f'"{read}" [1]'
    assert quoted(replace(citation, source="/notes.txt")) == quote
