"""Going through what people said of answers, and through drafts: what is accepted becomes a question of the set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from app.web.buttons import in_words
from app.web.evaluate.question_set import choose_folder
from app.web.evaluate.running import evaluations
from app.web.evaluate.starting import begin_drafting
from app.web.literal import in_html, in_markdown
from app.web.visitor import visitor
from citewell.knowledge_base import KnowledgeBase
from eval.drafting.folder import QuestionFolder, Status
from eval.drafting.reviewed import Reviewed, add_reviewed, find_quote
from kb.conversation import Turn
from kb.errors import CitewellError, UserError
from kb.feedback import Feedback
from kb.text.plurals import counted

SHOWN = 10
_MOST = 2000
_VERDICTS = {"good": "Thumbs up", "bad": "Thumbs down"}
NOTE = "The set holds your questions, quotes, and links to the documents: it stays as it is when you delete a document."


def show_review(base: KnowledgeBase) -> None:
    """The question set, what is open of the feedback, and the drafts that nobody has decided on."""
    folder = choose_folder(base.name)
    questions = QuestionFolder(folder)
    try:
        rows = questions.rows()
    except CitewellError as error:
        st.error(in_words(error))
        return
    accepted = sum(row.get("status") != "draft" and row.get("status") != "rejected" for row in rows)
    st.html(f'<p class="cw-small">{counted(accepted, "question")} in the set. {NOTE}</p>')
    if said := st.session_state.pop("review-said", ""):
        st.success(in_markdown(said))
    _show_feedback(base, folder)
    _show_drafts(base, questions, [row for row in rows if row.get("status") == "draft"])


def _show_feedback(base: KnowledgeBase, folder: Path) -> None:
    waiting = [one for one in base.feedback.list(owner=visitor()) if one.state == "open"]
    st.html(f'<h3 class="cw-heading">Your feedback <span class="cw-small">{len(waiting):,}</span></h3>')
    if not waiting:
        st.html('<p class="cw-small">Nothing waits for you. Press a thumb below an answer, and it comes here.</p>')
    documents = _documents(base) if waiting else {}
    for one in waiting[:SHOWN]:
        key = f"review-{one.conversation}-{one.asked.timestamp():.6f}"
        opened = st.expander(f"{_VERDICTS[one.verdict]} · {in_markdown(one.question)}", key=key, on_change="rerun")
        if opened.open:
            with opened:
                _show_one(base, one, folder, documents, key)
    if len(waiting) > SHOWN:
        st.html(f'<p class="cw-small">and {len(waiting) - SHOWN:,} more, when these are decided.</p>')


def _show_one(base: KnowledgeBase, one: Feedback, folder: Path, documents: Mapping[str, str], key: str) -> None:
    turn = _turn(base, one)
    answer = turn.answer.text if turn and not turn.is_forgotten else "Not kept any more."
    st.html(f'<p class="cw-small">The answer</p><p class="cw-answer">{in_html(answer)}</p>')
    proposed = proposal(base, one, turn)
    with st.form(key=f"{key}-form", border=False):
        question = st.text_input("Question", value=proposed.question)
        unanswerable = st.checkbox("The documents do not say", value=not proposed.answerable)
        answers = st.text_input(
            "Accepted answer",
            value="; ".join(proposed.answers),
            help="Several are parted by semicolons; without one, the sentence below is the answer.",
        )
        source = st.selectbox(
            "Document that says it",
            options=list(documents),
            index=list(documents).index(proposed.source) if proposed.source in documents else None,
            format_func=documents.__getitem__,
            placeholder="Choose a document",
        )
        quote = st.text_area("The sentence of it that says so, word for word", value=proposed.quote, height="content")
        with st.container(horizontal=True):
            is_accepted = st.form_submit_button("Accept", type="primary")
            is_rejected = st.form_submit_button("Reject")
    if is_rejected:
        base.feedback.decide(one, "rejected", owner=visitor())
        st.rerun()
    if is_accepted:
        parts = () if unanswerable else tuple(part.strip() for part in answers.split(";") if part.strip())
        reviewed = Reviewed(question, parts, not unanswerable, source or "", quote)
        _accept(base, one, folder, reviewed)


def _accept(base: KnowledgeBase, one: Feedback, folder: Path, reviewed: Reviewed) -> None:
    try:
        add_reviewed(base, folder, reviewed)
        base.feedback.decide(one, "accepted", owner=visitor())
    except CitewellError as error:
        st.warning(in_words(error))
        return
    st.session_state["review-said"] = "The question is in the set now; measure with it under New evaluation."
    st.rerun()


def proposal(base: KnowledgeBase, one: Feedback, turn: Turn | None) -> Reviewed:
    """What the form holds at first: what was corrected, else what was quoted in an answer that was called good.

    The question is the one that was searched, which says alone what a follow-up means.
    """
    question = turn.searched if turn else one.question
    said = one.correction
    cited = turn.answer.citations[:1] if turn and one.verdict == "good" and not said.text else ()
    is_refusal = bool(turn and turn.answer.abstained and one.verdict == "good" and not said.says_something)
    if said.is_unanswerable or is_refusal:
        return Reviewed(question, (), answerable=False)
    source, quote = (cited[0].source, cited[0].quote) if cited else ("", "")
    if said.text:
        source, quote = find_quote(base, question, said.text, [said.source])
    return Reviewed(question, (said.text,) if said.text else (), True, said.source or source, quote)


def _turn(base: KnowledgeBase, one: Feedback) -> Turn | None:
    """None where the conversation has dropped it."""
    try:
        turns = base.conversations.open(one.conversation, owner=visitor()).turns
    except UserError:
        return None
    return next((turn for turn in turns if turn.asked == one.asked), None)


def _documents(base: KnowledgeBase) -> dict[str, str]:
    """Those that are whole files, with their names."""
    rows = [row for row in base.documents() if row.state == "ready" and row.source == row.file]
    return {row.source: row.name for row in rows[:_MOST]}


def _show_drafts(base: KnowledgeBase, questions: QuestionFolder, drafts: Sequence[Mapping[str, object]]) -> None:
    st.html(f'<h3 class="cw-heading">Drafts to go through <span class="cw-small">{len(drafts):,}</span></h3>')
    for row in drafts[:SHOWN]:
        opened = st.expander(in_markdown(str(row["question"])), key=f"draft-{row['id']}", on_change="rerun")
        if opened.open:
            with opened:
                _show_draft(questions, row)
    if len(drafts) > SHOWN:
        st.html(f'<p class="cw-small">and {len(drafts) - SHOWN:,} more, when these are decided.</p>')
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.number_input("Questions to draft", min_value=1, max_value=1000, value=20, step=1, key="draft-count")
        if st.button("Draft from the documents", disabled=evaluations().is_running, key="draft"):
            begin_drafting(base, questions.folder, int(count))


def _show_draft(questions: QuestionFolder, row: Mapping[str, object]) -> None:
    identity = str(row["id"])
    evidence, answers = row.get("evidence"), row.get("answers")
    for piece in evidence if isinstance(evidence, list) else ():
        if isinstance(piece, dict):
            place = f"{piece.get('source')}, page {piece['page']}" if piece.get("page") else str(piece.get("source"))
            st.html(
                f'<p class="cw-place">{in_html(place)}</p><p class="cw-excerpt">{in_html(str(piece.get("quote")))}</p>'
            )
    known = [str(answer) for answer in answers] if isinstance(answers, list) else []
    with st.form(key=f"draft-{identity}-form", border=False):
        question = st.text_input("Question", value=str(row["question"]))
        entered = st.text_input(
            "Accepted answer",
            value="; ".join(known),
            help="Several are parted by semicolons; without one, the sentence above is the answer.",
        )
        with st.container(horizontal=True):
            is_accepted = st.form_submit_button("Accept", type="primary")
            is_rejected = st.form_submit_button("Reject")
    if is_accepted or is_rejected:
        changes: dict[str, object] = {"question": question.strip() or row["question"]}
        if entered != "; ".join(known):
            changes["answers"] = [part.strip() for part in entered.split(";") if part.strip()]
        _decide(questions, identity, "accepted" if is_accepted else "rejected", changes if is_accepted else {})


def _decide(questions: QuestionFolder, identity: str, status: Status, changes: Mapping[str, object]) -> None:
    try:
        questions.decide(identity, status, **changes)
    except CitewellError as error:
        st.warning(in_words(error))
        return
    st.rerun()
