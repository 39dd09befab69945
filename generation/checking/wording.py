"""The words of a sentence with their places, and which of them inform; and text folded so that wording compares."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from generation.common_words import CHINESE, common_words
from kb.text.stems import rule_of, stemming, without_accents
from kb.text.terms import NUMBER, UNSPACED

_COMPOUND = (
    r"(?<![^\W_])(?=[^\s|;,()]*(?:[^\W_][-_/@.]?\d|[A-Z]|_|@))[^\W\d_][^\W_]*(?:[-_/@.][^\W_]+)+(?:\(\w\))*(?![^\W_])"
)
"""What is one name although it has signs within: SHA-256, CP-40/6, secure_delete, a@example.org."""
_WORD = re.compile(rf"{UNSPACED.pattern}+|{_COMPOUND}|{NUMBER}|(?:(?!{UNSPACED.pattern})[^\W_])+(?:['’](?!\d)[^\W_]+)*")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu|lorsqu|puisqu|jusqu)['’](?=.)", re.IGNORECASE)
_MARKUP = re.compile(r"[*`_]+")
_SAME = str.maketrans({
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"', "「": '"', "」": '"', "『": '"', "』": '"',
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "\u00ad": None, "\ufffe": None,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text at start..end; `informs` says that it is neither one of grammar nor a number.

    In Chinese, Japanese and Korean each pair of neighbouring characters is one.
    """

    text: str
    start: int
    end: int
    term: str
    informs: bool


def wording(text: str, language: str | None = None) -> tuple[Word, ...]:
    """The words of `text` in order."""
    common, stem = common_words(language), stemming(rule_of(language))
    found: list[Word] = []
    for match in _WORD.finditer(text):
        if UNSPACED.match(match.group()):
            found.extend(_pairs(match.group(), match.start()))
            continue
        start = match.start()
        if language == "fr" and (elided := _ELISION.match(match.group())):
            start += elided.end()
        word = text[start : match.end()]
        plain = without_accents(word.casefold().replace("’", "'"))
        informs = plain not in common and not word[0].isdigit() and (len(plain) > 1 or word.isupper())
        found.append(Word(word, start, match.end(), stem(word), informs))
    return tuple(found)


def _pairs(run: str, start: int) -> Iterator[Word]:
    for index in range(max(1, len(run) - 1)):
        pair = run[index : index + 2]
        yield Word(pair, start + index, start + index + len(pair), pair, not CHINESE.issuperset(pair))


def is_unspaced(text: str) -> bool:
    """Whether a text is mostly in a script that puts no blanks between words."""
    return 2 * len(UNSPACED.findall(text)) > len(re.findall(r"[^\W\d_]", text)) > 0


def folded(text: str) -> str:
    """`text` without case and marks of emphasis, its white space, quotation marks and hyphens made one."""
    same = _MARKUP.sub("", unicodedata.normalize("NFKC", text.translate(_SAME)))
    return " ".join(same.casefold().split())
