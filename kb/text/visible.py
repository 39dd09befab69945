"""Characters that nobody sees: what a text says to a machine that reads it, and not to the person who looks at it."""

from __future__ import annotations

import re

_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point (Unicode Standard Annex 44): joiners, directions, variations, tags, fillers."""
_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
"""What they show is the affair of a font, which no model has."""
_UNSEEN = re.compile(f"[{_IGNORABLE}{_CONTROLS}{_PRIVATE}]|\r(?=\n)")
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_JOINERS = "\u200c\u200d"
_FIRST_JOINED = "\u0600"
"""Where the scripts begin that spell words with joiners: Arabic and those of India. Emoji lie beyond, too."""
_LINE_ENDS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")


def unsteered(text: str) -> str:
    """`text` without what steers how it is shown, and all after it: controls of terminals, turns of direction, tags."""
    return _STEERING.sub("", text)


def visible(text: str) -> str:
    """`text` as people see it: without what takes no room, turns its direction or shows nothing but in some font.

    Joiners stay within words that are spelled with them. All that ends a line becomes a newline.
    """
    return _LINE_ENDS.sub("\n", "".join(text[place] for place in visible_places(text)))


def visible_places(text: str) -> list[int]:
    """Where in `text` the characters stand that `visible` leaves of it, in order."""
    unseen = {match.start() for match in _UNSEEN.finditer(text) if not _joins(text, match.start())}
    return [place for place in range(len(text)) if place not in unseen]


def _joins(text: str, place: int) -> bool:
    """Whether a single joiner stands between two characters that it may bear on."""
    around = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    return text[place] in _JOINERS and all(each >= _FIRST_JOINED and not _UNSEEN.match(each) for each in around)
