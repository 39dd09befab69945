"""The look of what Streamlit has no element for: the style sheets beside this module, as one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from app.web.literal import in_html

STYLES = Path(__file__).with_name("styles")


@cache
def style() -> str:
    """All of them, for st.html."""
    sheets = [sheet.read_text(encoding="utf-8") for sheet in sorted(STYLES.glob("*.css"))]
    return f"<style>{''.join(sheets)}</style>"


def show_title(text: str) -> None:
    """The title of a page."""
    st.html(f'<h1 class="cw-title">{in_html(text)}</h1>')
