"""Adjacency: which words of a question stand side by side in a passage, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log

from kb.protocols import WordStatistics

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SATURATION = 1.2
_PAIRS_MAX = 50


def adjacencies(query: str, passages: Sequence[str], statistics: WordStatistics) -> list[float]:
    """For each passage, the summed rarity (idf) of neighbouring words of `query` that are neighbours in it, too.

    Each pair counts once and, where it stands repeatedly, up to 2.2 times, as in BM25. Words are compared as they are
    written but for case, the second may go on (as in a plural), and white space and hyphens between them are alike.
    Scripts without blanks have no such pairs: their terms are pairs of characters already.
    """
    weighed = list(_pairs(query, statistics))
    if not weighed:
        return [0.0] * len(passages)
    return [_gain(_folded(passage), weighed) for passage in passages]


def _pairs(query: str, statistics: WordStatistics) -> Iterator[tuple[str, float]]:
    """Pairs of neighbouring words, as they stand in folded text, and their weight."""
    words = _WORD.findall(_folded(query))
    rarities = {word: _rarity(word, statistics) for word in dict.fromkeys(words)}
    for first, second in list(dict.fromkeys(pairwise(words)))[:_PAIRS_MAX]:
        if rarities[first] and rarities[second]:
            yield f"{first} {second}", rarities[first] + rarities[second]


def _rarity(word: str, statistics: WordStatistics) -> float:
    """BM25's inverse document frequency; 0 for what no passage holds."""
    frequency = statistics.passages_with_word(word)
    if not frequency:
        return 0.0
    return log(1 + (statistics.passage_count() - frequency + 0.5) / (frequency + 0.5))


def _folded(text: str) -> str:
    """In lower case, with one blank for the white space and hyphens between two words."""
    folded = text.casefold().replace("-", " ").replace("\n", " ")
    # What can be printed has no white space but blanks, and need not be split, which takes three times as long.
    if not folded.isprintable():
        return " ".join(folded.split())
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded


def _gain(text: str, weighed: Sequence[tuple[str, float]]) -> float:
    gain = 0.0
    for pair, weight in weighed:
        if count := _count(text, pair):
            gain += weight * count * (_SATURATION + 1) / (count + _SATURATION)
    return gain


def _count(text: str, pair: str) -> int:
    """How often `pair` stands in `text` from the beginning of a word on."""
    count = 0
    place = text.find(pair)
    while place >= 0:
        count += not (place and text[place - 1].isalnum())
        place = text.find(pair, place + len(pair))
    return count
