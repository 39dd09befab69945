"""Whether the passages that a sentence cites bear it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.protocols import Embedder, Scorer
from kb.text.terms import terms
from kb.types import Context, Span


@dataclass(frozen=True, slots=True)
class Source:
    text: str
    context: Context
    language: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    problems: tuple[str, ...]
    spans: tuple[Span | None, ...]
    support: float


class SupportChecker:
    def __init__(self, embedder: Embedder, *, scorer: Scorer | None = None) -> None:
        self._embedder = embedder

    def check(self, sentence: str, sources: Sequence[Source], *, question: str = "") -> Verdict:
        said = set(terms(sentence))
        held = set().union(*(terms(source.text) for source in sources)) if sources else set()
        share = len(said & held) / max(1, len(said))
        problems = () if share > 0.6 else ("the cited passages do not say this",)
        return Verdict(problems, tuple(Span(0, min(len(source.text), 200)) for source in sources), share)
