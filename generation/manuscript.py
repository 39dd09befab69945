"""An answer under a language model's hands: its sentences as they come, each held against the passages it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from generation.checking.support import Source, SupportChecker
from generation.context.passage import ContextPassage
from generation.markers import cited, renumbered, without_markers
from generation.prompting.rendering import shown
from generation.refusals import may_refuse, refuses
from generation.sentence_stream import SentenceStream, WrittenSentence
from kb.text.words import words
from kb.types import JOINT, Citation, Span, Statement

UNCITED = "it cites no passage"
_LEAD = re.compile(r"(?:based on|according to|here (?:is|are)|in (?:summary|short))\b[^.!?]*:\W*$", re.IGNORECASE)
_LABEL = re.compile(r"\s*#{1,6}\s|\s*\*\*[^*]+\*\*\W*$|.*[:：]\W*$", re.DOTALL)
"""A heading, or what only leads over to a list."""
_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,3}[.)])\s+(?=\S)")
"""What a sentence of a list begins with, which is not said."""
_LONGEST_LABEL = 6
"""Words of such a line that claims nothing, without a number."""
_FEWEST_WORDS = 4
"""Of a sentence that is not said twice by chance."""
_FEW = 30
"""Words of a passage that are shown where none bear out what cites it."""
_PATIENCE = 3
"""Sentences that come again before a model counts as caught in a loop."""


class Manuscript:
    """Takes what is written for `question` piece by piece, and gives back what may be shown of it so far.

    A marker is shown once its sentence is whole and checked. Its number is that of a citation, which is of the words in
    a passage that bear the sentence out; markers that name none of `passages` are left out. `text` are
    the whole sentences, `statements` those that claim something, and `support` how far each is borne out (0 to 1).
    """

    def __init__(self, question: str, passages: Sequence[ContextPassage], checker: SupportChecker) -> None:
        self._question = question
        self._passages = passages
        self._read = [shown(passage.text) for passage in passages]
        self._checker = checker
        self._stream = SentenceStream()
        self._said: set[str] = set()
        self._numbers: dict[tuple[int, tuple[Span, ...]], int] = {}
        self._refusals = self._repeated = 0
        self._is_in_table = False
        self.text = ""
        self.raw = ""
        """The same with the model's own markers."""
        self.citations: list[Citation] = []
        self.statements: list[Statement] = []
        self.support: list[float] = []

    def take(self, piece: str) -> Iterator[str]:
        is_begun = bool(self.text or self._stream.under_way)
        for sentence in self._stream.take(piece if is_begun else piece.lstrip()):
            yield self._finished(sentence)
        if self.text or not may_refuse(self._stream.under_way):
            yield self._stream.preview()

    def finish(self) -> Iterator[str]:
        """Nothing comes any more."""
        yield self._finished(self._stream.rest())

    @property
    def repeats(self) -> bool:
        """Whether it says the same again and again, which is left out: a small model goes on so for ever."""
        return self._repeated >= _PATIENCE

    @property
    def is_refusal(self) -> bool:
        """Whether all it says is that the passages do not answer."""
        return self._refusals > 0 and not self.statements

    def problems(self) -> list[str]:
        """The statements that the passages do not bear out, each with what is wrong with it."""
        return [
            f"{self._words(statement)} ({'; '.join(statement.problems)})"
            for statement in self.statements
            if statement.problems
        ]

    def _words(self, statement: Statement) -> str:
        return without_markers(self.text[statement.span.start : statement.span.end])

    def _finished(self, sentence: WrittenSentence) -> str:
        """What of a sentence has not been shown yet."""
        said = without_markers(sentence.text)
        if not said or self._came_before(said):
            return ""
        said = _ITEM.sub("", said)
        named = cited(sentence.text)
        given = [number for number in named if 1 <= number <= len(self._passages)]
        verdict = self._checker.check(said, [self._source(number) for number in given], question=self._question)
        marked = {number: self._numbered(number, span) for number, span in zip(given, verdict.spans, strict=True)}
        text = renumbered(sentence.text, lambda number: f"[{marked[number]}]" if number in marked else "")
        self.text += text
        self.raw += sentence.text
        is_label = self._is_label(said)
        self._is_in_table = said.startswith("|")
        if not given and refuses(said):
            self._refusals += 1
        elif named or not is_label:
            problems = verdict.problems if given else (_uncited(named),)
            end = len(self.text.rstrip())
            span = Span(end - len(text.strip()), end)
            self.statements.append(Statement(span, tuple(dict.fromkeys(marked.values())), problems))
            self.support.append(0.0 if problems else verdict.support)
        return text[sentence.shown :]

    def _came_before(self, said: str) -> bool:
        if len(words(said)) < _FEWEST_WORDS:
            return False
        is_known = said in self._said
        self._repeated += is_known
        self._said.add(said)
        return is_known

    def _is_label(self, said: str) -> bool:
        """Whether it claims nothing: a heading, the first row of a table, what leads over to a list, a mere line."""
        if not any(character.isalnum() for character in said) or (said.startswith("|") and not self._is_in_table):
            return True
        if _LEAD.match(said):
            return not any(character.isdigit() for character in said)
        is_short = len(words(said)) <= _LONGEST_LABEL and not any(character.isdigit() for character in said)
        return is_short and _LABEL.match(said) is not None

    def _source(self, number: int) -> Source:
        passage = self._passages[number - 1]
        return Source(self._read[number - 1].text, passage.context, passage.hits[0].chunk.language)

    def _numbered(self, number: int, span: Span | None) -> int:
        """The number of the citation of `span` in a passage, a new one where these words were not cited before."""
        passage = self._passages[number - 1]
        read = self._read[number - 1]
        spans = _in_document(passage, read.original(span)) if span else (_beginning(passage),)
        found = self._numbers.setdefault((number, spans), len(self.citations) + 1)
        if found > len(self.citations):
            self.citations.append(_citation(found, passage, spans))
        return found


