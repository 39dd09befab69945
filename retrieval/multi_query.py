"""Search by a question and by other ways to ask it, which a language model writes."""

from __future__ import annotations

from dataclasses import dataclass

from kb.notes import Note, unheard
from kb.protocols import Retriever
from kb.types import Hit
from retrieval.asking import Asker
from retrieval.fusion import fused_ranks
from retrieval.prompting import prompt
from retrieval.replies import distinct, listed


@dataclass(frozen=True, slots=True)
class MultiQueryRetriever:
    """What `retriever` finds for the query and for its rewrites, fused by reciprocal rank (as in Rackauckas, 2024).

    The query has as much weight as all rewrites together: they may bring up what it misses, not outvote it. Where the
    model has nothing to say, which `on_fallback` hears, it is what `retriever` finds.
    """

    retriever: Retriever
    asker: Asker
    rewrites: int = 3
    depth: int = 100
    on_fallback: Note = unheard

    def retrieve(self, query: str, k: int) -> list[Hit]:
        prompts = [prompt("multi", query, {"count": self.rewrites})]
        written = self.asker.ask(prompts, read=listed, on_fallback=self.on_fallback)
        others = distinct(written, beside=query)[: self.rewrites]
        if not others:
            return self.retriever.retrieve(query, k)
        weighted = [(0.5, query), *((0.5 / len(others), other) for other in others)]
        depth = max(k, self.depth)
        return fused_ranks([(weight, self.retriever.retrieve(text, depth)) for weight, text in weighted], k)
