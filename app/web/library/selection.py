"""What the visitor looks for in the list of documents: words, states, types, order and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from app.web.library.wording import STATES, kind
from app.web.literal import in_markdown
from citewell.listing import DocumentKinds
from kb.store.listing import Order, Wanted

PAGE = 100
"""Documents on a page of the list."""
_ORDERS: Mapping[str, tuple[Order, bool]] = {
    "Folder and name": ("name", False),
    "Folder and name, from the end": ("name", True),
    "Added, latest first": ("ingested", True),
    "Added, earliest first": ("ingested", False),
    "Changed, latest first": ("modified", True),
    "Changed, earliest first": ("modified", False),
    "Most passages first": ("passages", True),
    "Fewest passages first": ("passages", False),
    "Largest first": ("bytes", True),
    "Smallest first": ("bytes", False),
    "Type": ("type", False),
    "State": ("state", False),
}
ORDERS = tuple(_ORDERS)
OF_COLUMN: Mapping[str, tuple[str, ...]] = {
    "Document": ("Folder and name", "Folder and name, from the end"),
    "State": ("State",),
    "Type": ("Type",),
    "Passages": ("Most passages first", "Fewest passages first"),
    "Size": ("Largest first", "Smallest first"),
    "Changed": ("Changed, latest first", "Changed, earliest first"),
    "Added": ("Added, latest first", "Added, earliest first"),
}
"""The orders that a press on the head of a column goes through: all pages are ordered, not the one that is shown."""
_ORDER = "library-order"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked of the list, but for the page."""

    words: str
    states: tuple[str, ...]
    types: tuple[str, ...]
    order: str

    def wanted(self, page: int) -> Wanted:
        """Of the page with that number, from 1."""
        order, descending = _ORDERS[self.order]
        return Wanted(
            words=self.words,
            states=self.states,
            media_types=self.types,
            order=order,
            descending=descending,
            offset=(page - 1) * PAGE,
            limit=PAGE,
        )


def order_by(column: str) -> None:
    """Goes over to the next order of that column, to the first where another column's is in force."""
    orders = OF_COLUMN.get(column, ())
    now = st.session_state.get(_ORDER, ORDERS[0])
    if orders:
        place = orders.index(now) + 1 if now in orders else 0
        st.session_state[_ORDER] = orders[place % len(orders)]


def show_selection(kinds: DocumentKinds) -> Choice:
    """The fields to choose by; they keep what is in them from page to page."""
    with st.container(key="library-selection"):
        words_column, state_column, type_column, order_column = st.columns([5, 2, 2, 3], vertical_alignment="bottom")
    with words_column:
        words = st.text_input(
            "Search by name or title",
            type="search",
            live="200ms",
            max_chars=200,
            key="library-words",
            persist_state="session",
        )
    with state_column:
        states = st.multiselect(
            "State",
            [state for state in STATES if kinds.states.get(state)],
            format_func=lambda state: f"{STATES[state]} ({kinds.states.get(state, 0):,})",
            placeholder="Any",
            key="library-states",
        )
    with type_column:
        types = st.multiselect(
            "Type",
            kinds.media_types,
            format_func=lambda media_type: in_markdown(kind(media_type)),
            placeholder="Any",
            key="library-types",
        )
    with order_column:
        order = st.selectbox("Order", ORDERS, key=_ORDER, persist_state="session")
    return Choice((words or "").strip(), tuple(states), tuple(types), order)