def _uncited(named: Sequence[int]) -> str:
    """What is wrong with a sentence none of whose markers names a passage."""
    if not named:
        return UNCITED
    return f"it cites {' and '.join(f'passage {number}' for number in named)}, which the model was not given"


def _beginning(passage: ContextPassage) -> Span:
    """The first words of its best hit, in the document, shown where nothing bears out what cites the passage."""
    chunk = passage.hits[0].chunk
    first = next((span for span in passage.spans if span.end > chunk.start), passage.spans[0])
    start = max(first.start, chunk.start)
    text = _words_at(passage, Span(start, first.end))
    ends = [word.end for word in words(text)][:_FEW]
    return Span(start, start + ends[-1] if ends else first.end)


def _in_document(passage: ContextPassage, span: Span) -> tuple[Span, ...]:
    """Where in its document a span of a passage's text stands, which may lie in several of the passage's spans."""
    found, start = [], 0
    for part in passage.spans:
        end = start + part.end - part.start
        first, last = max(span.start, start), min(span.end, end)
        if first < last:
            found.append(Span(part.start + first - start, part.start + last - start))
        start = end + len(JOINT)
    return tuple(found)


def _citation(marker: int, passage: ContextPassage, spans: tuple[Span, ...]) -> Citation:
    """Verified only once its document has been looked up."""
    first = spans[0].start
    chunks = [hit.chunk for hit in passage.hits]
    chunk = next((one for one in chunks if one.start <= first < one.end), chunks[0])
    return Citation(
        marker=marker,
        chunk_id=chunk.id,
        source=passage.source,
        title=passage.context.title,
        anchor=passage.anchor,
        spans=spans,
        quote=JOINT.join(_words_at(passage, span) for span in spans),
        verified=False,
    )


def _words_at(passage: ContextPassage, span: Span) -> str:
    """What the passage says at a span of its document."""
    start = 0
    for part in passage.spans:
        if part.start <= span.start < part.end:
            return passage.text[start + span.start - part.start : start + span.end - part.start]
        start += part.end - part.start + len(JOINT)
    raise ValueError(f"The passage does not hold {span}.")
