"""Choosing: in which documents an answer is looked for, how they are searched, and who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

import streamlit as st

from app.web.literal import in_markdown
from citewell.asking import has_model
from citewell.knowledge_base import KnowledgeBase
from kb.filters import Filter
from kb.media_types import plain_name
from kb.settings import Settings

LISTED = 2_000
"""Folders and documents to choose from; of more the folders come first."""
By = Literal["auto", "model", "extractive", "routed"]
_MODES = {
    "hybrid": ("By meaning and by words", "Finds what is said in other words, and names and numbers to the letter."),
    "dense": ("By meaning alone", "Finds what is said in other words; names and numbers count little."),
    "lexical": ("By words alone", "Finds only passages that share words with the question; the fastest."),
    "hybrid+rerank": ("By meaning and by words, judged twice", "Reads the best passages against the question again."),
}
_ANSWERERS: dict[str, tuple[str, str]] = {
    "extractive": ("The documents' own words", "Quotes the sentences that answer, word for word."),
    "model": ("The language model", "Writes an answer that cites; each sentence is checked against what it cites."),
    "routed": ("Whichever will do", "Quotes where one sentence plainly answers, else the language model writes."),
}
_NO_MODEL = "No language model is set up, so answers are quoted from the documents; the settings name one."


@dataclass(frozen=True, slots=True)
class Choice:
    """What a session has chosen; "" is as the settings say."""

    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    mode: str = ""
    by: By | None = None
    strict: bool = False

    @property
    def filter(self) -> Filter | None:
        return Filter(sources=self.sources, types=self.types, since=self.since, until=self.until) or None

    def described(self, settings: Settings) -> str:
        """ "by meaning and by words, in reports" """
        mode = _mode_words(self.mode or settings.answer.mode)[0]
        where = ", ".join(plain for _, plain, _ in _narrowed(self)) or "in all documents"
        return f"{mode[:1].lower()}{mode[1:]}, {where}"

    def kinds(self, settings: Settings) -> tuple[str, ...]:
        """What the time of an answer is told for: its mode, and who gives it."""
        by = self.by or settings.answer.by
        who = ("model" if has_model(settings) else "extractive") if by == "auto" else by
        return (f"mode {self.mode or settings.answer.mode}", f"by {who}")


def choice() -> Choice:
    """That of this session."""
    chosen: Choice = st.session_state.get("choice", Choice())
    return chosen


def show_choice(base: KnowledgeBase, usual_seconds: Callable[[str], float | None]) -> None:
    """The button behind which it is made, and beside it what is left out, each to be taken back."""
    opened = st.popover("Choose what to search", on_change="rerun", key="choose")
    for name, plain, without in _narrowed(choice()):
        st.button(
            in_markdown(f"{plain} ✕"),
            key=f"without-{name}",
            help="Search without this restriction",
            on_click=_choose,
            args=(without,),
        )
    if opened.open:
        with opened:
            _show_documents(base)
            _show_manner(base, usual_seconds)


def _narrowed(chosen: Choice) -> list[tuple[str, str, Choice]]:
    """What narrows the search: a key, what it says, and the choice without it."""
    told = [(f"source-{one}", f"in {one}", _without(chosen, "sources", one)) for one in chosen.sources]
    told += [(f"type-{one}", f"only {one}", _without(chosen, "types", one)) for one in chosen.types]
    if chosen.since:
        told.append(("since", f"since {chosen.since:%Y-%m-%d}", replace(chosen, since=None)))
    if chosen.until:
        told.append(("until", f"until {chosen.until:%Y-%m-%d}", replace(chosen, until=None)))
    return told


def _without(chosen: Choice, field: Literal["sources", "types"], value: str) -> Choice:
    left = tuple(one for one in getattr(chosen, field) if one != value)
    return replace(chosen, sources=left) if field == "sources" else replace(chosen, types=left)


def _choose(chosen: Choice) -> None:
    st.session_state.choice = chosen


def _show_documents(base: KnowledgeBase) -> None:
    chosen = choice()
    rows = [row for row in base.documents() if row.state == "ready"]
    names = _places(row.name for row in rows)
    sources = st.multiselect(
        "Folders and documents",
        options=[*names[:LISTED], *(one for one in chosen.sources if one not in names[:LISTED])],
        default=chosen.sources,
        format_func=in_markdown,
        placeholder="All of them",
    )
    known = sorted({plain_name(row.media_type) for row in rows} | set(chosen.types))
    types = st.multiselect(
        "Types", options=known, default=chosen.types, format_func=in_markdown, placeholder="All of them"
    )
    first, last = st.columns(2)
    since = first.date_input("Changed since", value=chosen.since, format="YYYY-MM-DD")
    until = last.date_input("Changed until", value=chosen.until, format="YYYY-MM-DD")
    _choose(
        replace(
            chosen,
            sources=tuple(sources),
            types=tuple(types),
            since=since if isinstance(since, date) else None,
            until=until if isinstance(until, date) else None,
        )
    )
    if choice() != chosen:
        st.rerun()


def _places(names: Iterable[str]) -> list[str]:
    """The folders, then the documents."""
    documents = sorted(set(names))
    folders = {str(parent) for name in documents for parent in PurePosixPath(name.split("#")[0]).parents}
    return [*sorted(folders - {".", "/"}), *documents]


def _show_manner(base: KnowledgeBase, usual_seconds: Callable[[str], float | None]) -> None:
    chosen, settings = choice(), base.settings
    default = settings.answer.mode
    modes = list(dict.fromkeys([default, *base.modes(), "hybrid+rerank"]))

    def timed(kind: str, words: tuple[str, str]) -> str:
        seconds = usual_seconds(kind)
        return f"{words[1]} ({f'usually {seconds:.2f} s' if seconds is not None else 'not used yet'})"

    mode = st.radio(
        "How to search",
        options=modes,
        index=modes.index(chosen.mode) if chosen.mode in modes else 0,
        format_func=lambda name: in_markdown(_mode_words(name)[0]),
        captions=[in_markdown(timed(f"mode {name}", _mode_words(name))) for name in modes],
    )
    by, strict = chosen.by, chosen.strict
    if settings.generator.names_one:
        usual = chosen.kinds(settings)[1].removeprefix("by ")
        people: list[By] = ["extractive", "model", "routed"]
        by = st.radio(
            "Who answers",
            options=people,
            index=[*map(str, people)].index(usual),
            format_func=lambda name: _ANSWERERS[name][0],
            captions=[in_markdown(timed(f"by {name}", _ANSWERERS[name])) for name in people],
        )
        strict = st.toggle(
            "Say only what the documents bear out",
            value=chosen.strict or settings.answer.strict,
            help="The model is told what is not borne out, twice at most; then the documents' own words are shown.",
        )
    else:
        st.markdown(_NO_MODEL)
    _choose(replace(chosen, mode=mode, by=by, strict=strict))


def _mode_words(name: str) -> tuple[str, str]:
    return _MODES.get(name, (name, "A way of searching that the settings describe."))
