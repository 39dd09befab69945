"""The Ask page: a question, its cited answer, the evidence beside it; newest first, earlier ones folded below."""

from __future__ import annotations

import streamlit as st

from app.web.ask.evidence import show_considered, show_doubts, show_nearest
from app.web.library.adding import show_form, show_job
from app.web.literal import in_html, in_markdown
from app.web.reading.excerpts import answer_html
from app.web.reading.source import show_sources
from app.web.workspace import workspace
from citewell.knowledge_base import KnowledgeBase
from kb.errors import CitewellError
from kb.types import Answer

NEAREST = 3
LONGEST_QUESTION = 2000
EMPTY = """The library is empty. Citewell answers from your own documents, and only from them:

1. Choose some files, or name a folder.
2. Press *Add to the library*.
3. Ask, in your own words.
"""
PROMISE = "Each answer cites the words it stands on; where the documents do not say, it tells you so."


def show_answer(base: KnowledgeBase, answer: Answer, *, key: str) -> None:
    answered, evidence = st.columns([6, 5], gap="medium")
    with answered:
        with st.container(border=answer.abstained):
            st.html(answer_html(answer.text, answer.citations, answer.statements))
        show_doubts(answer)
        st.html(f'<p class="cw-small">{in_html(_how_answered(answer))}</p>')
        if answer.hits:
            show_considered(base, answer.hits)
    with evidence:
        if answer.citations:
            show_sources(base, answer.citations, key=f"source-{key}")
        elif answer.hits:
            show_nearest(base, answer.hits[:NEAREST])


def ask(base: KnowledgeBase, question: str) -> Answer | None:
    """The answer, its text shown while it comes; None, with the reason shown, where asking is not possible."""
    place = st.empty()
    try:
        with st.spinner("Searching…"):
            reply = base.ask(question)
            text = ""
            for piece in reply:
                text += piece
                place.html(answer_html(text))
            answer = reply.answer()
    except CitewellError as error:
        st.warning(in_markdown(str(error)))
        return None
    finally:
        place.empty()
    return answer


def _how_answered(answer: Answer) -> str:
    seconds = answer.timings.get("retrieval", 0.0) + answer.timings.get("answer", 0.0)
    if answer.abstained:
        return f"{len(answer.hits)} passages found and weighed in {seconds:.2f} s"
    who = "in the documents' own words" if answer.generator == "extractive" else f"by {answer.generator}"
    when = f"on {answer.remembered.astimezone():%Y-%m-%d at %H:%M}" if answer.remembered else f"in {seconds:.2f} s"
    return f"Answered {who} from {len(answer.hits)} passages {when}"


opened = workspace()
base = opened.base
answers: list[Answer] = st.session_state.setdefault("answers", [])
notice = st.container()
status = base.status()
if status.documents:
    # In a container it stands where it is called, above the answer, which then grows without moving it.
    with st.container():
        question = st.chat_input("Ask your documents", max_chars=LONGEST_QUESTION, key="question")
    if question:
        st.session_state.pop("job", None)
    with notice:
        show_job(opened)
    if question and (answer := ask(base, question)):
        answers.append(answer)
else:
    with notice:
        show_job(opened)
    if not opened.is_ingesting:
        st.markdown(EMPTY)
        with st.container(border=True):
            show_form(opened)
if answers:
    st.html(f'<h2 class="cw-question">{in_html(answers[-1].question)}</h2>')
    show_answer(base, answers[-1], key=str(len(answers) - 1))
elif status.documents:
    st.html(f'<p class="cw-small">{status.documents} documents, {status.chunks} passages. {PROMISE}</p>')
if len(answers) > 1:
    st.html('<p class="cw-earlier">Earlier questions</p>')
for number in reversed(range(len(answers) - 1)):
    earlier = st.expander(in_markdown(answers[number].question), key=f"earlier-{number}", on_change="rerun")
    if earlier.open:
        with earlier:
            show_answer(base, answers[number], key=str(number))
