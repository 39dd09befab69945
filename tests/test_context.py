"""The context of a question: folding, joining, extending, compressing and the budget, by hand and on real documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from citewell import KnowledgeBase, Settings
from generation.context.builder import Measure, build_context
from generation.context.compression import compressed, united
from generation.context.folding import folded
from generation.context.passage import PassageContext, readable_text
from generation.context.section import section
from generation.question import Reading, reading
from kb.errors import UserError
from kb.settings import ContextSettings
from kb.types import JOINT, Block, Chunk, Context, Document, Hit, Span

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
PLAIN = Measure(tokens=100, gap=0, section_share=0.0, least_share=1.0)
"""Hits as they are, joined only where they touch."""


class NoPassages:
    """Statistics of an index without passages, in which all terms weigh the same."""

    def passage_count(self) -> int:
        return 0

    def passages_with(self, term: str) -> int:  # noqa: ARG002 - none holds any
        return 0


def count(text: str) -> int:
    return len(text.split())


def question(text: str) -> Reading:
    return reading(text, NoPassages())


def document(text: str, *blocks: Block, name: str = "notes") -> Document:
    return Document(name, f"/{name}.md", "", text, "text/markdown", "", blocks=blocks)


def hits(owner: Document, *texts: str, context: Context = Context(), best: float = 1.0) -> list[Hit]:  # noqa: B008
    """Hits on the places where `texts` first stand, each scored below the one before."""
    found = []
    for rank, text in enumerate(texts):
        start = owner.text.index(text)
        chunk = Chunk(f"{owner.id}{start:04}", owner.id, owner.source, text, start, start + len(text), None, context)
        found.append(Hit(chunk, best - rank / 100))
    return found


def built(asked: str, found: Sequence[Hit], measure: Measure, *documents: Document) -> PassageContext:
    known = {one.source: one for one in documents}
    return build_context(question(asked), found, document=known.__getitem__, count=count, measure=measure)


def fates(context: PassageContext) -> list[str]:
    return [entry.fate for entry in context.ledger]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The ferry leaves at noon.", "The  FERRY\nleaves at noon", True),
        ("The ferry leaves at noon from the pier.", "Ferry leaves at noon from a pier.", True),
        ("Sales rose by 5% in 2022 to $1,204.", "Sales rose by 5% in 2023 to $1,204.", False),
        ("Net income was 212.", "Net income was (212).", False),
        ("Growth was 5%.", "Growth was 5.", False),
        ("It costs €5.", "It costs $5.", False),
        (
            "I, Jane Doe, certify that all is complete.",
            "I, John Roe, certify that all is complete.",
            False,
        ),
        ("The device is safe to use.", "The device is not safe to use.", False),
        ("It leaves at noon. It returns at dusk.", "It returns at dusk.", True),
        ("It returns at dusk.", "It leaves at noon. It returns at dusk.", False),
        ("The cat sat.", "The cat sat", True),
        ("Concatenate the files.", "cat", False),
        ("港口稅定為九克朗。", "港口稅定為九克朗", True),
        ("港口稅定為九克朗。", "港口稅定為十克朗。", False),
    ],
)
def test_a_passage_is_folded_only_into_one_that_says_all_it_says(one: str, other: str, same: bool) -> None:
    pair = hits(document(one, name="a"), one) + hits(document(other, name="b"), other, best=0.5)
    groups = folded(pair)
    assert [group.hit for group in groups] == (pair[:1] if same else pair)
    assert groups[0].copies == (tuple(pair[1:]) if same else ())


def test_equal_rows_of_different_columns_are_not_folded() -> None:
    row = "| Revenue | 120 | 130 |"
    first = hits(document(row, name="a"), row, context=Context(table="| Item | 2021 | 2022 |"))
    second = hits(document(row, name="b"), row, context=Context(table="| Item | 2022 | 2023 |"), best=0.5)
    assert len(folded(first + second)) == 2
    assert len(folded(first + hits(document(row, name="c"), row, context=first[0].chunk.context, best=0.5))) == 1


FERRY = document("The old pier is closed. The ferry leaves at noon. Dogs travel free. Bicycles cost four euros.")


def test_compression_keeps_the_sentences_that_speak_to_the_question() -> None:
    [hit] = hits(FERRY, FERRY.text)
    asked = question("When does the ferry leave?")
    # 17 words; a quarter is 4.25, and the first sentence kept may be longer.
    [span] = compressed(asked, hit, FERRY, share=0.25, count=count)
    assert FERRY.text[span.start : span.end] == "The ferry leaves at noon."
    # Half is 8: the second best of the rest that fits is kept too, and what stands side by side is one span.
    half = compressed(asked, hit, FERRY, share=0.5, count=count)
    assert sum(count(FERRY.text[span.start : span.end]) for span in half) <= 8
    assert compressed(asked, hit, FERRY, share=1.0, count=count) == (Span(0, len(FERRY.text)),)


def test_a_row_is_kept_with_the_names_of_its_columns() -> None:
    rows = (
        "| Item | 2022 | 2023 |",
        "| Revenue | 1,204 | 1,350 |",
        "| Cost | 640 | 701 |",
        "| Net income | 212 | 260 |",
    )
    table = "\n".join(rows)
    owner = document(table, Block(0, len(table), "table", header_rows=1))
    [hit] = hits(owner, table)
    spans = compressed(question("What was the income in 2023?"), hit, owner, share=0.25, count=count)
    kept = [owner.text[span.start : span.end] for span in spans]
    assert kept == [rows[0], rows[3]]


def test_spans_with_only_white_space_between_are_one() -> None:
    assert united("One. Two. Three.", [Span(10, 16), Span(0, 4), Span(5, 9)]) == (Span(0, 16),)
    assert united("One. Two. Three.", [Span(10, 16), Span(0, 4)]) == (Span(0, 4), Span(10, 16))


def sectioned() -> Document:
    """Title, two sections, the first of which has a section below it; two paragraphs each."""
    parts = [
        ("# Trips", "heading", ("Trips",)),
        ("We sail.", "paragraph", ("Trips",)),
        ("## Ferry", "heading", ("Trips", "Ferry")),
        ("It leaves at noon.", "paragraph", ("Trips", "Ferry")),
        ("It is white.", "paragraph", ("Trips", "Ferry")),
        ("### Winter", "heading", ("Trips", "Ferry", "Winter")),
        ("It rests.", "paragraph", ("Trips", "Ferry", "Winter")),
        ("## Bus", "heading", ("Trips", "Bus")),
        ("It is red.", "paragraph", ("Trips", "Bus")),
    ]
    blocks, text = [], ""
    for part, kind, headings in parts:
        blocks.append(Block(len(text), len(text) + len(part), kind, headings))
        text += f"{part}\n\n"
    return document(text, *blocks)


@pytest.mark.parametrize(
    ("first", "last", "opening", "closing"),
    [
        ("It is white.", "It is white.", "## Ferry", "It is white."),
        ("## Ferry", "It leaves at noon.", "## Ferry", "It is white."),
        ("It is white.", "It rests.", "## Ferry", "It rests."),
        ("It rests.", "It is red.", "# Trips", "It is red."),
        ("We sail.", "We sail.", "# Trips", "We sail."),
    ],
)
def test_a_section_is_what_stands_under_the_same_headings(first: str, last: str, opening: str, closing: str) -> None:
    owner = sectioned()
    span = section(owner, Span(owner.text.index(first), owner.text.index(last) + len(last)))
    assert span == Span(owner.text.index(opening), owner.text.index(closing) + len(closing))


def test_a_document_without_blocks_has_no_larger_section() -> None:
    assert section(document("No blocks at all."), Span(3, 9)) == Span(3, 9)


def test_the_budget_is_filled_in_order_with_what_still_fits() -> None:
    owner = document("one two three four five. - six seven eight nine. - ten eleven.")
    found = hits(owner, "one two three four five.", "six seven eight nine.", "ten eleven.")
    context = built("ten?", found, Measure(tokens=8, gap=0, section_share=0.0, least_share=1.0), owner)
    assert [passage.text for passage in context.passages] == ["one two three four five.", "ten eleven."]
    assert (context.tokens, context.budget) == (7, 8)
    assert [(entry.fate, entry.tokens, entry.kept, entry.passage) for entry in context.ledger] == [
        ("whole", 5, 5, 0),
        ("left out", 4, 0, None),
        ("whole", 2, 2, 1),
    ]


def test_the_context_that_a_passage_is_read_with_counts() -> None:
    owner = document("one two three four five. - ten eleven.")
    found = hits(owner, "one two three four five.", "ten eleven.", context=Context(title="Numbers", table="| a | b |"))
    context = built("ten?", found, Measure(tokens=15, section_share=0.0, least_share=1.0, gap=0), owner)
    # "Numbers", five words of the table's columns, and its own five; then 1 + 5 + 2 would be 19.
    assert [passage.tokens for passage in context.passages] == [11]
    assert readable_text(context.passages[0].context, context.passages[0].text).splitlines()[0] == "Numbers"


def test_neighbours_become_one_passage_with_what_stands_between() -> None:
    owner = document("Apples are red. Pears are green. Plums are blue. A long remark follows here. Figs are brown.")
    found = hits(owner, "Plums are blue.", "Figs are brown.", "Apples are red.")
    context = built("colours?", found, Measure(tokens=100, gap=3, section_share=0.0, least_share=1.0), owner)
    assert [passage.text for passage in context.passages] == [
        "Apples are red. Pears are green. Plums are blue.",
        "Figs are brown.",
    ]
    assert context.passages[0].hits == (found[0], found[2])
    assert context.passages[0].spans == (Span(0, 48),)
    assert fates(context) == ["joined", "whole", "joined"]


def test_rows_are_not_joined_below_the_columns_of_others() -> None:
    owner = document("| a1 | a2 |\n| b1 | b2 |")
    first = hits(owner, "| a1 | a2 |", context=Context(table="| A | B |"))
    other = hits(owner, "| b1 | b2 |", context=Context(table="| C | D |"), best=0.5)
    same = hits(owner, "| b1 | b2 |", context=Context(table="| A | B |"), best=0.5)
    assert len(built("a?", first + other, PLAIN, owner).passages) == 2
    assert len(built("a?", first + same, PLAIN, owner).passages) == 1


def test_a_passage_grows_to_its_section_where_there_is_room() -> None:
    owner = sectioned()
    found = hits(owner, "It is white.", "It is red.")
    roomy = Measure(tokens=40, gap=0, section_share=0.25)
    context = built("colour?", found, roomy, owner)
    assert [passage.text for passage in context.passages] == [
        "## Ferry\n\nIt leaves at noon.\n\nIt is white.",
        "## Bus\n\nIt is red.",
    ]
    assert fates(context) == ["extended", "extended"]
    # A section of 9 words does not fit into a fifth of 40.
    assert fates(built("colour?", found, Measure(tokens=40, gap=0, section_share=0.2), owner)) == ["whole", "extended"]


def test_passages_are_compressed_where_few_of_them_would_fit() -> None:
    documents = [
        document(f"The pier is {colour}. The ferry leaves at {hour}. Dogs travel free.", name=colour)
        for colour, hour in (("red", "noon"), ("blue", "dusk"), ("green", "six"), ("white", "ten"))
    ]
    found = [hit for rank, owner in enumerate(documents) for hit in hits(owner, owner.text, best=1 - rank / 10)]
    # 12 words each: the first two stay whole; of the others 30 / 48 would be kept, which are 7.
    context = built("When does the ferry leave?", found, Measure(tokens=30, section_share=0.0), *documents)
    assert [passage.text for passage in context.passages[2:]] == ["The ferry leaves at six."]
    assert fates(context) == ["whole", "whole", "compressed", "left out"]
    assert [entry.kept for entry in context.ledger] == [12, 12, 5, 0]
    assert fates(built("When does the ferry leave?", found, Measure(tokens=48), *documents)) == ["whole"] * 4


def test_the_first_hit_is_in_even_where_one_sentence_exceeds_the_budget() -> None:
    context = built("When does the ferry leave?", hits(FERRY, FERRY.text), Measure(tokens=2), FERRY)
    assert [passage.text for passage in context.passages] == ["The ferry leaves at noon."]
    assert context.tokens == 5 > context.budget
    uncut = built("When does the ferry leave?", hits(FERRY, FERRY.text), Measure(tokens=2, least_share=1.0), FERRY)
    assert uncut.passages[0].text == FERRY.text


def test_folded_passages_lose_their_place_but_not_their_source() -> None:
    documents = [document("The ferry leaves at noon.", name=name) for name in ("a", "b", "c")]
    found = [hit for rank, owner in enumerate(documents) for hit in hits(owner, owner.text, best=1 - rank / 10)]
    context = built("When does the ferry leave?", found, PLAIN, *documents)
    [passage] = context.passages
    assert [chunk.source for chunk in passage.also] == ["/b.md", "/c.md"]
    assert [(entry.fate, entry.passage, entry.kept) for entry in context.ledger[1:]] == [("folded", 0, 0)] * 2


def test_without_hits_there_is_nothing_to_read() -> None:
    assert built("anything?", [], PLAIN) == PassageContext((), (), 0, 100)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a base with the sample documents."""
    home = tmp_path_factory.mktemp("home")
    with KnowledgeBase.open(home=home, create=True) as new:
        new.ingest([SAMPLE / "documents"]).wait()
    return home


