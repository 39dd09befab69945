"""What each sentence of a passage stands under: the heading, the title line or the question that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.types import Chunk, Span

_HEADING = re.compile(r"#{1,6}\s")
_BOLD = re.compile(r"(?P<mark>\*\*|__)(?!\s)[^*_\n]+(?P=mark):?")
_MARKS = "#*_=- \t\r\n"
_LONGEST_TITLE = 15  # words
_MARKUP = ("<", "{")
_STATEMENT = re.compile(r"[-*+•‣▪]\s|.*(?:[\d|\t]|[.!?:;…。！？：；][\"'”’)\]」』）]*$)", re.DOTALL)
_ASKS = re.compile(r".*[?？][\"'”’)\]」』）*_]*$", re.DOTALL)
_ASKING = re.compile(
    r"\W*(?:\d+\.\s+)?(?:how|what|when|where|which|who(?:se|m)?|why|can|could|may|must|should|do|does|did|is|are|will"
    r"|wie|was|wann|wo|welche[nmrs]?|wer|warum|kann|darf|muss|comment|quand|où|pourquoi|peut-on|quel(?:le)?s?"
    r"|cómo|cuándo|dónde|quién|qué|puedo)\s+(?!to\b)\S",
    re.IGNORECASE,
)
"""How a question begins that has no mark; "How to install" is none."""
_QUESTION = re.compile(r"\W*(?:Q|Question|Frage|Pregunta)\s?\d{0,3}\s?[.:)]\s")
_ANSWER = re.compile(r"\W*(?:A|Answer|Antwort|Réponse|Respuesta)\s?\d{0,3}\s?[.:)][*_]*\s+")
_CONTACT = re.compile(
    r"\S@\S+\.\w|\b(?i:tel|telefon|téléphone|teléfono|phone|fax|mobile)\b[.:]*\s*[+(\d]|\s·\s.*\s·\s"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]{2} \d{5}\b|\b\d{5} [A-Z][a-zà-ÿ]"
)
"""An address, or the number of a telephone."""
_CLOSED = re.compile(r"[.!?:;…。！？：；][\"'”’)\]」』）*_]*$")
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sentence at `span` stands: under the words of `title`, "" where nothing in its passage is above it.

    `titled` are the numbers of the sentences that make up that title, itself perhaps; `is_silent`: it is a heading or
    asks something; `answers`: it is what follows a question.
    """

    span: Span
    title: str
    titled: range
    is_silent: bool
    answers: bool


def places(chunk: Chunk, spans: Sequence[Span]) -> Iterator[Place]:
    text, headings = chunk.text, {bare(name) for name in headings_of(chunk)}
    title, titled = "", range(0)
    end, has_asked, in_question = 0, False, False
    for number, span in enumerate(spans):
        said, gap = text[span.start : span.end], text[end : span.start]
        is_heading = _HEADING.match(said) is not None or bare(said) in headings
        is_title = is_heading or _is_title(text, span)
        asks = _ASKS.match(said) is not None or (is_title and _ASKING.match(said) is not None)
        begins = _QUESTION.match(said) is not None
        # A question of several sentences goes on up to what answers it, a blank line, or a line after its mark.
        is_over = _ANSWER.match(said) or _BLANK_LINE.search(gap) or (has_asked and not asks and "\n" in gap)
        is_behind, in_question = has_asked or in_question, begins or (in_question and not is_over)
        if begins or (is_title and not in_question):
            title, titled = said.strip(_MARKS), range(number, number + 1)
        elif in_question:
            titled = range(titled.start, number + 1)
        is_silent = is_heading or asks or in_question
        yield Place(span, title, titled, is_silent, is_behind and not is_silent)
        end, has_asked = span.end, asks or (in_question and has_asked)


def without_label(text: str) -> str:
    """`text` without the letter or the word that marks it as an answer."""
    label = _ANSWER.match(text)
    return text[label.end() :] if label else text


def is_statement(text: str) -> bool:
    """Whether it has a stop, a number, cells or a bullet."""
    return _STATEMENT.match(text) is not None


def is_contact(text: str) -> bool:
    """Whether it is a line of a letter's head or foot: where somebody is to be reached, and no sentence."""
    return "|" not in text and _CLOSED.search(text) is None and _CONTACT.search(text) is not None


def bare(text: str) -> str:
    return text.strip(_MARKS).casefold()


def headings_of(chunk: Chunk) -> tuple[str, ...]:
    """Those that a passage stands under, and those that it begins with."""
    begun = chunk.anchor.label.split(" > ") if chunk.anchor and chunk.anchor.kind == "heading" else ()
    return (chunk.context.title, *chunk.context.headings, *begun)


def _is_title(text: str, span: Span) -> bool:
    """Whether a sentence stands alone like a heading: in bold, a question, or what begins the passage and is none."""
    said = text[span.start : span.end]
    if (
        said.startswith(_MARKUP)
        or "\n" in bare(said)
        or len(said.split()) > _LONGEST_TITLE
        or text[span.end : span.end + 1] not in ("\n", "\r")
    ):
        return False
    if _BOLD.fullmatch(said) or _ASKS.match(said):
        return not text[: span.start].strip(" \t") or text[: span.start].rstrip(" \t").endswith("\n")
    return not text[: span.start].strip() and not is_statement(said)
