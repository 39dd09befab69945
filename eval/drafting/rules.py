"""Questions that a document suggests by itself, without a model: by its definitions, figures, tables and headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from eval.drafting.cells import cells
from eval.drafting.definitions import definition
from eval.drafting.draft import Draft, draft, plain
from eval.drafting.figures import masked
from kb.text.sentences import sentences
from kb.text.words import words
from kb.types import Block, Document, Span

_SHORTEST, _LONGEST = 7, 60
"""Words of a sentence that can be evidence."""
_LONGEST_TEXT = 1_000
"""Characters of it at most: what has no blanks is no sentence, and would keep the search for figures busy."""
_ENDS = (".", "!", "。", "！", "।", "؟", "．")
_POINTING = re.compile(
    r"(?:this|these|that|those|it|its|they|their|he|his|she|her|we|our|such|however|therefore|thus|hence|also|then|here"
    r"|there|but|and|or|so|for example|in addition|dies\w*|sie|er|es|il|elle|ils|elles|ce|cette|ces|este|esta|estos)\b"
    r"|[这這那此其他她它]|これ|それ|この|その",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"^(?:(?i:part|item|note|section|chapter|article|appendix|annex)\s+(?:[\dIVX]\S*|[A-Z]\b)[.:)]?"
    r"|\d{1,3}(?:\.\d+)*[.:)]?|[IVX]+[.:)])\s+"
)


def drafts(document: Document) -> Iterator[Draft]:
    """Everything that `document` suggests to ask, in the order of its text."""
    headings = Counter(block.headings for block in document.blocks if block.kind == "heading")
    for number, block in enumerate(document.blocks):
        if block.kind == "table":
            yield from _of_table(document, block)
        elif block.kind in ("paragraph", "list"):
            yield from _of_prose(document, block)
        elif block.kind == "heading" and block.headings and headings[block.headings] == 1:
            yield from _of_heading(document, block, document.blocks[number + 1 : number + 2])


def _of_prose(document: Document, block: Block) -> Iterator[Draft]:
    """A sentence gives one question at most: what it defines, else its most telling figure."""
    for span in _evidence(document, block):
        sentence = plain(document.text[span.start : span.end])
        if defined := definition(sentence):
            yield draft(
                "definition", defined.question, document, span, answer=defined.answer, subject=defined.term.casefold()
            )
        elif figure := next(masked(sentence), None):
            yield draft("number", figure.question, document, span, answer=figure.answer)


def _evidence(document: Document, block: Block) -> Iterator[Span]:
    """The sentences of `block` that are whole and can be understood by themselves."""
    text = document.text[block.start : block.end]
    for span in sentences(text):
        sentence = text[span.start : span.end]
        if (
            len(sentence) <= _LONGEST_TEXT
            and _SHORTEST <= len(words(sentence)) <= _LONGEST
            and sentence.rstrip("\"'”’»)」』").endswith(_ENDS)
            and not _POINTING.match(sentence)
        ):
            yield Span(block.start + span.start, block.start + span.end)


def _of_table(document: Document, block: Block) -> Iterator[Draft]:
    for cell in cells(document.text[block.start : block.end], header_rows=block.header_rows):
        span = Span(block.start + cell.row.start, block.start + cell.row.end)
        asked = f"{cell.label}, {cell.column}"
        question = f"{asked} ({document.title})?" if document.title else f"{asked}?"
        yield draft("cell", question, document, span, answer=cell.value, subject=asked.casefold())


def _of_heading(document: Document, block: Block, below: tuple[Block, ...]) -> Iterator[Draft]:
    """The heading as the question, the first sentence below it as the evidence."""
    heading = _NUMBER.sub("", plain(block.headings[-1])).rstrip(".:?？")
    if not 3 <= len(words(heading)) <= 12 or heading.isupper() or heading == document.title:
        return
    for following in below:
        if following.kind == "paragraph" and following.headings == block.headings:
            for span in _evidence(document, following):
                yield draft("heading", f"{heading}?", document, span, subject=heading.casefold())
                return
