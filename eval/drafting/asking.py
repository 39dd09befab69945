"""Questions that a language model asks about passages; what it did not copy from them is of no use and left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING

from eval.drafting.draft import Draft, draft, plain
from eval.folding import verbatim
from eval.lines import is_unicode
from kb.models.llama_index_llm import asking
from kb.text.words import words
from kb.types import Chunk, Document, Span

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

UNUSABLE = "not in the passage"
_DECODER = json.JSONDecoder()
_LEAST = 30
"""Words of a passage that is worth a question."""
_LONGEST = 60
"""Words of a quote at most: a sentence, not the passage."""
_PROMPT = """\
Below is a passage of the document "{title}". Think of a reader who has not seen the passage, wants to know something, \
and finds it there. Write that reader's question, in the language of the passage.

- The question stands by itself: it names what it is about, and never speaks of "the passage" or "the document".
- It is in the reader's words, not in those of the passage, but for names.
- It has one answer, which a few words of the passage give.

Reply with one JSON object and nothing else:
{"question": "...", "quote": "the sentence that answers it, copied from the passage", \
"answer": "the few words of that sentence that answer it, copied"}

The passage:
{passage}
"""


def asked(llm: LLM, document: Document, passage: Chunk) -> Draft | None:
    """The question that `llm` asks about a passage of `document`; None where its reply is of no use.

    Raises UserError where the model fails.
    """
    from llama_index.core.prompts import PromptTemplate

    with asking(llm):
        reply = llm.predict(PromptTemplate(_PROMPT), title=document.title, passage=passage.text)
    question, quote, answer = _parts(reply)
    span = next(verbatim(passage.text).occurrences(verbatim(quote).text), None)
    if not (question and answer and span and len(words(quote)) <= _LONGEST):
        return None
    words_of_quote = plain(passage.text[span.start : span.end])
    held = next(verbatim(words_of_quote).occurrences(verbatim(answer).text), None)
    if held is None:
        return None
    within = Span(passage.start + span.start, passage.start + span.end)
    return draft("llm", question, document, within, answer=words_of_quote[held.start : held.end])


def spread(sources: Sequence[str], passages: Callable[[str], Iterable[Chunk]]) -> Iterator[Chunk]:
    """The passages that are worth a question, one of each source in turn, as if by lot but always the same."""
    sources = sorted(sources, key=_lot)
    for turn in count():
        left = []
        for source in sources:
            worthy = sorted((one for one in passages(source) if len(words(one.text)) >= _LEAST), key=_chunk_lot)
            yield from worthy[turn : turn + 1]
            left += [source] * (len(worthy) > turn + 1)
        if not left:
            return
        sources = left


def _parts(reply: str) -> tuple[str, str, str]:
    """Question, quote and answer in the last JSON object of `reply` with a question; empty what is not there."""
    *_, found = ({}, *(one for one in _objects(reply) if "question" in one))
    question, quote, answer = (found.get(name) for name in ("question", "quote", "answer"))
    return _text(question), _text(quote), _text(answer)


def _objects(reply: str) -> Iterator[Mapping[str, object]]:
    """Where text with braces stands around them, too."""
    end = 0
    while (start := reply.find("{", end)) >= 0:
        try:
            found, end = _DECODER.raw_decode(reply, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield found


def _text(value: object) -> str:
    return plain(value) if isinstance(value, str) and is_unicode(value) else ""


def _chunk_lot(chunk: Chunk) -> bytes:
    return _lot(chunk.id)


def _lot(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogateescape")).digest()
