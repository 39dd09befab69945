"""Passages as a language model reads them: numbered, and marked as data."""

from __future__ import annotations

from collections.abc import Sequence

from generation.context.passage import ContextPassage, readable_text


def rendered(passages: Sequence[ContextPassage]) -> str:
    return "\n\n".join(
        f"[{number}] {readable_text(passage.context, passage.text)}" for number, passage in enumerate(passages, start=1)
    )
