"""Stems: what the forms of a word have in common, by language (Snowball, Porter 2001), without accents.

It knows words, not texts: what a word is, and in which language, is said by others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import Stemmer

_STEMMERS = {
    "latin": {
        "ca": "catalan",
        "cs": "czech",
        "da": "danish",
        "de": "german",
        "en": "english",
        "eo": "esperanto",
        "es": "spanish",
        "et": "estonian",
        "eu": "basque",
        "fi": "finnish",
        "fr": "french",
        "ga": "irish",
        "hu": "hungarian",
        "id": "indonesian",
        "it": "italian",
        "lt": "lithuanian",
        "nl": "dutch",
        "no": "norwegian",
        "pl": "polish",
        "pt": "portuguese",
        "ro": "romanian",
        "sv": "swedish",
        "tr": "turkish",
    },
    "cyrillic": {"ru": "russian"},
    "arabic": {"ar": "arabic", "fa": "persian"},
    "greek": {"el": "greek"},
    "devanagari": {"hi": "hindi", "ne": "nepali"},
    "armenian": {"hy": "armenian"},
    "tamil": {"ta": "tamil"},
}
"""The stemmer of each language, by script. Snowball's Serbian one is left out: it puts Cyrillic into Latin letters."""
_OF_SCRIPT = {
    "latin": "english",
    "cyrillic": "russian",
    "arabic": "arabic",
    "greek": "greek",
    "devanagari": "hindi",
    "armenian": "armenian",
    "tamil": "tamil",
}
"""The stemmer of a script's words where they stand in a text of another script, or of a language not known."""
_WITHOUT = {
    "cyrillic": {"ba", "be", "bg", "kk", "ky", "mk", "mn", "sr", "tg", "tt", "uk"},
    "arabic": {"ps", "sd", "sdh", "ug", "ur"},
    "devanagari": {"gom", "mr"},
    "": {
        "am",
        "bn",
        "dz",
        "gu",
        "he",
        "ja",
        "ka",
        "km",
        "kn",
        "ko",
        "lo",
        "ml",
        "my",
        "or",
        "pa",
        "si",
        "te",
        "th",
        "zh",
    },
}
"""Languages without a stemmer that are not written in Latin letters; whatever else there is, is."""
_SCRIPTS = (
    (re.compile("[a-z\u00aa-\u024f\u1e00-\u1eff]"), "latin"),
    (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "greek"),
    (re.compile("[\u0400-\u052f]"), "cyrillic"),
    (re.compile("[\u0600-\u06ff\u0750-\u077f]"), "arabic"),
    (re.compile("[\u0900-\u097f]"), "devanagari"),
    (re.compile("[\u0530-\u058f]"), "armenian"),
    (re.compile("[\u0b80-\u0bff]"), "tamil"),
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POINTS = re.compile("[\u0591-\u05c7\u0640\u064b-\u0652\u0670]")
"""Vowels of Hebrew and Arabic, which are rarely written, and the stroke that lengthens an Arabic word."""
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans({"ø": "o", "œ": "oe", "æ": "ae", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ё": "е"})

Rule = tuple[str, str]
"""A script and the stemmer of its words, empty where they have none; words of other scripts have _OF_SCRIPT's."""
ENGLISH: Rule = ("latin", "english")


def rule_of(language: str | None) -> Rule:
    """By which rule the words of a text in `language` are stemmed: the English one where it is not known."""
    for script, stemmers in _STEMMERS.items():
        if language in stemmers:
            return script, stemmers[language]
    for script, languages in _WITHOUT.items():
        if language in languages:
            return (script, "") if script else ENGLISH
    return ENGLISH if language is None else ("latin", "")


@lru_cache(maxsize=64)
def stemming(rule: Rule) -> Callable[[str], str]:
    """What brings a word, in letters of any case, to its stem, and a number to how it is written without thousands."""
    script, name = rule
    stemmers = {key: Stemmer.Stemmer(value, 0) for key, value in {**_OF_SCRIPT, script: name}.items() if value}

    @lru_cache(maxsize=200_000 if rule == ENGLISH else 50_000)
    def stem(word: str) -> str:
        if word[0].isdigit() and "," in word:
            return _THOUSANDS.sub("", word)
        folded = word.casefold().replace("’", "'")
        if folded.isascii():
            return str(stemmers["latin"].stemWord(folded)) if "latin" in stemmers else folded
        bare = _POINTS.sub("", folded) or folded
        stemmer = stemmers.get(_script(bare))
        return without_accents(str(stemmer.stemWord(bare)) if stemmer else bare)

    return stem


def without_accents(word: str) -> str:
    """`word` in lower case as it is typed where the keyboard lacks its accents: zurich, facade, malmo."""
    if word.isascii() or _script(word) not in ("latin", "greek", "cyrillic"):
        return word
    if _script(word) == "cyrillic":
        return word.translate(_LETTERS)
    return _ACCENTS.sub("", unicodedata.normalize("NFD", word)).translate(_LETTERS)


def _script(word: str) -> str:
    """The script of the first letter."""
    found = ((match.start(), name) for letters, name in _SCRIPTS if (match := letters.search(word)))
    return min(found, default=(0, ""))[1]
