"""Terms: what the lexical index and the answerer count as the same word.

Words of alphabetic scripts are case-folded and stemmed (Snowball, English); runs of Chinese, Japanese and Korean
characters become overlapping pairs, since nothing marks their words. Numbers stay whole, their thousands unmarked:
1,234.5 is the term 1234.5.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import Stemmer

_CJK = (
    "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_NUMBER = r"(?<![^\W_])\d+(?:[.,]\d+)+(?![^\W_])"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TERM = re.compile(rf"[{_CJK}]+|{_NUMBER}|(?:(?![{_CJK}])[^\W_])+(?:['’](?:(?![{_CJK}])[^\W_])+)*")
_SPACED_TERM = re.compile(rf"{_NUMBER}|[^\W_]+(?:['’][^\W_]+)*")
"""The same for text without Chinese, Japanese and Korean characters, in two thirds of the time."""
_IS_CJK = re.compile(rf"[{_CJK}]")
_STEMMER = Stemmer.Stemmer("english", 0)


def terms(text: str) -> list[str]:
    """The terms of `text` in order, repetitions included."""
    normal = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if normal.isascii() or not _IS_CJK.search(normal):
        return [_stem(word) for word in _SPACED_TERM.findall(normal)]
    found: list[str] = []
    for match in _TERM.finditer(normal):
        word = match.group()
        if _IS_CJK.match(word):
            found.extend(_pairs(word))
        else:
            found.append(_stem(word))
    return found


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[index : index + 2] for index in range(len(run) - 1)]


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    if word[0].isdigit() and "," in word:
        return _THOUSANDS.sub("", word)
    folded = word.casefold().replace("’", "'")
    return str(_STEMMER.stemWord(folded))
