"""What a question asks about: its terms and their weights, its names, whether it wants a figure, whether it denies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile
from math import log

from generation.common_words import DISTINGUISHING, common_words
from generation.measures import amounts, measure_asked
from generation.wanted import (
    acts,
    asks_figure,
    asks_how_many,
    asks_when,
    asks_whether,
    asks_who,
    dates,
    defines,
    figures,
    has_capitals,
    is_date,
    is_ordinal,
    names,
    says_yes_or_no,
    thing_defined,
)
from kb.protocols import TermStatistics
from kb.text.stems import without_accents
from kb.text.terms import terms

_ASKING = re.compile(
    r"\b(?:what|who|whom|whose|which|when|where|why|how|do|does|did|is|are|was|were)\b"
    r"|[什甚][麼么]|哪[些裡里兒儿個个]?|[誰谁]|[何為为]何|何[時时]?|多少|[幾几]|怎[麼么樣样]|[嗎吗呢]"
    r"|どこ|だれ|いつ|なぜ|どの|どれ|무엇|누구|어디|언제|어느",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:not|never|no|nor|none|nobody|nothing|neither|cannot|without|except|least|other than)\b|n['’]t\b",
    re.IGNORECASE,
)
_MAIN_DENIAL = re.compile(
    r"(?:(?!(?<=\s)(?:if|that|when|whose|which|who|where|because|although|while|since|unless|until)\b)[^,;])*?"
    r"(?:\b(?:not|never|cannot)\b|n['’]t\b)",
    re.IGNORECASE,
)
_WHY = re.compile(r"\W*why\b", re.IGNORECASE)
"""What gives the reason of a denial need not repeat it."""
_LETTERS = re.compile(r"[^\W\d_]+")
_WHOLE = re.compile(r"[^\W\d_]+['’][^\W\d_]+")
"""A word with an apostrophe within, as in "don't"; "j'ai" is known by its parts."""
_NAME_WORDS = 2
_SHORTEST_MISSPELT = 5


@dataclass(frozen=True, slots=True)
class Question:
    """`denies` tells of the main clause alone: "what if it does not" asks about a case, "what does it not" of a denial.
    `terms` are all its terms, `weights` maps those that are asked about to their inverse document frequency, `strange`
    are those of them that no passage has; `pairs` are terms that stand side by side; `names` are the terms of its names
    and numbers; `defined` is what it asks the meaning of. Terms are those of documents in `language`."""

    text: str
    terms: frozenset[str]
    weights: dict[str, float]
    pairs: frozenset[tuple[str, str]]
    names: frozenset[str]
    strange: frozenset[str]
    wants_figure: bool
    measure: str
    defined: str
    denies: bool
    language: str | None = None

    def gives(self, sentence: str) -> bool:
        """Whether a sentence adds what is wanted: a number or a date, a name, what something means, "yes" or "no"."""
        return (
            (self.wants_figure and self._adds_figure(sentence))
            or (asks_who(self.text) and self._adds_name(sentence))
            or (self.defined != "" and defines(sentence, self.defined))
            or (asks_whether(self.text) and says_yes_or_no(sentence))
        )

    def misspelt(self, words: Iterable[str]) -> frozenset[str]:
        """Those of its terms that no passage has, and that are one of `words` but for a slip of the pen."""
        return frozenset(term for term in self.strange if any(_is_slip(term, word) for word in words))

    def gives_kind(self, sentence: str) -> bool:
        """Whether a sentence adds a name where who is asked, a date where when, a number where how many.

        True of every other question, and of names in scripts that have no capitals.
        """
        if asks_who(self.text) and has_capitals(sentence) and not self._adds_name(sentence):
            return False
        if asks_when(self.text) and not self._adds(dates(sentence)):
            return False
        return not (self.measure or asks_how_many(self.text)) or self._adds_figure(sentence)

    def _adds_figure(self, sentence: str) -> bool:
        """Where an amount of some measure is asked for, of that."""
        if self.measure:
            return self._adds(amounts(sentence, self.measure, self.language))
        given = figures(sentence, self.language)
        counts = asks_how_many(self.text) and not asks_when(self.text)
        return self._adds(word for word in given if not (counts and is_ordinal(word)))

    def _adds(self, words: Iterable[str]) -> bool:
        return any(not self.terms.issuperset(terms(word, self.language)) for word in words)

    def _adds_name(self, sentence: str) -> bool:
        """A name is two words with capitals, or one that is said to act."""
        added = [
            word
            for word in names(sentence)
            if not is_date(word) and not self.terms.issuperset(terms(word, self.language))
        ]
        return len(added) >= _NAME_WORDS or acts(sentence)


Reading = Callable[[str | None], Question]
"""A question as it is put to documents in a language."""


def reading(text: str, statistics: TermStatistics) -> Reading:
    """Reads a question once for each language that it is put to."""
    return lru_cache(maxsize=None)(lambda language: read_question(text, statistics, language))


def read_question(text: str, statistics: TermStatistics, language: str | None = None) -> Question:
    """What asks, and words of grammar, carry nothing an answer repeats: they weigh nothing, unless all are such."""
    asked = terms(_ASKING.sub(" ", text), language) or terms(text, language)
    telling = terms(_ASKING.sub(" ", _without_common(text, language)), language) or asked
    capitalised = {term for name in names(text) for term in terms(name, language)}
    return Question(
        text=text,
        strange=frozenset(term for term in telling if _may_be_misspelt(term) and not statistics.passages_with(term)),
        terms=frozenset(terms(text, language)),
        weights=_weights(telling, statistics),
        pairs=frozenset(pairwise(asked)),
        names=frozenset(term for term in asked if term in capitalised or term[0].isdigit()),
        wants_figure=asks_figure(text),
        measure=measure_asked(text),
        defined=thing_defined(text),
        denies=_MAIN_DENIAL.match(text.strip()) is not None and not _WHY.match(text),
        language=language,
    )


def denies(text: str) -> bool:
    """Whether a text says no to something (by English words: no other language's are known here)."""
    return _DENIAL.search(text) is not None


def _may_be_misspelt(term: str) -> bool:
    return len(term) >= _SHORTEST_MISSPELT and term.isalpha()


def _is_slip(term: str, word: str) -> bool:
    """Whether they differ by one letter, or by two that have changed places, but not by the first."""
    if term[0] != word[:1] or abs(len(term) - len(word)) > 1:
        return False
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(term, word, strict=False)))
    one, other = term[same:], word[same:]
    changed_places = one[:2] == other[1::-1] and one[2:] == other[2:]
    return one[1:] in (other, other[1:]) or one == other[1:] or changed_places


def _without_common(text: str, language: str | None) -> str:
    common, named = common_words(language), set(names(text))

    def left(word: re.Match[str]) -> str:
        plain = without_accents(word.group().casefold())
        is_common = plain in common and plain not in DISTINGUISHING and word.group() not in named
        return " " if is_common else word.group()

    return _LETTERS.sub(left, _WHOLE.sub(left, text))


def _weights(asked: Sequence[str], statistics: TermStatistics) -> dict[str, float]:
    """Inverse document frequency as BM25 has it: log(1 + (N - n + 0.5) / (n + 0.5)), never negative."""
    passages = statistics.passage_count()
    weights = {}
    for term in dict.fromkeys(asked):
        holding = min(statistics.passages_with(term), passages)
        weights[term] = log(1 + (passages - holding + 0.5) / (holding + 0.5))
    return weights
