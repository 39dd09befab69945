"""What a question asks about: its terms and their weights, its names, whether it wants a figure, whether it denies."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log

from kb.protocols import TermStatistics
from kb.text.terms import terms

_ASKING = re.compile(
    r"\b(?:what|who|whom|whose|which|when|where|why|how|do|does|did|is|are|was|were)\b"
    r"|[什甚][麼么]|哪[些裡里兒儿個个]?|[誰谁]|[何為为]何|何[時时]?|多少|[幾几]|怎[麼么樣样]|[嗎吗呢]"
    r"|どこ|だれ|いつ|なぜ|どの|どれ|무엇|누구|어디|언제|어느",
    re.IGNORECASE,
)
_KIND = r"\b(?:what|which)\s+(?:[\w-]+\s+){0,2}"
_WANTS_FIGURE = re.compile(
    r"\bwhen\b|\bhow\s+(?:many|much|long|old|far|often|tall|large|big|high|fast|wide|deep|heavy)\b"
    rf"|{_KIND}(?:year|date|day|month|century|decade|time|period)s?\b"
    rf"|{_KIND}(?:percent|percentage|number|amount|ratio|size|population|price|cost|rate|share|total)\b"
    r"|多少|[幾几]|多[長长高大遠远久重]|何[時时]|什[麼么][時时]|哪一?[年天月日]|いつ|언제",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred"
    r"|thousand|million|billion|half|third|quarter|first|second|once|twice|several|dozen|century|centuries"
    r"|january|february|march|april|may|june|july|august|september|october|november|december)\b"
    r"|[一二三四五六七八九十百千萬万億亿兩两]",
    re.IGNORECASE,
)
_WHO = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)
_WHEN = re.compile(
    rf"\bwhen\b|{_KIND}(?:year|date|day|month|century|decade)s?\b|什[麼么][時时]|何[時时]|哪一?[年天月日]",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(
    r"\bhow\s+(?:many|much|long|old|far|tall|large|big|high|fast|wide|deep|heavy)\b|多少|[幾几]", re.IGNORECASE
)
_DATE = re.compile(r"\d|\bcentur(?:y|ies)\b|[一二三四五六七八九十]年", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:not|never|no|nor|none|nobody|nothing|neither|cannot|without|except|least|other than)\b|n['’]t\b",
    re.IGNORECASE,
)
_MAIN_DENIAL = re.compile(
    r"(?:(?!(?<=\s)(?:if|that|when|whose|which|who|where|because|although|while|since|unless|until)\b)[^,;])*?"
    r"(?:\b(?:not|never|cannot)\b|n['’]t\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w.,%-]+")
_CAPITALISED = re.compile(r"(?<=\S\s)(?!I\b)[A-Z][\w’'-]*")
_NAME_WORDS = 2


@dataclass(frozen=True, slots=True)
class Question:
    """`denies` tells of the main clause alone: "what if it does not" asks about a case, "what does it not" of a denial.
    `terms` are all its terms, `weights` maps those that are asked about to their inverse document frequency;
    `pairs` are terms that stand side by side; `names` are the terms of its names and numbers. Terms are those of
    documents in `language`."""

    text: str
    terms: frozenset[str]
    weights: dict[str, float]
    pairs: frozenset[tuple[str, str]]
    names: frozenset[str]
    wants_figure: bool
    denies: bool
    language: str | None = None

    def gives_figure(self, sentence: str) -> bool:
        """Whether a sentence holds a number or a date which the question does not already name."""
        return self._adds(_FIGURE, sentence)

    def gives_kind(self, sentence: str) -> bool:
        """Whether a sentence adds a name where who is asked, a date where when, a number where how many.

        True of every other question, and of names in scripts that have no capitals.
        """
        if _WHO.search(self.text) and not self._adds_name(sentence):
            return False
        if _WHEN.search(self.text) and not self._adds(_DATE, sentence):
            return False
        return not _HOW_MANY.search(self.text) or self._adds(_FIGURE, sentence)

    def _adds(self, pattern: re.Pattern[str], sentence: str) -> bool:
        words = (match.group() for match in _WORD.finditer(sentence))
        return any(pattern.search(word) and not self.terms.issuperset(terms(word, self.language)) for word in words)

    def _adds_name(self, sentence: str) -> bool:
        """A name is two words with capitals, or one and what begins the sentence."""
        if sentence.upper() == sentence.lower():
            return True
        words = (match.group() for match in _CAPITALISED.finditer(sentence))
        return sum(not self.terms.issuperset(terms(word, self.language)) for word in words) >= _NAME_WORDS


Reading = Callable[[str | None], Question]
"""A question as it is put to documents in a language."""


def reading(text: str, statistics: TermStatistics) -> Reading:
    """Reads a question once for each language that it is put to."""
    return lru_cache(maxsize=None)(lambda language: read_question(text, statistics, language))


def read_question(text: str, statistics: TermStatistics, language: str | None = None) -> Question:
    """Interrogatives and their auxiliaries carry nothing an answer repeats: they weigh nothing, unless all are such."""
    asked = terms(_ASKING.sub(" ", text), language) or terms(text, language)
    capitalised = {term for match in _CAPITALISED.finditer(text) for term in terms(match.group(), language)}
    return Question(
        text=text,
        terms=frozenset(terms(text, language)),
        weights=_weights(asked, statistics),
        pairs=frozenset(pairwise(asked)),
        names=frozenset(term for term in asked if term in capitalised or term[0].isdigit()),
        wants_figure=_WANTS_FIGURE.search(text) is not None,
        denies=_MAIN_DENIAL.match(text.strip()) is not None,
        language=language,
    )


def denies(text: str) -> bool:
    """Whether a text says no to something (by English words: no other language's are known here)."""
    return _DENIAL.search(text) is not None


def _weights(asked: Sequence[str], statistics: TermStatistics) -> dict[str, float]:
    """Inverse document frequency as BM25 has it: log(1 + (N - n + 0.5) / (n + 0.5)), never negative."""
    passages = statistics.passage_count()
    weights = {}
    for term in dict.fromkeys(asked):
        holding = min(statistics.passages_with(term), passages)
        weights[term] = log(1 + (passages - holding + 0.5) / (holding + 0.5))
    return weights
