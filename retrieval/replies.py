"""What a language model said, and the items of a list in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ITEM = re.compile(r"\s*(?:\(?\d{1,2}[.):、．](?!\d)|[-*•–])\s*(?P<text>.+)")
_QUESTION = re.compile(r"\s*(?P<text>.+[?？])\s*$")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a language model said, without what it thought aloud; `problem` is what went wrong, if anything did.

    `is_whole` is False where the model was stopped; the text is empty where it is of no use.
    """

    text: str
    is_whole: bool = True
    problem: str = ""

    @property
    def whole_lines(self) -> str:
        """The text without a last line that may have been cut."""
        return self.text if self.is_whole else self.text.rpartition("\n")[0]


def listed(reply: Reply) -> list[str] | None:
    """The items of a numbered or bulleted list, else the lines that are questions; None where there are neither."""
    lines = reply.whole_lines.splitlines()
    for form in (_ITEM, _QUESTION):
        if items := [bare(match["text"]) for line in lines if (match := form.match(line))]:
            return [item for item in items if item]
    return None


def bare(item: str) -> str:
    """Without the quotation marks and asterisks around it."""
    return item.strip().strip("\"“”„«»*_`'").strip()


def distinct(texts: Sequence[str], *, beside: str) -> list[str]:
    """Those that are neither `beside` nor one before them in other capitals."""
    found = {beside.casefold(): beside}
    for text in texts:
        found.setdefault(text.casefold(), text)
    return list(found.values())[1:]
