"""Evidence is located in the ingested text whatever the reader did to it, and passages are judged by the contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets import Evidence
from eval.evidence import Target, first_ranks, in_file, locate, on_page, quotes
from eval.folding import letters, verbatim
from kb.types import Anchor, Chunk, Document, Mark, Span

SOURCE = "/base/report.pdf"
PAGES = (
    "Overview. Net revenue grew to $16,388 million in fiscal 2022.\n",
    "Table of contents. Net revenue grew to $16,388 million in fiscal 2022. More of it follows here.\n",
    "Assets\nCash 775\nReceivables 1,935\nInventories 2,213\nPrepaid expenses 531\nTotal current assets 5,454\n",
)


def document(*pages: str) -> Document:
    offsets = [sum(len(page) for page in pages[:index]) for index in range(len(pages))]
    marks = tuple(
        mark
        for number, offset in enumerate(offsets, start=1)
        for mark in (Mark(offset, Anchor("page", f"page {number}", number)), Mark(offset, Anchor("heading", "H")))
    )
    return Document("d", SOURCE, "Report", "".join(pages), "application/pdf", "", marks=marks)


def passage(start: int, end: int, *, source: str = SOURCE, text: str = "short") -> Chunk:
    return Chunk(f"{source}{start}-{end}", "d", source, text, start, end)


def words(text: str) -> int:
    return len(text.split())


def located(
    quote: str, *, page: int | None = None, answers: tuple[str, ...] = (), text: Document | None = None
) -> Target:
    return locate(Evidence("report.pdf", page, quote), answers, source=SOURCE, document=text or document(*PAGES))


def found_texts(target: Target, text: Document | None = None) -> list[str]:
    return [(text or document(*PAGES)).text[span.start : span.end] for span in target.quotes]


def test_quote_is_sought_on_its_page() -> None:
    target = located("Net revenue grew to $16,388 million", page=2)
    assert found_texts(target) == ["Net revenue grew to $16,388 million"]
    assert target.quotes[0].start > len(PAGES[0])
    assert target.pages == (Span(len(PAGES[0]), len(PAGES[0]) + len(PAGES[1])),)


def test_without_a_page_every_occurrence_counts() -> None:
    assert len(located("Net revenue grew to $16,388 million").quotes) == 2


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("of\ufb01ce build\u00ading", "office building"),
        ("a well\ufffe\nknown case", "a wellknown case"),
        ("supple-\nmental indenture", "supplemental indenture"),
        ("it said \u201cyes\u201d \u2013 twice", 'it said "yes" - twice'),
        ("Revenue | $16,388 | $14,573", "Revenue\n$\n16,388 $\n14,573"),
        ("caf\u00e9 noir", "cafe\u0301 noir"),
        ("黑龍江省，簡稱\n黑，位於", "黑龍江省，簡稱黑，位於"),
    ],
)
def test_differences_between_readers_are_overlooked(text: str, quote: str) -> None:
    body = document(f"Before it. {text}. After it.")
    assert found_texts(located(quote, text=body), body) == [text]


def test_table_in_another_order_is_found_on_its_page() -> None:
    quote = "Cash 775 Inventories 2,213 Receivables 1,935 Prepaid expenses 531 Total current assets 5,454"
    (text,) = found_texts(located(quote, page=3))
    assert text.startswith("Cash")
    assert text.endswith("5,454")


def test_text_that_is_not_there_is_not_located() -> None:
    target = located("The company was founded in Delaware by two brothers and their aunt.", page=3)
    assert target.quotes == ()
    assert not quotes(passage(0, 400), target)
    assert on_page(passage(len(PAGES[0] + PAGES[1]) + 3, 400), target)


def test_quote_that_runs_on_to_the_next_page_is_found() -> None:
    target = located("in fiscal 2022.\nTable of contents.", page=1)
    assert found_texts(target) == ["in fiscal 2022.\nTable of contents."]


def test_file_that_was_not_ingested_has_nothing_to_find() -> None:
    target = locate(Evidence("report.pdf", 2, "Net"), (), source=SOURCE, document=None)
    assert target == Target(SOURCE, pages=(), quotes=(), answers=())


def test_passage_must_hold_an_answer_where_the_quote_does() -> None:
    target = located(
        "Net revenue grew to $16,388 million in fiscal 2022.", page=1, answers=("$16,388  MILLION", "none")
    )
    answer = PAGES[0].index("$16,388")
    assert quotes(passage(answer, len(PAGES[0])), target)
    assert not quotes(passage(0, answer + 5), target), "nearly all of the quote, but the answer is cut"
    assert not quotes(passage(len(PAGES[0]), 200), target), "the same words on another page"
    assert not quotes(passage(answer, len(PAGES[0]), source="/base/other.pdf"), target)


def test_answer_outside_the_quote_does_not_count() -> None:
    target = located("Cash 775", page=3, answers=("5,454",))
    assert target.answers == ()
    start = target.quotes[0].start
    assert quotes(passage(start, start + 4), target), "without an answer in it, half of the shorter suffices"


def test_half_of_the_shorter_without_an_answer() -> None:
    target = Target(SOURCE, None, (Span(100, 200),), ())
    assert quotes(passage(150, 400), target)
    assert not quotes(passage(151, 400), target)
    assert quotes(passage(190, 210), target), "half of a short passage"
    assert not quotes(passage(191, 210), target)


def test_depths_of_a_part_and_of_evidence_without_a_page() -> None:
    target = Target("/base/mail.eml", None, (), ())
    attachment = passage(0, 9, source="/base/mail.eml#note.txt")
    assert in_file(attachment, target)
    assert on_page(attachment, target)
    assert not in_file(passage(0, 9, source="/base/mail.eml2"), target)


def test_passage_that_reaches_into_the_page_is_on_it() -> None:
    target = Target(SOURCE, (Span(100, 200),), (), ())
    assert on_page(passage(80, 101), target)
    assert not on_page(passage(80, 100), target)


def test_first_ranks_and_the_longest_passage() -> None:
    target = Target(SOURCE, (Span(0, 100),), (Span(10, 20),), ())
    elsewhere = Target("/base/b.md", None, (Span(0, 5),), ())
    long, longest = "a " * 513, "a " * 512
    passages = [passage(0, 90, text=long), passage(50, 90, text=longest), passage(5, 25)]
    ranks = first_ranks(passages, [target, elsewhere], tokens=words)
    assert ranks == {"file": (2, None), "page": (2, None), "quote": (3, None)}


@given(st.text())
def test_folding_keeps_the_way_back(text: str) -> None:
    for fold in (verbatim, letters):
        folded = fold(text)
        assert len(folded.text) == len(folded.offsets)
        assert list(folded.offsets) == sorted(folded.offsets)
        assert fold(folded.text).text == folded.text
