"""Text shown as it stands: what a document, a file name or a question says is never read as HTML, Markdown or LaTeX.

Nor does it turn the direction of what is shown after it.
"""

from __future__ import annotations

import re
from html import escape

from kb.text.visible import unsteered

_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_DIRECTIVE = re.compile(r":(?=[\w+/-])|@(?=[\w-])|www(?=\.)", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def in_html(text: str) -> str:
    """`text` for st.html, between tags or inside a quoted attribute."""
    return escape(unsteered(text), quote=True)


def in_markdown(text: str) -> str:
    """`text` as one line for what Streamlit reads as Markdown: labels, captions, warnings.

    A backslash does not stop Streamlit's `:emoji:` and `:red[...]`, so a colon is parted from the word after it by a
    joiner that takes no room.
    """
    line = " ".join(unsteered(text).split())
    return _PUNCTUATION.sub(r"\\\1", _DIRECTIVE.sub(rf"\g<0>{_WORD_JOINER}", line))
