"""A question and its answer as they are shown: the text with its chips, what it stands on, and what is open beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app.web.ask.answers import answer_html
from app.web.ask.chips import chosen_in, show_choices
from app.web.ask.evidence import found_chunk, show_considered, show_doubts, show_nearest
from app.web.ask.writing import Writing
from app.web.evaluate.feedback import show_feedback
from app.web.literal import in_html
from app.web.reading.source import show_document, show_source
from citewell.knowledge_base import KnowledgeBase
from citewell.trace import Trace
from kb.conversation import Turn
from kb.text.plurals import counted
from kb.types import Answer, Citation, Hit, Span

NEAREST = 3
SEARCHED_AGAIN = 20
DRAWING = 0.04
"""Seconds in which a browser draws an answer that is new, before it is sent what stands around that."""
LONGEST_NAME = 40
_NOT_KEPT = "The passages were not kept when this page was closed or the documents changed."


@dataclass(frozen=True, slots=True)
class Shown:
    """A turn, with the writing that it comes from where the server still knows that, and what asks it anew.

    `is_kept`: its `conversation` keeps it; `is_newest`: keys that turn pages are for its source.
    """

    turn: Turn
    writing: Writing | None
    ask_again: Callable[[str], None]
    conversation: str
    is_kept: bool
    is_newest: bool


@st.fragment
def show_turn(base: KnowledgeBase, shown: Shown, *, key: str) -> None:
    """By itself, so that opening a source draws nothing else anew."""
    answer, target = shown.turn.answer, f"source-{key}"
    hits = _hits(base, shown, target)
    if shown.turn.searched != shown.turn.question:
        st.html(f'<p class="cw-small cw-searched">Searched as: {in_html(shown.turn.searched)}</p>')
    answered, opened = st.columns([6, 5], gap="medium")
    with answered:
        with st.container(border=answer.abstained):
            _show_text(base, answer, target=target, key=key)
        _let_it_be_drawn(shown.writing)
        show_doubts(answer)
        st.html(f'<p class="cw-small">{in_html(_how_answered(shown))}</p>')
        if not shown.turn.is_forgotten:
            _show_considered(base, shown, target=target, key=key)
            if shown.is_kept:
                show_feedback(base, conversation=shown.conversation, turn=shown.turn, key=f"feedback-{key}")
        if st.button(
            "Ask again",
            key=f"again-{key}",
            on_click=shown.ask_again,
            args=(shown.turn.question,),
            help="The same question, answered anew from the documents as they are now.",
            type="tertiary",
        ):
            st.rerun()  # The whole page: a button in a fragment draws that alone.
    with opened, st.container(key=target):
        if answer.abstained and hits:
            show_nearest(base, hits[:NEAREST], target=target, key=f"nearest-{key}")
        _show_opened(base, answer.citations, hits, target=target, has_shortcuts=shown.is_newest)


def source_label(base: KnowledgeBase, citation: Citation) -> str:
    """ "report.pdf, page 12"; a path of headings is too long for a label, and stands where the source is opened."""
    name = base.display_name(citation.source).rsplit("/", 1)[-1]
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[-LONGEST_NAME // 2 :]}"
    is_short = citation.anchor and citation.anchor.kind != "heading"
    return f"{short}, {citation.anchor.label}" if citation.anchor and is_short else short


def _show_text(base: KnowledgeBase, answer: Answer, *, target: str, key: str) -> None:
    labels = {citation.marker: source_label(base, citation) for citation in answer.citations}
    sources = "".join(
        f'<li><button type="button" class="cw-open" data-choice="source-{marker}" aria-pressed="false">'
        f'<span class="cw-marker">{marker}</span> {in_html(label)}</button></li>'
        for marker, label in labels.items()
    )
    html = answer_html(answer.text, answer.citations, answer.statements, labels=labels)
    if sources:
        html += f'<ul class="cw-sources" aria-label="Sources">{sources}</ul>'
    show_choices(html, chosen=_chosen(answer.citations, target), target=target, key=f"answer-{key}")


def _let_it_be_drawn(writing: Writing | None) -> None:
    """A browser draws together what comes together, and what stands around an answer takes it longer than the answer.

    The first quote is seen a tenth of a second sooner.
    """
    if writing and not writing.is_shown:
        writing.is_shown = True
        time.sleep(DRAWING)


def _chosen(citations: Sequence[Citation], target: str) -> str:
    return chosen_in(target, default=f"source-{citations[0].marker}" if citations else "")


def _show_opened(
    base: KnowledgeBase, citations: Sequence[Citation], hits: Sequence[Hit], *, target: str, has_shortcuts: bool
) -> None:
    chosen = _chosen(citations, target)
    by_choice = {f"source-{citation.marker}": citation for citation in citations}
    if chunk := found_chunk(hits, chosen):
        at = Span(chunk.start, chunk.end)
        show_document(base, chunk.source, at=at, key=f"{target}-{chunk.id}", has_shortcuts=has_shortcuts)
    elif citations:
        citation = by_choice.get(chosen, citations[0])
        show_source(base, citation, key=f"{target}-{chosen}", has_shortcuts=has_shortcuts)


def _show_considered(base: KnowledgeBase, shown: Shown, *, target: str, key: str) -> None:
    """Folded; what is in it is made when it is opened."""
    folded = st.expander("Passages considered", key=f"considered-{key}", on_change="rerun")
    if not folded.open:
        return
    with folded:
        trace = _trace(base, shown, target)
        if trace:
            show_considered(base, shown.turn.answer, trace, target=target, key=f"passages-{key}")
            return
        st.html(f'<p class="cw-small">{in_html(_NOT_KEPT)}</p>')
        if st.button("Search again to see them", key=f"search-{key}"):
            state = base.state
            st.session_state[f"{target}-trace"] = state, base.explain(shown.turn.searched, SEARCHED_AGAIN)
            st.rerun(scope="fragment")


def _trace(base: KnowledgeBase, shown: Shown, target: str) -> Trace | None:
    """How the passages were found; nothing of documents that have changed since."""
    if shown.writing and shown.writing.state == base.state:
        return shown.writing.trace()
    return _found_again(base, target)


def _found_again(base: KnowledgeBase, target: str) -> Trace | None:
    state, found = st.session_state.get(f"{target}-trace", ("", None))
    return found if state == base.state else None


def _hits(base: KnowledgeBase, shown: Shown, target: str) -> Sequence[Hit]:
    """Those that were found; none where a document has changed or gone since, and with it perhaps its words."""
    if found := _found_again(base, target):
        return found.hits
    return shown.writing.hits if shown.writing and shown.writing.state == base.state else ()


def _how_answered(shown: Shown) -> str:
    answer = shown.turn.answer
    made = shown.writing.answer if shown.writing else None
    seconds = sum(made.timings.values()) if made else 0.0
    when = f"in {seconds:.2f} s" if seconds else f"on {shown.turn.asked.astimezone():%Y-%m-%d at %H:%M}"
    if answer.abstained:
        if not shown.writing or not made:
            return f"Asked {when}"
        return f"Searched {shown.writing.how}; {counted(len(made.hits), 'passage')} weighed {when}"
    if not answer.generator:
        return f"Stopped, {when}"
    who = "in the documents' own words" if answer.generator == "extractive" else f"by {answer.generator}"
    source = f" from {counted(len(made.hits), 'passage')}" if made and made.hits else ""
    return f"Answered {who}{source} {when}"
