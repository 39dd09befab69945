"""From a folder to a cited answer: what is quoted stands in the document, on the page that the citation names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from citewell import KnowledgeBase
from citewell.grounding import grounded
from kb.types import Anchor, Answer, Mark, Span, main_anchor

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
QUESTIONS = [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), create=True) as filled:
        report = filled.ingest([SAMPLE / "documents"]).wait()
        assert not report.failed
        yield filled


@pytest.fixture(scope="module")
def answers(base: KnowledgeBase) -> dict[str, Answer]:
    return {question["id"]: base.ask(question["question"]).answer() for question in QUESTIONS}


def test_every_citation_stands_in_its_document_letter_by_letter(
    base: KnowledgeBase, answers: dict[str, Answer]
) -> None:
    citations = [citation for answer in answers.values() for citation in answer.citations]
    assert len(citations) > 50
    for citation in citations:
        document = base.document(citation.source)
        assert document is not None
        assert citation.verified
        assert " ... ".join(document.text[span.start : span.end] for span in citation.spans) == citation.quote
        first = citation.spans[0]
        places = {document.anchor_at(offset) for offset in range(first.start, first.end)}
        lines = sorted(place.number or 0 for place in places if place and place.kind == "line")
        if len(lines) > 1:
            assert citation.anchor == Anchor("line", f"lines {lines[0]}-{lines[-1]}", lines[0])
        else:
            assert citation.anchor in places


def test_every_quote_in_an_answer_carries_its_marker(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        markers = [citation.marker for citation in answer.citations]
        assert markers == list(range(1, len(markers) + 1))
        assert all(f"[{marker}]" in answer.text for marker in markers)
        assert all(citation.quote in answer.text for citation in answer.citations[:1])
        assert answer.abstained == (not answer.citations)


def test_most_questions_of_the_sample_are_answered_and_most_others_are_not(answers: dict[str, Answer]) -> None:
    """Guards against a broken answerer; the figures themselves are measured on other collections (README)."""
    answerable = [question for question in QUESTIONS if question["answerable"]]
    right = sum(
        any(accepted.casefold() in answers[question["id"]].text.casefold() for accepted in question["answers"])
        for question in answerable
    )
    refused = sum(answers[question["id"]].abstained for question in QUESTIONS if not question["answerable"])
    assert right >= 0.65 * len(answerable)
    assert refused >= 0.6 * (len(QUESTIONS) - len(answerable))


def test_a_reply_gives_hits_at_once_and_the_same_text_streamed_and_whole(base: KnowledgeBase) -> None:
    reply = base.ask("Which values of k1 and b are reasonable for BM25?")
    assert len(reply.hits) == 10
    streamed = "".join(reply)
    answer = reply.answer()
    assert streamed == answer.text
    assert answer.hits == reply.hits
    assert answer.citations[0].anchor is not None
    assert answer.citations[0].anchor.label == "page 2"
    assert {"retrieval", "answer"} <= answer.timings.keys()


def test_a_quote_that_does_not_stand_there_is_not_verified(base: KnowledgeBase) -> None:
    answer = base.ask("Which values of k1 and b are reasonable for BM25?").answer()
    honest = answer.citations[0]
    forged = [
        replace(honest, quote=honest.quote.replace("0.5", "0.6")),
        replace(honest, spans=(Span(honest.spans[0].start + 1, honest.spans[0].end + 1),)),
        replace(honest, source="/no/such/document.pdf"),
    ]
    with base._store.manifest.snapshot() as snapshot:
        checked = grounded(replace(answer, citations=(honest, *forged)), snapshot)
    assert [citation.verified for citation in checked.citations] == [True, False, False, False]


def test_a_quote_over_the_end_of_a_page_is_cited_where_most_of_it_stands() -> None:
    marks = [
        Mark(0, Anchor("page", "page 1", 1)),
        Mark(10, Anchor("page", "page 2", 2)),
        Mark(40, Anchor("page", "page 3", 3)),
    ]
    places = {span: main_anchor(marks, *span) for span in ((2, 9), (7, 30), (2, 13), (35, 46), (5, 60), (10, 12))}
    assert {span: anchor.number for span, anchor in places.items() if anchor} == {
        (2, 9): 1,
        (7, 30): 2,
        (2, 13): 1,
        (35, 46): 3,
        (5, 60): 2,
        (10, 12): 2,
    }
    assert main_anchor([], 0, 5) is None


def test_an_empty_base_abstains(tmp_path: Path) -> None:
    with KnowledgeBase.open(home=tmp_path, create=True) as empty:
        answer = empty.ask("Is there anything?").answer()
    assert answer.abstained
    assert answer.hits == ()


def test_a_quote_names_every_other_place_where_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for copy in range(12):
        text = f"# Harbour {copy}\n\nThe harbour master collects the berth fee of 9 crowns."
        (folder / f"copy{copy:02}.md").write_text(f"{text} It is paid on day {copy + 2}.")
    (folder / "more.md").write_text("# Fees\n\nIt is untrue that the berth fee is 99 crowns. They are due monthly.")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([folder]).wait()
        answer = base.ask("What berth fee does the harbour master collect?").answer()
        citation = answer.citations[0]
        same = [one for one in answer.citations if one.quote == citation.quote]
        assert citation.quote == "The harbour master collects the berth fee of 9 crowns."
        places = [(one.source, one.spans[0]) for one in same] + [(one.source, one.span) for one in citation.also]
        assert sorted(Path(source).name for source, _ in places) == [f"copy{copy:02}.md" for copy in range(12)]
        for source, span in places:
            document = base.document(source)
            assert document is not None
            assert document.text[span.start : span.end] == citation.quote
        assert {other.anchor for other in citation.also} <= {Anchor("heading", f"Harbour {copy}") for copy in range(12)}
        assert not any(other.also for other in same[1:])
