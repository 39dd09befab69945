"""Where a base's own question set lies: a folder of the user's, outside the library, as it holds links to documents.

Another folder is named by hand, in the field for it, and stands in the address from then on. An address alone names
none: it may come from anywhere, and would lead to any folder of the machine.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import streamlit as st
from platformdirs import user_documents_path

from app.web.literal import in_markdown
from app.web.visitor import visitor

FOLDER = "questions"
"""The part of the address that names another folder."""
_FIELD = "questions-folder"


def question_folder(base: str) -> Path:
    """That which the address names, if the visitor has named it by hand, else `default_folder`; it need not be there.

    What was named is known until the server stops, so that a reload and a second tab keep it.
    """
    named = _in_address()
    return Path(named).expanduser() if named in _named_by_hand()[visitor()] else default_folder(base)


def default_folder(base: str) -> Path:
    """One of the base's name among the user's documents."""
    return user_documents_path() / "Citewell questions" / base


def choose_folder(base: str) -> Path:
    """The folder, in a field to change it."""
    folder, named = question_folder(base), _in_address()
    if named and named not in _named_by_hand()[visitor()]:
        st.warning(
            f"The address names the folder {in_markdown(named)}, which has not been chosen here; to use it, enter it "
            "below."
        )
    st.text_input(
        "Folder of the question set",
        value=str(folder),
        help="A folder on this machine. The files are as `citewell eval questions` makes them.",
        key=_FIELD,
        on_change=_name,
        args=(base,),
    )
    return folder


def _name(base: str) -> None:
    entered = str(st.session_state[_FIELD] or "").strip()
    if entered and entered != str(default_folder(base)):
        _named_by_hand()[visitor()].add(entered)
        st.query_params[FOLDER] = entered
    else:
        st.query_params.pop(FOLDER, None)


def _in_address() -> str:
    return str(st.query_params.get(FOLDER) or "").strip()


@st.cache_resource(show_spinner=False)
def _named_by_hand() -> defaultdict[str, set[str]]:
    """The folders by visitor."""
    return defaultdict(set)
