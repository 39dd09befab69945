"""Search for a question of several parts by one question for each part, which a language model asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from kb.notes import Note, unheard
from kb.protocols import Retriever
from kb.types import Chunk, Hit
from retrieval.asking import Asker
from retrieval.prompting import prompt
from retrieval.replies import Reply, bare, distinct, listed

_NEEDED = re.compile(r"(?:follow[- ]?up questions needed(?: here)?|^)\W*(yes|no)\b", re.IGNORECASE)
_FOLLOW_UP = re.compile(r"^\W*(?:\d+\W+)?follow[- ]?up(?: question)?(?: \d+)?\W*: *(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DecomposedRetriever:
    """What `retriever` finds for the query and for its follow-up questions, in turns: the first of each, the second...

    So the best passages of each part stand first, as rank fusion would not have it, where what is middling for all
    parts passes what is best for one. The questions are those of self-ask (Press et al., 2022), asked all at once
    and not each after the answer to the last, and only where the model finds them needed. A score is 1 / rank.
    Where the model has nothing to say, which `on_fallback` hears, the query is searched alone.
    """

    retriever: Retriever
    asker: Asker
    subquestions: int = 4
    on_fallback: Note = unheard

    def retrieve(self, query: str, k: int) -> list[Hit]:
        prompts = [prompt("decompose", query, {"count": self.subquestions})]
        written = self.asker.ask(prompts, read=follow_ups, on_fallback=self.on_fallback)
        parts = distinct(written, beside=query)[: self.subquestions]
        if not parts:
            return self.retriever.retrieve(query, k)
        return in_turns([self.retriever.retrieve(text, k) for text in (query, *parts)])[:k]


def follow_ups(reply: Reply) -> list[str] | None:
    """The follow-up questions of a reply, none where it says that none are needed; None where it says neither."""
    needed = _NEEDED.search(reply.text)
    if not needed:
        return None
    if needed[1].lower() == "no":
        return []
    asked = [bare(text) for text in _FOLLOW_UP.findall(reply.whole_lines)]
    return [text for text in asked if text] or listed(reply)


def in_turns(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The first of each ranking, then the second of each, and so on, each passage once; the n-th has the score 1/n."""
    chunks: dict[str, Chunk] = {}
    for hit in chain.from_iterable(zip_longest(*rankings)):
        if hit:
            chunks.setdefault(hit.chunk.id, hit.chunk)
    return [Hit(chunk, 1 / rank) for rank, chunk in enumerate(chunks.values(), start=1)]
