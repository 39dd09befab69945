"""The web page's entry: its pages, its look, and what it says when something stands in the way."""

from __future__ import annotations

import streamlit as st

from app.web.literal import in_markdown
from app.web.look import STYLE
from kb.errors import CitewellError

st.set_page_config(page_title="Citewell", page_icon="📚", layout="wide")
page = st.navigation(
    [
        st.Page("pages/ask.py", title="Ask", default=True),
        st.Page("pages/library.py", title="Library"),
    ],
    position="top",
)
st.html(STYLE)
try:
    page.run()
except CitewellError as error:
    st.error(in_markdown(str(error)))
