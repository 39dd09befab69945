"""Evidence beside an answer: what is in doubt in it, and the passages that it was looked for in, with why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

from app.web.ask.chips import chosen_in, show_choices
from app.web.literal import in_html, in_markdown
from app.web.reading.source import named_place
from citewell.knowledge_base import KnowledgeBase
from citewell.trace import CONSIDERED, COPIED, KEPT, LEFT_OUT, Trace
from kb.text.plurals import counted
from kb.types import Answer, Chunk, Hit

DOUBTS = 5
"""Sentences in doubt that are repeated under an answer; all of them are underlined in it."""
SNIPPET = 220
"""Characters of a passage that are shown in a list."""
_MARKUP = re.compile(r"#{1,6}|[-*+•|]|\|?[:|-]{3,}\|?|(?:```|~~~)\w*")
_STATES = {
    KEPT: "quoted",
    COPIED: "says the same as one that is quoted",
    CONSIDERED: "read, not quoted",
    LEFT_OUT: "found, not read",
}
_FATES = {
    "extended": "read with the rest of its section",
    "compressed": "read in part: the sentences that matter",
    "folded": "not read: another one says the same",
    "left out": "not read: no room for it",
}
_STAGES = {
    "dense": "by meaning",
    "lexical": "by words",
    "rerank": "when read against the question",
    "views": "when read against the question",
    "mmr": "when alike ones are spread",
}


def show_doubts(answer: Answer) -> None:
    """What of an answer its sources do not bear out, and what went otherwise than asked."""
    doubted = [statement for statement in answer.statements if statement.problems]
    if len(doubted) > DOUBTS:
        st.warning(f"{len(doubted)} of {len(answer.statements)} sentences are not borne out by what they cite.")
    for statement in doubted[:DOUBTS]:
        why = "; ".join(statement.problems)
        st.warning(f"{in_markdown(answer.words_of(statement))}\n\n**Not borne out:** {in_markdown(why)}")
    for note in answer.notes:
        st.info(in_markdown(note))


def show_considered(base: KnowledgeBase, answer: Answer, trace: Trace, *, target: str, key: str) -> None:
    """The passages that were found for an answer, best first: what became of each, and why it is there.

    One that is chosen is opened in the container `target`.
    """
    quoted = {citation.chunk_id for citation in answer.citations}
    uses = {use.chunk.id: use.state for use in trace.passages}
    fates = {entry.hit.chunk.id: entry.fate for entry in trace.context.ledger} if trace.context else {}
    chunks = [use.chunk for use in trace.passages] or [hit.chunk for hit in trace.hits]
    states = {
        chunk.id: _state(uses.get(chunk.id, KEPT if chunk.id in quoted else ""), fates.get(chunk.id, ""))
        for chunk in chunks
    }
    st.html("".join(f'<p class="cw-small">{in_html(line)}</p>' for line in _how_searched(trace, states)))
    rows = [_row_html(base, chunk, states[chunk.id], _why(trace, chunk)) for chunk in chunks]
    html = f'<ol class="cw-considered">{"".join(rows)}</ol>'
    show_choices(html, chosen=chosen_in(target, default=""), target=target, key=key)


def show_nearest(base: KnowledgeBase, hits: Iterable[Hit], *, target: str, key: str) -> None:
    """The passages that come nearest to a question that has no answer, each to be opened in the container `target`."""
    st.html('<p class="cw-place">Nearest passages</p>')
    rows = [_row_html(base, hit.chunk, "", "") for hit in hits]
    html = f'<ol class="cw-considered">{"".join(rows)}</ol>'
    show_choices(html, chosen=chosen_in(target, default=""), target=target, key=key)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th ..."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _state(use: str, fate: str) -> str:
    """In plain words; what a language model was given to read says more than that it was found."""
    return _STATES[use] if use in (KEPT, COPIED) else _FATES.get(fate, "") or _STATES.get(use, "")


def _why(trace: Trace, chunk: Chunk) -> str:
    """ "1st by meaning, 4th by words": where the searches that were put together had it."""
    found = {name.rsplit(" > ", 1)[-1].split(" ")[0]: place for name, place in trace.places(chunk.id).items()}
    told = [f"{ordinal(found[stage].rank)} {words}" for stage, words in _STAGES.items() if stage in found]
    return ", ".join(told)


def _how_searched(trace: Trace, states: Mapping[str, str]) -> list[str]:
    quoted = sum(state == _STATES[KEPT] for state in states.values())
    read = sum(not state.startswith(("not read", "found")) for state in states.values() if state)
    lines = [f"{counted(len(states), 'passage')} found, {read} of them read, {quoted} quoted; the closest first."]
    for stage in trace.stages:
        if stage.query != trace.query and stage.path[-1] in _STAGES:
            lines.append(f"Searched {_STAGES[stage.path[-1]]} as: {stage.query}")
        lines += stage.notes
    return list(dict.fromkeys([*lines, *trace.notes]))


def _row_html(base: KnowledgeBase, chunk: Chunk, state: str, why: str) -> str:
    name = in_html(named_place(base, chunk.source, chunk.anchor))
    words = " ".join(word for word in chunk.text.split() if not _MARKUP.fullmatch(word))
    snippet = words if len(words) <= SNIPPET else f"{words[:SNIPPET].rsplit(' ', 1)[0]} …"
    about = _small(" · ".join(part for part in (state, why) if part))
    choice = f'data-choice="passage-{in_html(chunk.id)}" aria-pressed="false"'
    button = f'<button type="button" class="cw-open" {choice}>{name}</button>'
    return f'<li>{button}{about}<p class="cw-snippet">{in_html(snippet)}</p></li>'


def _small(text: str) -> str:
    return f'<p class="cw-small">{in_html(text)}</p>' if text else ""


def found_chunk(hits: Sequence[Hit], choice: str) -> Chunk | None:
    """The passage that "passage-ID" means."""
    return next((hit.chunk for hit in hits if choice == f"passage-{hit.chunk.id}"), None)
