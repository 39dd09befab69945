"""Compounds: how words that hyphens, underscores, dots or capitals hold together are found in one piece.

"e-mail" is also the term "email", "AB-1234/5" also "ab1234/5", "foo_bar" and "fooBar" also "foobar", and "C++" is
more than a "c". They stand beside the terms of their parts, so that neither way of writing is missed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.text.stems import Rule, rule_of, stemming
from kb.text.terms import NUMBER, UNSPACED, normalised

_JOINT = r"[-\u2010\u2011_./@:]"
_COMPOUND = re.compile(
    rf"(?<![^\W_])[^\W_]+(?:{_JOINT}[^\W_]+)+(?:\(\w{{1,4}}\))*"  # e-mail, 2024-01-31, a.b@example.org
    r"|(?<!\w)[^\W\d_](?:[^\W_]*)(?:\+\+|#)(?!\w)"  # C++, C#
    r"|(?<![\w.])\.[A-Z][^\W_]+"  # .NET
    r"|(?<!\w)\d+[a-z]?(?:\(\w{1,4}\))+"  # 12(3)(a)
)
_SILENT = re.compile(r"[-\u2010\u2011_]|(?<=(?<![^\W_])[^\W\d_])\.(?=[^\W\d_](?![^\W_]))")
"""Hyphens, underscores, and the dots of U.S.A."""
_EXACT = re.compile(r"[\d_@+#.:(]")
_WHOLE_NUMBER = re.compile(NUMBER)
_HUMPED = re.compile(r"(?<![^\W_])[^\W_]*(?:[a-z][A-Z]|[A-Za-z]{2}\d{2})[^\W_]*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPENING = "([{\"'“‘«"
_CLOSING = ")]}\"'”’».,;:!?…"
_LONGEST = 200
"""Characters of a compound: what is longer is no word that somebody asks for."""


def spellings(text: str, language: str | None = None) -> list[str]:
    """The terms of `text` that it has besides its words': of compounds, and of what is within a word in one piece.

    Each once; "foobar" of foo_bar, and foo and bar of fooBar, ab and 1234 of AB1234.
    """
    rule, unusual = rule_of(language), _unusual(normalised(text))
    stem = stemming(rule)
    humped = (match.group() for match in _HUMPED.finditer(unusual))
    parts = (stem(hump) for word in humped if len(word) <= _LONGEST for hump in _HUMP.findall(word))
    return list(dict.fromkeys([*compound_terms(rule, _compounds(unusual)), *parts]))


def compound_words(normal: str) -> list[str]:
    """The compounds in normalised text, as they stand there."""
    return _compounds(_unusual(normal))


def compound_terms(rule: Rule, words: Sequence[str]) -> list[str]:
    """One term for each compound, by a rule of stemming."""
    stem = stemming(rule)
    return [stem(_SILENT.sub("", word)) for word in words]


def is_identifier(compound: str) -> bool:
    """Whether it names one thing exactly, as "2024-01-31" or "foo_bar" do and "well-known" does not."""
    return _EXACT.search(compound) is not None


def _compounds(text: str) -> list[str]:
    words = (match.group() for match in _COMPOUND.finditer(text))
    return [word for word in words if len(word) <= _LONGEST and not _WHOLE_NUMBER.fullmatch(word)]


def _unusual(normal: str) -> str:
    """What is left of a text without the words of letters alone, which saves half of the time, and without Chinese."""
    spaced = normal if normal.isascii() else UNSPACED.sub(" ", normal)
    bared = ((word, word.lstrip(_OPENING).rstrip(_CLOSING)) for word in spaced.split())
    return " ".join(word for word, bare in bared if not (bare.isalpha() and (bare.islower() or bare[1:].islower())))
