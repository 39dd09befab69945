"""Terms: what the lexical index and the answerer count as the same word.

Words of alphabetic scripts are case-folded and stemmed by their text's language; runs of characters of scripts that put
no blanks between words (Chinese, Japanese, Thai ..., and Korean) become overlapping pairs. Numbers stay whole, their
thousands unmarked: 1,234.5 is the term 1234.5.
"""

from __future__ import annotations

import re
import unicodedata

import Stemmer

from kb.text.stems import Rule, rule_of, stemming

_UNSPACED = (
    "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1780-\u17d3\uaa60-\uaa7f"
)
"""Chinese, Japanese and Korean; then Thai, Lao, Burmese, Khmer, their vowels and tone marks included."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u0df3"
)
"""Accents and vowels that belong to the letter before them; for the scripts of India, whole blocks but their stops."""
_LETTER = rf"(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])"
NUMBER = r"(?<![^\W_])\d+(?:[.,]\d+)+(?![^\W_])"
_TERM = re.compile(rf"[{_UNSPACED}]+|{NUMBER}|{_LETTER}+(?:['’]{_LETTER}+)*")
_SIMPLE_TERM = re.compile(rf"{NUMBER}|[^\W_]+(?:['’][^\W_]+)*")
"""The same for text without such characters, in two thirds of the time."""
UNSPACED = re.compile(rf"[{_UNSPACED}]")
_IS_OTHER = re.compile(rf"[{_UNSPACED}{_MARKS}]")

VERSION = f"2, Snowball {Stemmer.version()}"
"""What decides terms: a lexical index of others is built anew. To be raised with every change of them."""


def terms(text: str, language: str | None = None) -> list[str]:
    """The terms of `text`, which is in `language`, in order, repetitions included."""
    return terms_by(rule_of(language), text)


def terms_by(rule: Rule, text: str) -> list[str]:
    """The same by a rule of stemming; of the same text there are as many terms, in the same order, by every rule."""
    stem, normal = stemming(rule), normalised(text)
    if normal.isascii() or not _IS_OTHER.search(normal):
        return [stem(word) for word in _SIMPLE_TERM.findall(normal)]
    found: list[str] = []
    for match in _TERM.finditer(normal):
        word = match.group()
        if UNSPACED.match(word):
            found.extend(_pairs(word))
        else:
            found.append(stem(word))
    return found


def normalised(text: str) -> str:
    """`text` with compatible characters made one (NFKC), without hyphens that show only at a line's end."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text.replace("\u00ad", ""))


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[index : index + 2] for index in range(len(run) - 1)]
