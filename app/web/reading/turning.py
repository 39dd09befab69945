"""Turning the leaves of a document: which one a session looks at, and the controls that take it to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.web.literal import in_markdown
from citewell.leaves import Leaf, leaf_of
from kb.types import Span

LONGEST_LABEL = 48


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened under a key: the same words of the same document stay on the leaf that was turned to."""

    source: str
    spans: tuple[Span, ...]
    leaves: int


def chosen_leaf(found: Sequence[Leaf], opened: Opened, *, key: str) -> int:
    """The index of the leaf to show, that of the quoted words at first. The state lies under `key`."""
    state, position = f"{key}-opened", f"{key}-leaf"
    if st.session_state.get(state) != opened or position not in st.session_state:
        st.session_state[state] = opened
        st.session_state[position] = leaf_of(found, opened.spans)
    return int(st.session_state[position])


def show_controls(found: Sequence[Leaf], index: int, quoted: int | None, *, key: str) -> None:
    """Previous and next, one to choose from all, and the way back to the leaf `quoted`, if there is one."""
    position = f"{key}-leaf"
    noun = found[index].kind if len({leaf.kind for leaf in found}) == 1 else "part"

    def turn_to(leaf: int) -> None:
        st.session_state[position] = leaf

    def label(leaf: int) -> str:
        return in_markdown(place_label(found, leaf))

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-turning"):
        st.button(f"Previous {noun}", key=f"{key}-previous", disabled=index == 0, on_click=turn_to, args=(index - 1,))
        st.selectbox(
            f"Go to a {noun}",
            range(len(found)),
            key=position,
            format_func=label,
            label_visibility="collapsed",
            width=260,
        )
        st.button(
            f"Next {noun}", key=f"{key}-next", disabled=index == len(found) - 1, on_click=turn_to, args=(index + 1,)
        )
        if quoted is not None:
            st.button(
                "Back to the quote", key=f"{key}-back", disabled=index == quoted, on_click=turn_to, args=(quoted,)
            )


def place_label(found: Sequence[Leaf], index: int) -> str:
    """ "page 2 of 14", "sheet Q3 · 1 of 4": of a path of headings the last, without what it shares with all others."""
    leaf = found[index]
    count = f"{index + 1} of {len(found)}"
    if leaf.label == f"{leaf.kind} {index + 1}":
        return f"{leaf.kind} {count}"
    name = leaf.label.rsplit(" > ", 1)[-1] if leaf.kind in ("section", "part") else leaf.label
    short = name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1].rstrip()}…"
    return f"{short} · {count}"
