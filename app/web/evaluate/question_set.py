"""Where a base's own question set lies: a folder of the user's, outside the library, as it holds links to documents."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from platformdirs import user_documents_path

FOLDER = "questions"
"""The part of the address that names another folder."""


def question_folder(base: str) -> Path:
    """That which the address names, else one of the base's name among the user's documents; it need not be there."""
    named = str(st.query_params.get(FOLDER) or "").strip()
    return Path(named).expanduser() if named else default_folder(base)


def default_folder(base: str) -> Path:
    return user_documents_path() / "Citewell questions" / base


def choose_folder(base: str) -> Path:
    """The folder, in a field to change it."""
    entered = st.text_input(
        "Folder of the question set",
        value=str(question_folder(base)),
        help="A folder on this machine. The files are as `citewell eval questions` makes them.",
        key="questions-folder",
    ).strip()
    if entered and entered != str(default_folder(base)):
        st.query_params[FOLDER] = entered
    else:
        st.query_params.pop(FOLDER, None)
    return question_folder(base)
