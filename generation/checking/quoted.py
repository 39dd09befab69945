"""What a sentence puts between quotation marks, and whether a text says exactly that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from generation.checking.wording import folded

_QUOTED = re.compile(
    r'(?<!\w)"([^"]+)"(?!\w)|“([^“”]+)”|„([^„“”]+)[“”]|«\s*([^«»]+?)\s*»|»([^«»]+)«|「([^「」]+)」|『([^『』]+)』'
    r"|(?<!\w)‘([^‘’]+)’(?!\w)"
)
_LEFT_OUT = re.compile(r"\.{3}|…|\[[^\]]*\]")
_EDGES = " .,;:!?'\"-。，、；：！？"


def missing_quotes(sentence: str, texts: Sequence[str]) -> Iterator[str]:
    """The quotations of `sentence` that stand in none of `texts`; what they leave out (...) is no part of them."""
    said = [folded(text) for text in texts]
    for match in _QUOTED.finditer(sentence):
        quotation = next(group for group in match.groups() if group is not None)
        parts = [part for piece in _LEFT_OUT.split(quotation) if (part := folded(piece).strip(_EDGES))]
        if not any(_holds(text, parts) for text in said):
            yield quotation


def _holds(text: str, parts: Sequence[str]) -> bool:
    """Whether `text` has the parts in their order, each as whole words."""
    at = 0
    for part in parts:
        found = re.compile(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])" if part.isascii() else re.escape(part))
        match = found.search(text, at)
        if match is None:
            return False
        at = match.end()
    return True
