"""Letters as PDFs spell them: ligatures, words set with spaces between their letters, fonts that name no letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from ingest.readers.pages.page import Box
from ingest.readers.source_file import clean

_FORMS = re.compile(r"[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdef\ufe70-\ufefc]")
_SOFT = re.compile("[\xad\u200b\u2060\ufeff]")
IDEOGRAPH = re.compile(r"[\u2e80-\u2fff\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""A character of Chinese or Japanese, which are written without blanks, or of the width of one."""
_LETTER = re.compile(r"[^\W\d_]")

_FEWEST_PIECES = 5
_LONGEST_MEAN = 2.0
_WIDEST_SPACING = 0.2
"""Of a letter's height: the blank of most fonts is wider, so blanks that a writer typed are never taken for spacing."""
_WORD_GAP = 0.2

_RAW = frozenset({"Cc", "Cn", "Co", "Cs"})
_FEWEST_RAW = 3
_RAW_SHARE = 0.2
_UNMAPPED_SHARE = 0.8
_VOWELS = frozenset("aeiouyæœøаеёиоуыэюяіїєαεηιουω")
_FEWEST_LETTERS = 12
_VOWEL_SHARE = 0.2
_MIXED_SHARE = 0.3
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH"})


def spelled(word: str) -> str:
    """`word` in the letters that people type: ligatures and Arabic forms taken apart, accents put on their letters."""
    if word.isascii() and word.isprintable():
        return word
    word = _FORMS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), _SOFT.sub("", word))
    return clean(unicodedata.normalize("NFC", word)).replace("\xa0", " ").strip()


def is_spread(words: Sequence[str]) -> bool:
    """Whether the "words" of a line are letters set apart, "F o r m": many of them, mostly single letters."""
    if len(words) < _FEWEST_PIECES:
        return False
    if sum(map(len, words)) > _LONGEST_MEAN * len(words):
        return False
    return all(_LETTER.search(word) and not IDEOGRAPH.match(word) for word in words)


def joined_letters(letters: Sequence[Box]) -> list[int]:
    """Where words begin in a row of single letters, by the gaps between them; empty where the gaps are real blanks."""
    gaps = [(after.left - before.right) / max(before.height, 1e-6) for before, after in pairwise(letters)]
    usual = median(gaps)
    if usual > _WIDEST_SPACING:
        return []
    return [0, *(index for index, gap in enumerate(gaps, 1) if gap > usual + _WORD_GAP)]


def is_garbled(characters: str, unmapped: int) -> bool:
    """Whether `characters`, `unmapped` of which no font names, are the fonts' own numbers rather than words.

    A guess from a standard encoding is right as often as not. It was wrong where it gave control, private or unassigned
    characters, hardly a vowel, or letters of several scripts in one word.
    """
    written = [character for character in characters if not character.isspace()]
    raw = sum(unicodedata.category(character) in _RAW for character in characters if character not in "\t\r\n")
    if min(raw, unmapped) >= _FEWEST_RAW and raw >= _RAW_SHARE * len(characters):
        return True
    return unmapped >= _UNMAPPED_SHARE * len(written) and (_lacks_vowels(written) or _mixes_scripts(characters.split()))


def _lacks_vowels(characters: Iterable[str]) -> bool:
    letters = [unicodedata.normalize("NFD", character)[0].lower() for character in characters if character.isalpha()]
    spelled_out = [letter for letter in letters if _script(letter) in ("LATIN", "CYRILLIC", "GREEK")]
    if len(spelled_out) < max(_FEWEST_LETTERS, len(letters) / 2):
        return False
    return sum(letter in _VOWELS for letter in spelled_out) < _VOWEL_SHARE * len(spelled_out)


def _mixes_scripts(words: Sequence[str]) -> bool:
    """Chinese, Japanese and Korean words apart, which mix scripts and stand without blanks."""
    scripts = [{_script(character) for character in word if character.isalpha()} for word in words if len(word) > 1]
    alphabetic = [found for found in scripts if found.isdisjoint(_EAST_ASIAN)]
    return sum(len(found) > 1 for found in alphabetic) > _MIXED_SHARE * len(alphabetic)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]
