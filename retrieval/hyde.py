"""Search by passages that a language model makes up: they are nearer to those that answer than a question is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.models.vectors import unit_rows
from kb.notes import Note, unheard
from kb.protocols import Embedder, QueryEmbedder, Vectors
from retrieval.asking import Asker
from retrieval.prompting import Prompt, forms, prompt
from retrieval.replies import Reply


@dataclass(frozen=True, slots=True)
class HypotheticalEmbedder:
    """The mean of the query's vector and those of hypothetical passages, as HyDE has it (Gao et al., 2022).

    There the passages are samples of one prompt. Here the model writes the likeliest words, so that the same question
    finds the same, and each of the passages (5 at most) is asked for in another form. They are embedded as passages.
    Where the model has nothing to say, which `on_fallback` hears, the vector is the query's alone.
    """

    query_embedder: QueryEmbedder
    embedder: Embedder
    asker: Asker
    passages: int = 3
    on_fallback: Note = unheard

    def queries(self, texts: Sequence[str]) -> Vectors:
        plain = self.query_embedder.queries(texts)
        rows = [self._mean(text, vector) for text, vector in zip(texts, plain, strict=True)]
        return np.stack(rows) if rows else plain

    def _mean(self, query: str, vector: Vectors) -> Vectors:
        prompts = _prompts(query, self.passages)
        written = self.asker.ask(prompts, read=_passage, on_fallback=self.on_fallback)
        if not written:
            return vector
        together = np.vstack([vector, self.embedder.passages(written)])
        mean: Vectors = unit_rows(together.mean(axis=0, keepdims=True), len(vector))[0]
        return mean


def _prompts(query: str, count: int) -> list[Prompt]:
    return [prompt("hyde", query, {"form": form}) for form in forms()[:count]]


def _passage(reply: Reply) -> list[str]:
    """Half of one is of use, too."""
    return [reply.text]
