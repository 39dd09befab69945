"""Turning the leaves of a document: which one a session looks at, and the controls that take it to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from citewell.leaves import Leaf, leaf_of
from kb.text.visible import unsteered
from kb.types import Span

BACK, ON = "Alt+PageUp", "Alt+PageDown"
"""Keys that write nothing and move no cursor: Streamlit hears them in a text field, too."""


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


def show_turning(
    found: Sequence[Leaf], index: int, quoted: int | None, *, key: str, has_shortcuts: bool = False
) -> None:
    """Previous and next, and the way back to the leaf `quoted` from any other.

    `has_shortcuts`: BACK and ON turn too; of all that is open on a page, one document alone may have them.
    """
    noun = _noun(found, index)

    def turn_to(leaf: int) -> None:
        st.session_state[f"{key}-leaf"] = leaf

    def button(label: str, name: str, leaf: int, *, disabled: bool = False, shortcut: str | None = None) -> None:
        told = f"{shortcut} does the same, wherever the cursor stands." if shortcut else None
        st.button(
            label,
            key=f"{key}-{name}",
            help=told,
            disabled=disabled,
            on_click=turn_to,
            args=(leaf,),
            shortcut=shortcut,
        )

    back, on = (BACK, ON) if has_shortcuts else (None, None)
    button(f"Previous {noun}", "previous", index - 1, disabled=index == 0, shortcut=back)
    button(f"Next {noun}", "next", index + 1, disabled=index == len(found) - 1, shortcut=on)
    if quoted is not None and quoted != index:
        button("Back to the quote", "back", quoted)


def show_jump(found: Sequence[Leaf], index: int, *, key: str) -> None:
    """All leaves, one to be chosen."""
    st.selectbox(
        f"Go to a {_noun(found, index)}",
        range(len(found)),
        key=f"{key}-leaf",
        format_func=lambda leaf: place_label(found, leaf),
        label_visibility="collapsed",
    )


def _noun(found: Sequence[Leaf], index: int) -> str:
    return found[index].kind if len({leaf.kind for leaf in found}) == 1 else "part"


def place_label(found: Sequence[Leaf], index: int) -> str:
    """ "page 2 of 14", "1 of 4 · sheet Q3"; of a path of headings the last."""
    leaf = found[index]
    count = f"{index + 1} of {len(found)}"
    if leaf.label == f"{leaf.kind} {index + 1}":
        return f"{leaf.kind} {count}"
    name = leaf.label.rsplit(" > ", 1)[-1] if leaf.kind in ("section", "part") else leaf.label
    # The list of Streamlit shows text as it stands.
    return unsteered(f"{count} · {name}" if len(found) > 1 else name)