@pytest.fixture
def base(filled: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(home=filled) as opened:
        yield opened


@pytest.mark.parametrize("tokens", [60, 500, 2000])
def test_on_real_documents_every_span_holds_and_every_token_is_accounted_for(base: KnowledgeBase, tokens: int) -> None:
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    seen: set[str] = set()
    for asked in [json.loads(line)["question"] for line in lines][::10]:
        context = base.context(asked, tokens=tokens)
        assert len(context.ledger) == 50
        for passage in context.passages:
            owner = base.document(passage.source)
            assert owner is not None
            assert JOINT.join(owner.text[span.start : span.end] for span in passage.spans) == passage.text
            assert all(before.end < after.start for before, after in pairwise(passage.spans))
            text = readable_text(passage.context, passage.text)
            assert passage.tokens == len(base.embedder.tokenizer.offsets(text))
        places = sorted((one.source, span.start, span.end) for one in context.passages for span in one.spans)
        assert all(one[0] != next_[0] or one[2] <= next_[1] for one, next_ in pairwise(places))
        assert context.tokens == sum(passage.tokens for passage in context.passages)
        assert context.tokens <= tokens or len(context.passages) == 1
        assert context.ledger[0].passage == 0
        for entry in context.ledger:
            assert (entry.passage is None) == (entry.fate == "left out")
            assert (entry.kept == 0) == (entry.fate in ("left out", "folded"))
            assert entry.fate == "compressed" or entry.kept in (0, entry.tokens)
        seen.update(fates(context))
    assert "left out" in seen
    assert ("compressed" in seen) == (tokens < 2000)
    assert ("extended" in seen) == (tokens == 2000)


def test_the_settings_decide_what_is_searched_and_how_much_is_read(filled: Path) -> None:
    chosen = ContextSettings(tokens=300, passages=5, section=0.0, compress=1.0)
    asked = "Which values of k1 and b are reasonable for BM25?"
    with KnowledgeBase.open(home=filled, settings=Settings(context=chosen)) as base:
        context = base.context(asked)
        assert context.budget == 300
        assert len(context.ledger) == 5
        assert not {"extended", "compressed"} & set(fates(context))
        assert context.passages[0].hits[0] == base.search(asked, 1)[0]
        with pytest.raises(UserError, match="1 or more"):
            base.context("question", tokens=0)
        with pytest.raises(UserError, match="empty"):
            base.context(" ")


def test_the_best_passages_are_read_first_and_last(base: KnowledgeBase, filled: Path) -> None:
    asked = "Which values of k1 and b are reasonable for BM25?"
    with KnowledgeBase.open(home=filled, settings=Settings(context=ContextSettings(order="rank"))) as ranked:
        by_rank = ranked.context(asked)
    read = base.context(asked)
    assert len(by_rank.passages) > 3
    assert read.passages[0] == by_rank.passages[0]
    assert read.passages[-1] == by_rank.passages[1]
    assert read.passages[1] == by_rank.passages[2]
    assert sorted(map(repr, read.passages)) == sorted(map(repr, by_rank.passages))
    for before, after in zip(by_rank.ledger, read.ledger, strict=True):
        if before.passage is not None and after.passage is not None:
            assert by_rank.passages[before.passage] == read.passages[after.passage]
