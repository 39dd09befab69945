"""Which language a text is in: by its script where that tells, else by its letters in a row (py3langid), where sure.

Bayes over sequences of bytes that tell languages apart (Lui and Baldwin, langid.py, 2012): a millisecond a text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from kb.text.language_model import mapped_identifier, packed_identifier

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SAMPLE = 4000
_PROBE = 2000
"""Characters from the beginning and as many from the middle; twice as many tell no more."""
_SURE = 0.8
"""Names, tables and code stay below 0.2, a sentence of a dozen words lies above 0.9."""
_LETTER = re.compile(r"[^\W\d_]")
_SCRIPTS = (
    ("ko", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    (
        "zh",
        re.compile(
            "[\u2e80-\u2fdf\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
        ),
    ),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff\u0750-\u077f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
    ("hy", re.compile("[\u0530-\u058f]")),
)
_WITHIN = {
    "zh": ("ja", re.compile("[\u3040-\u30ff]"), 0.1),
    "ru": ("uk", re.compile("[іїєґІЇЄҐ]"), 0.02),
    "ar": ("fa", re.compile("[پچژگی]"), 0.02),
}
"""Languages that share a script with a larger one, and the share of letters of their own that tells them."""
_SHARED = ("ru", "ar", "hi")
"""Languages whose script is that of many others."""
_VARIETIES = {"nn": "no", "pcm": "en", "ary": "ar", "arz": "ar", "grc": "el"}
"""Varieties that are one language here: their probabilities count together."""
_NO_LANGUAGE = "zxx"
_identifiers: list[LanguageIdentifier] = []
"""The one of this process, once it is loaded. It is only read, by any thread."""


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language (639-3 where it has none), None where it is not sure: names, tables, code."""
    by_script = _by_script(text[:_SAMPLE] + _from_middle(text, _SAMPLE))
    if by_script and by_script not in _SHARED:
        return by_script
    return _by_letters(f"{text[:_PROBE]} {_from_middle(text, _PROBE)}") or by_script


def load_languages(cache: Path | None = None) -> None:
    """Gets ready to tell languages by letters, so that no text has to wait for it; at little cost where there is a
    folder in which the model can be kept unpacked."""
    if not _identifiers:
        _identifiers.append(mapped_identifier(cache) if cache else packed_identifier())


def _from_middle(text: str, length: int) -> str:
    """What a beginning of that length has not shown already."""
    start = max(length, len(text) // 2)
    return text[start : start + length]


def _by_script(sample: str) -> str | None:
    letters = len(_LETTER.findall(sample))
    for language, script in _SCRIPTS:
        count = len(script.findall(sample))
        if letters and count > 0.4 * letters:
            other, own, share = _WITHIN.get(language, (language, script, 1.0))
            return other if len(own.findall(sample)) > share * count else language
    return None


def _by_letters(sample: str) -> str | None:
    if not _LETTER.search(sample):
        return None
    shares: dict[str, float] = {}
    load_languages()
    for name, share in _identifiers[0].rank(sample):
        language = _VARIETIES.get(name, name)
        shares[language] = shares.get(language, 0.0) + share
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= _SURE and best != _NO_LANGUAGE else None
