"""An answer under a language model's hands: its sentences as they come, each held against the passages it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from generation.checking.support import Source, SupportChecker
from generation.context.passage import JOINT, ContextPassage
from generation.markers import cited, renumbered, without_markers
from generation.prompting.prompt import REFUSAL
from generation.prompting.rendering import shown
from generation.quotes import WORDS
from generation.sentence_stream import SentenceStream, WrittenSentence
from kb.text.ignorance import admits_ignorance
from kb.text.words import words
from kb.types import Citation, Span, Statement

UNCITED = "it cites no passage"
_LABEL = re.compile(r"\s*#{1,6}\s|.*[:：]\W*$", re.DOTALL)
"""A heading, or what only leads over to a list: it claims nothing."""
_SILENCE = re.compile(
    r"\b(?:passages?|documents?|sources?|context|texts?|information)\b[^.]{0,40}"
    r"\b(?:(?:do|does|did)(?: not|n['’]t)|not?|never|cannot)\b[^.]{0,30}"
    r"\b(?:say|mention|answer|contain|provide|specify|state|include|address|give|indicate|discuss|cover)",
    re.IGNORECASE,
)


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
        self._refusals = 0
        self.text = ""
        self.citations: list[Citation] = []
        self.statements: list[Statement] = []
        self.support: list[float] = []
        self.repeats = False
        """Whether a sentence came again, which is left out: a small model that begins to repeat itself goes on so."""

    def take(self, piece: str) -> Iterator[str]:
        is_begun = bool(self.text or self._stream.under_way)
        for sentence in self._stream.take(piece if is_begun else piece.lstrip()):
            yield self._finished(sentence)
        if self.text or not _may_refuse(self._stream.under_way):
            yield self._stream.preview()

    def finish(self) -> Iterator[str]:
        """Nothing comes any more."""
        yield self._finished(self._stream.rest())

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
        self.repeats = self.repeats or said in self._said
        if not said or self.repeats:
            return ""
        self._said.add(said)
        named = cited(sentence.text)
        given = [number for number in named if 1 <= number <= len(self._passages)]
        verdict = self._checker.check(said, [self._source(number) for number in given], question=self._question)
        marked = {number: self._numbered(number, span) for number, span in zip(given, verdict.spans, strict=True)}
        text = renumbered(sentence.text, lambda number: f"[{marked[number]}]" if number in marked else "")
        self.text += text
        if _refuses(said):
            self._refusals += 1
        elif named or not _LABEL.match(said):
            problems = verdict.problems if given else (_uncited(named),)
            end = len(self.text.rstrip())
            span = Span(end - len(text.strip()), end)
            self.statements.append(Statement(span, tuple(dict.fromkeys(marked.values())), problems))
            self.support.append(0.0 if problems else verdict.support)
        return text[sentence.shown :]

    def _source(self, number: int) -> Source:
        passage = self._passages[number - 1]
        return Source(self._read[number - 1].text, passage.context, passage.hits[0].chunk.language)

    def _numbered(self, number: int, span: Span | None) -> int:
        """The number of the citation of `span` in a passage, a new one where these words were not cited before."""
        passage = self._passages[number - 1]
        read = self._read[number - 1]
        spans = _in_document(passage, read.original(span or _beginning(read.text)))
        found = self._numbers.setdefault((number, spans), len(self.citations) + 1)
        if found > len(self.citations):
            self.citations.append(_citation(found, passage, spans))
        return found


def _may_refuse(text: str) -> bool:
    return REFUSAL.casefold().startswith(text.strip().casefold())


def _refuses(said: str) -> bool:
    return (
        said.casefold().startswith(REFUSAL.casefold().rstrip("."))
        or admits_ignorance(said)
        or bool(_SILENCE.search(said))
    )


def _uncited(named: Sequence[int]) -> str:
    """What is wrong with a sentence none of whose markers names a passage."""
    if not named:
        return UNCITED
    return f"it cites {' and '.join(f'passage {number}' for number in named)}, which the model was not given"


def _beginning(text: str) -> Span:
    """The first words of a passage, shown where none of it bears out what cites it."""
    return Span(0, [word.end for word in words(text)][:WORDS][-1])


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
