"""A conversation as Markdown: every question, every answer, and every source with its page and its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kb.conversation import Conversation, Turn
from kb.text.plurals import counted
from kb.types import Citation

_MARKUP = re.compile(r"([\\`*_\[\]<&~])")
_LINE_START = re.compile(r"^(\d*)(?=[#>+.)-])")
_MARKER = re.compile(r"\\\[(\d{1,3})\\\](?![(:])")
"""A citation's, which needs no escape where it can begin no link."""


def transcript(conversation: Conversation, display_name: Callable[[str], str]) -> str:
    """Texts of documents and people stand there as they are: nothing of them becomes a heading, an image or markup."""
    day = f"{conversation.created.astimezone():%Y-%m-%d %H:%M}"
    head = [f"# {_plain(conversation.title or 'Conversation')}", f"{day}, {counted(conversation.size, 'question')}."]
    parts = [part for turn in conversation.turns for part in _turn(turn, display_name)]
    return "\n\n".join([*head, *parts]) + "\n"


def _turn(turn: Turn, display_name: Callable[[str], str]) -> Iterator[str]:
    yield f"## {_plain(turn.question)}"
    if turn.searched != turn.question:
        yield f"Searched as: {_plain(turn.searched)}"
    if turn.answer.text:
        yield _plain(turn.answer.text, lines=True)
    for statement in turn.answer.statements:
        if statement.problems:
            said, wrong = _plain(turn.answer.words_of(statement)), _plain("; ".join(statement.problems))
            yield f"Not borne out: “{said}” ({wrong})"
    for note in turn.answer.notes:
        yield f"*{_plain(note)}*"
    if turn.answer.citations:
        yield "Sources:"
        yield "\n".join(_source(citation, display_name) for citation in turn.answer.citations)


def _source(citation: Citation, display_name: Callable[[str], str]) -> str:
    place = f", {citation.anchor.label}" if citation.anchor else ""
    doubt = "" if citation.verified else " (not verified)"
    quote = _plain(citation.quote)
    return f"- [{citation.marker}] **{_plain(display_name(citation.source) + place)}**{doubt}: “{quote}”"


def _plain(text: str, *, lines: bool = False) -> str:
    """`text` so that Markdown shows it as it stands: on one line, or with its paragraphs."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in (text.split("\n\n") if lines else [text])]
    return "\n\n".join(_escaped(paragraph) for paragraph in paragraphs if paragraph)


def _escaped(line: str) -> str:
    return _LINE_START.sub(r"\1\\", _MARKER.sub(r"[\1]", _MARKUP.sub(r"\\\1", line)))
