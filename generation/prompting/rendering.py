"""Passages as a language model reads them: numbered, quoted line by line, and unable to pass for anything else.

A document may forge whatever is told by words alone, so the frame stands where no document can write: each of its
lines begins with "> ", as mail quotes, and what leads to it stands in quotation marks. That is the data marking of
Hines et al. (2024, "Defending Against Indirect Prompt Injection Attacks With Spotlighting") by the line instead of the
word, which leaves words as they are for a model that is to copy them. What would count within a line as well, citation
markers and the tokens by which models know turns, thoughts and calls of tools, is given brackets of another kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from generation.context.passage import ContextPassage
from kb.text.passages import heading_path
from kb.text.visible import visible as visible
from kb.text.visible import visible_places
from kb.types import Span

_OPENING, _CLOSING = "<passages>", "</passages>"
_QUOTED = "> "
_FULL_LINE = 40
"""Characters without a column's border that make a line of running text, which goes on in the next line."""
_LINE_END = re.compile(rf"(?<=[^\n|]{{{_FULL_LINE}}})(?<![:;{{}}()=])\n(?![\s|#>*+`•–-]|\d+[.)]\s)")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_BRACKETED = re.compile(r"([\[【〔⟦〖])([^\[\]【】〔〕⟦⟧〖〗]{1,400})([\]】〕⟧〗])")
_NUMBERS = re.compile(r"(?is)\s*(?:[a-z]{1,12}[\s.:]*)?(?=[^†]*\d)(?:[\s\d,;:/&^#–—-]|and|to)*(?:†.*)?")
_ORDER = re.compile(r"/?(?:[A-Z]+_[A-Z_]+|(?i:inst|img\w*|bos|eos|pad|unk|cls|sep|mask|gmask|smask|think|args))")
_NAMES = (
    r"s|bos|eos|pad|unk|sep|cls|mask|sop|eop|eo[a-z]|gmask|sys|inst|im_\w+|(?:start|end|begin)_?of_?\w+|unused\d+|"
    r"reserved_\w+|extra_id_\d+|_?(?:system|user|assistant|human|bot|model)|think\w*|thoughts?|reasoning|answer|question|"
    r"(?:antml:)?(?:tool\w*|function\w*|invoke|parameter)|passages?|documents?|docs?|context|sources?|instructions?"
)
_TAG = re.compile(rf"<(?=<{{0,3}}\s{{0,3}}/?\s{{0,3}}(?:{_NAMES})\b[^<>\n]{{0,200}}>|<{{0,3}}[|｜])", re.IGNORECASE)
_OTHERS = dict.fromkeys("[【〔⟦〖", "(") | dict.fromkeys("]】〕⟧〗", ")") | {"<": "‹"}


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text as models are shown it; `places` says of each of its characters where that stands in the original."""

    text: str
    places: tuple[int, ...]

    def original(self, span: Span) -> Span:
        """Where in the original a span of `text` stands, which is not empty."""
        return Span(self.places[span.start], self.places[span.end - 1] + 1)


def rendered(passages: Sequence[ContextPassage]) -> str:
    """The passages, numbered from 1: "[1]" and the path of headings, then the names of a table's columns, the words.

    Each line is one of these headers, begins with "> ", is blank, or is one of the tags around them all, whatever the
    documents hold.
    """
    blocks = (_block(number, passage) for number, passage in enumerate(passages, start=1))
    return "\n".join((_OPENING, "\n\n".join(blocks), _CLOSING))


def shown(text: str) -> ShownText:
    """`text` as models are shown it: no character that nobody sees, no marker or token, no line broken for its length.

    Every character that is left has its place, so whoever finds words in the one finds them in the other.
    """
    places = visible_places(text)
    seen = visible("".join(text[place] for place in places))
    return ShownText(_LINE_END.sub(" ", _inert(seen)), tuple(places))


def _block(number: int, passage: ContextPassage) -> str:
    path = " ".join(shown(heading_path(passage.context)).text.replace('"', "'").split())
    words = (shown(part).text.strip("\n") for part in (passage.context.table, passage.text))
    lines = _BLANK_LINES.sub("\n\n", "\n".join(part for part in words if part)).split("\n")
    header = f'[{number}] "{path}"' if path else f"[{number}]"
    return "\n".join((header, *(f"{_QUOTED}{line}".rstrip() for line in lines)))


def _inert(text: str) -> str:
    """`text` with other brackets around what a model, or who reads its answer, could take for more than words."""
    plain = _plain(text)
    places = {match.start() for match in _TAG.finditer(plain)}
    for match in _BRACKETED.finditer(plain):
        if _NUMBERS.fullmatch(match[2]) or _ORDER.fullmatch(match[2]):
            places |= {match.start(), match.start(3)}
    return "".join(_OTHERS[plain[place]] if place in places else each for place, each in enumerate(text))


def _plain(text: str) -> str:
    """Each character as tokenizers that normalise read it (NFKC), where that is one character."""
    if text.isascii():
        return text
    forms = (unicodedata.normalize("NFKC", each) for each in text)
    return "".join(form if len(form) == 1 else each for form, each in zip(forms, text, strict=True))
