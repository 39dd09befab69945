"""Names: which of some documents a question names by words of their file names ("3M in FY2018", 3M_2018_10K.pdf)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import log

from kb.text.terms import terms

_POSSESSIVE = re.compile(r"['’]s\b")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_HYPHENATED = re.compile(r"\w+(?:-\w+)*")
_WORD = re.compile(r"[^\W_]+")
_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SUFFIX = re.compile(r"\.\w{1,5}$")
_SHORTEST = 3
_STANDING_OUT = 10


def named(question: str, sources: Sequence[str]) -> list[float]:
    """How far `question` names each source, 0 to 1.

    What it shares with the name of a file counts by how rare it is among the names, and by its share of the name. It is
    1 for the source named best if the tenth best is not named at all, and less the more are named alike.
    """
    names = {source: _name_terms(source) for source in dict.fromkeys(sources)}
    asked = _named_terms(question)
    if all(map(asked.isdisjoint, names.values())):
        return [0.0] * len(sources)
    frequencies = Counter(term for name in names.values() for term in name)
    rarity = {term: log(1 + (len(names) - count + 0.5) / (count + 0.5)) for term, count in frequencies.items()}
    likeness = {source: _likeness(name, asked, rarity) for source, name in names.items()}
    best = sorted(likeness.values(), reverse=True)
    tenth = best[_STANDING_OUT - 1] if len(best) >= _STANDING_OUT else 0.0
    return [likeness[source] / best[0] * (best[0] - tenth) / best[0] for source in sources]


def _likeness(name: Collection[str], asked: Collection[str], rarity: Mapping[str, float]) -> float:
    shared = sum(rarity[term] for term in sorted(name) if term in asked)
    return shared * (shared / sum(rarity[term] for term in sorted(name))) ** 0.5 if shared else 0.0


@lru_cache(maxsize=20_000)
def _name_terms(source: str) -> frozenset[str]:
    """The terms of a file's name, whole and in parts; a part of a file (a record, a mail's attachment) has no name."""
    if "#" in source:
        return frozenset()
    stem = _SUFFIX.sub("", source.rsplit("/", 1)[-1])
    return frozenset(term for word in _WORD.findall(_CAMEL.sub(" ", stem)) for term in _forms(word))


def _named_terms(question: str) -> set[str]:
    """The terms of words that look like names: with a digit, or a capital that does not begin a sentence."""
    found: set[str] = set()
    for sentence in _SENTENCE_END.split(_POSSESSIVE.sub("", question)):
        words = _HYPHENATED.findall(sentence)
        names = [_is_name(word, begins=index == 0) for index, word in enumerate(words)]
        found.update(term for word, is_name in zip(words, names, strict=True) if is_name for term in _forms(word))
        for (first, second), both in zip(pairwise(words), pairwise(names), strict=True):
            if all(both):
                found.update(terms(first + second))
    return found


def _is_name(word: str, *, begins: bool) -> bool:
    capitals = sum(letter.isupper() for letter in word)
    return any(letter.isdigit() for letter in word) or capitals > begins


def _forms(word: str) -> Iterator[str]:
    """A word's term without hyphens, and those of its runs of letters and of digits: FY2018 is also 2018."""
    yield from terms(word.replace("-", ""))
    for part in _LETTERS_OR_DIGITS.findall(word):
        if len(part) >= _SHORTEST:
            yield from terms(part)
