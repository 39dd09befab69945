"""Which language a text is in, as far as its script alone tells: enough for Chinese or Russian, not for English."""

from __future__ import annotations

import re

_SAMPLE = 4000
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


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language, None where the script is shared by many (Latin) or too mixed to tell."""
    sample = text[:_SAMPLE] + text[len(text) // 2 : len(text) // 2 + _SAMPLE]
    letters = len(_LETTER.findall(sample))
    for language, script in _SCRIPTS:
        count = len(script.findall(sample))
        if letters and count > 0.4 * letters:
            other, own, share = _WITHIN.get(language, (language, script, 1.0))
            return other if len(own.findall(sample)) > share * count else language
    return None
