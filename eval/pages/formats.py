"""What a page can be written as: the ending of the file's name decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from eval.pages.html import page_html
from eval.pages.markdown import page_markdown
from eval.pages.page import Page
from kb.errors import UserError


def page_json(page: Page) -> str:
    """The page as one JSON object, with the keys of `Page.as_json`."""
    return json.dumps(page.as_json(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMATS: Mapping[str, Callable[[Page], str]] = {".html": page_html, ".md": page_markdown, ".json": page_json}


def format_of(path: Path) -> Callable[[Page], str]:
    """How a page is written to a file of that name; raises UserError for an ending that none has."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"A report is not written as {path.name}: its name must end in {', '.join(FORMATS)}.")
    return FORMATS[path.suffix.lower()]
