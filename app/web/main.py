"""The web page's entry: its pages, its look, and what it says when something stands in the way."""

from __future__ import annotations

import streamlit as st

from app.web.access.signed_in import guard
from app.web.buttons import in_words
from app.web.library.bases import show_base_picker
from app.web.look import style
from kb.errors import CitewellError

st.set_page_config(page_title="Citewell", page_icon="📚", layout="wide")
# Not in a folder named pages: Streamlit would serve each file of it by itself, without what stands here.
page = st.navigation(
    [
        st.Page("views/ask.py", title="Ask", default=True),
        st.Page("views/library.py", title="Library"),
        st.Page("views/evaluate.py", title="Evaluate"),
        st.Page("views/settings.py", title="Settings"),
    ],
    position="top",
)
st.html(style())
try:
    guard()
    show_base_picker()
    page.run()
except CitewellError as error:
    st.error(in_words(error))
