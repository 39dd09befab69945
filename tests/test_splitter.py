from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.splitter import SentenceSplitter
from kb.errors import SettingsError
from kb.models.embedders import DEFAULT_MODEL, find_model
from kb.models.tokens import TextTokenizer
from kb.protocols import Tokenizer
from kb.text.passages import indexed_text
from kb.types import Anchor, Block, Chunk, Document, Mark

UNSPACED = re.compile("[\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
FOX = "The quick brown fox jumps over the lazy dog near the river bank."


class Characters:
    """A tokenizer for which white space counts too."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(index, index + 1) for index in range(len(text))]


class Bytes:
    """A tokenizer that may take several tokens for one character."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(index, index + 1) for index, character in enumerate(text) for _ in character.encode(errors="replace")]


TOKENS = TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8"))


def count(chunk: Chunk) -> int:
    return len(TOKENS.offsets(indexed_text(chunk.context, chunk.text)))


def document(
    *blocks: tuple[str, str], title: str = "", pages: Sequence[int] = (), caption: str = "", header_rows: int = 1
) -> Document:
    """Blocks of (kind, text); "h1", "h2" ... are headings; `pages` are the indexes of blocks that open a page.

    `caption` and `header_rows` are those of tables.
    """
    text = ""
    cut: list[Block] = []
    path: tuple[str, ...] = ()
    marks: list[Mark] = []
    for index, (kind, part) in enumerate(blocks):
        if index in pages:
            number = len(marks) + 1
            marks.append(Mark(len(text), Anchor("page", f"page {number}", number)))
        if kind[0] == "h":
            path = (*path[: int(kind[1:]) - 1], part)
        block = Block(len(text), len(text) + len(part), "heading" if kind[0] == "h" else kind, path)
        cut.append(replace(block, caption=caption, header_rows=header_rows) if kind == "table" else block)
        text += part + "\n\n"
    return Document("d", "/d", title, text, "text/plain", "", marks=tuple(marks), blocks=tuple(cut))


def split(source: Document, window: int = 254, **options: int) -> list[Chunk]:
    return SentenceSplitter(TOKENS, window, **options).split(source)


def assert_sound(source: Document, chunks: list[Chunk], window: int) -> None:
    text = source.text
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(chunk.text and chunk.text == chunk.text.strip() for chunk in chunks)
    assert all(before.end <= after.start for before, after in pairwise(chunks))
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(text.split())
    assert all(count(chunk) <= window for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    for chunk in chunks:
        if is_inside_a_word(text, chunk.start):
            word = next(match for match in re.finditer(r"\S+", text) if match.start() < chunk.start < match.end())
            assert len(TOKENS.offsets(word.group())) > window // 4 or len(word.group()) > 64


def is_inside_a_word(text: str, offset: int) -> bool:
    around = text[max(0, offset - 1) : offset + 1]
    return len(around) == 2 and not any(part.isspace() or UNSPACED.match(part) for part in around)


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    [
        "word",
        "The",
        "end.",
        "No.",
        "U.S.",
        "漢字很好。",
        "，",
        "😀",
        "e\u0301",
        "x" * 300,
        "a1b2c3" * 40,
        "|",
        "- item",
        "\n",
    ]
)
parts = st.lists(words, max_size=120).map(" ".join)
blocks = st.lists(
    st.tuples(st.sampled_from(["h1", "h2", "h3", "paragraph", "table", "code", "list"]), parts), max_size=8
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(blocks, st.integers(16, 256), parts, st.sets(st.integers(0, 7)))
def test_every_passage_is_a_span_within_the_window(
    content: list[tuple[str, str]], window: int, title: str, pages: set[int]
) -> None:
    source = document(*content, title=title, pages=sorted(pages))
    assert_sound(source, split(source, window), window)


@settings(deadline=None, max_examples=60)
@given(
    st.text(max_size=600) | st.text("😀漢a ", max_size=600),
    st.integers(16, 64),
    st.sampled_from([Characters(), Bytes()]),
)
def test_keeps_to_the_window_of_other_tokenizers(text: str, window: int, tokenizer: Tokenizer) -> None:
    source = Document("d", "/d", "Title", text, "text/plain", "")
    chunks = SentenceSplitter(tokenizer, window).split(source)
    assert all(len(tokenizer.offsets(indexed_text(chunk.context, chunk.text))) <= window for chunk in chunks)
    assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join(text.split())


def test_a_short_document_is_one_passage() -> None:
    source = document(("h1", "Foxes"), ("paragraph", FOX), ("paragraph", FOX))
    assert [chunk.text for chunk in split(source)] == [source.text.strip()]


def test_leaves_no_tiny_tail() -> None:
    source = document(("paragraph", " ".join([FOX] * 20)))
    sizes = [count(chunk) for chunk in split(source)]
    assert len(sizes) == 2
    assert max(sizes) - min(sizes) <= 20


def test_breaks_between_blocks_rather_than_within() -> None:
    paragraphs = [" ".join([FOX] * number) for number in (7, 8, 6, 9)]
    chunks = split(document(*(("paragraph", part) for part in paragraphs)), 130)
    assert [chunk.text for chunk in chunks] == paragraphs


def test_breaks_between_sentences_rather_than_within() -> None:
    chunks = split(document(("paragraph", " ".join([FOX] * 40))), 100)
    assert all(chunk.text.startswith("The quick") and chunk.text.endswith("bank.") for chunk in chunks)


def test_a_heading_opens_a_passage_and_is_not_left_alone() -> None:
    source = document(("h1", "Foxes"), ("h2", "Red"), ("paragraph", FOX), ("h2", "Grey"), ("paragraph", FOX))
    assert [chunk.text.split("\n")[0] for chunk in split(source)] == ["Foxes", "Grey"]


def test_a_heading_stays_with_a_sentence_that_alone_fills_the_window() -> None:
    endless = "the fox and " * 60
    chunks = split(document(("h1", "A heading of a few words"), ("paragraph", endless)), 64)
    assert chunks[0].text.startswith("A heading of a few words\n\nthe fox")


def test_a_heading_without_text_joins_what_comes_before() -> None:
    assert len(split(document(("h1", "Foxes"), ("paragraph", FOX), ("h1", "Appendix")))) == 1


def test_the_context_is_the_path_above_a_passage() -> None:
    source = document(("h1", "Foxes"), ("h2", "Red"), ("paragraph", " ".join([FOX] * 20)), title="Animals")
    first, second = split(source)
    assert (first.context.title, first.context.headings) == ("Animals", ())
    assert second.context.headings == ("Foxes", "Red")


def test_a_long_context_loses_its_outer_headings_then_words_of_its_title() -> None:
    path = [(f"h{level}", f"A rather long heading of level {level}") for level in range(1, 6)]
    chunks = split(document(*path, ("paragraph", " ".join([FOX] * 30)), title="Animals"), 64)
    assert chunks[-1].context.headings == ("A rather long heading of level 5",)
    [chunk] = split(document(("paragraph", FOX), title="An endless title of very many words " * 4), 48)
    assert chunk.context.title == "An endless title of very many words An endless title of very"


def test_a_passage_ends_with_its_page() -> None:
    source = document(("paragraph", FOX), ("paragraph", FOX), pages=[0, 1])
    assert [chunk.anchor for chunk in split(source)] == [Anchor("page", "page 1", 1), Anchor("page", "page 2", 2)]


def test_a_sentence_may_run_over_the_end_of_its_page() -> None:
    text = "It begins here and\ngoes on. Another one."
    marks = (Mark(0, Anchor("page", "page 1", 1)), Mark(19, Anchor("page", "page 2", 2)))
    source = Document("d", "/d", "", text, "text/plain", "", marks=marks)
    assert [chunk.text for chunk in split(source)] == ["It begins here and\ngoes on.", "Another one."]


def test_rows_stay_whole_and_later_ones_carry_the_header() -> None:
    rows = ["| animal | colour |", *(f"| fox {number} | a very red colour |" for number in range(40))]
    source = document(("table", "\n".join(rows)))
    first, *later = split(source, 100)
    assert first.context.table == ""
    assert later
    assert all(chunk.context.table == rows[0] for chunk in later)
    assert all(line in rows for chunk in (first, *later) for line in chunk.text.split("\n"))
    assert_sound(source, [first, *later], 100)


def test_a_long_header_row_is_repeated_as_far_as_half_of_a_passage_holds_it() -> None:
    names = [f"column {number}" for number in range(40)]
    rows = [" | ".join(names), *(f"fox {number}" for number in range(99))]
    source = document(("table", "\n".join(rows)))
    first, *later = split(source, 200)
    assert first.text.startswith(rows[0])
    assert later
    for chunk in later:
        assert rows[0].startswith(chunk.context.table)
        assert 90 <= len(TOKENS.offsets(chunk.context.table)) <= 100


def test_rows_carry_the_title_and_all_rows_that_name_the_columns() -> None:
    rows = [
        "year | 2022 | 2023",
        "| audited | audited",
        *(f"item {number} | {number} | {number}" for number in range(60)),
    ]
    source = document(
        ("paragraph", "Balance sheet"), ("table", "\n".join(rows)), caption="Balance sheet", header_rows=2
    )
    first, *later = split(source, 100)
    assert first.context.table == ""
    assert first.text.startswith("Balance sheet\n\nyear | 2022")
    assert later
    assert all(chunk.context.table == "Balance sheet\n" + "\n".join(rows[:2]) for chunk in later)


def test_the_parts_of_a_wide_row_carry_the_names_of_their_own_columns_and_of_their_row() -> None:
    names = ["item", *(f"year {number}" for number in range(1900, 1980))]
    rows = [" | ".join(names), *(" | ".join([item, *(f"{number}.5" for number in range(80))]) for item in ("fox", ""))]
    source = document(("table", "\n".join(rows)), caption="Weights")
    chunks = split(source, 100)
    assert_sound(source, chunks, 100)
    values = [chunk for chunk in chunks if ".5" in chunk.text]
    assert len(values) > 8
    for chunk in values:
        caption, years, *label = chunk.context.table.split("\n")
        cells = chunk.text.removesuffix(" |").removeprefix("| ").split(" | ")
        named = years.split(" | ")
        assert caption == "Weights"
        is_first = named[0] == "item"
        is_of_fox = chunk.start < source.text.index("\n |")
        assert label == (["fox"] if is_of_fox and not is_first else [])
        numbers = [int(name.removeprefix("year ")) - 1900 for name in named if name != "item"]
        assert cells[-len(numbers) :] == [f"{number}.5" for number in numbers]


def test_rows_are_cited_by_their_range_and_stay_on_their_sheet() -> None:
    rows = [f"item {number} | {number}" for number in range(1, 41)]
    text = "\n".join(rows)
    marks, offset = [], 0
    for number, row in enumerate(rows, 1):
        sheet = 1 if number <= 20 else 2
        marks.append(Mark(offset, Anchor("sheet", f"sheet {sheet}, row {number}", sheet)))
        offset += len(row) + 1
    source = Document("d", "/d", "", text, "text/plain", "", marks=tuple(marks), blocks=(Block(0, len(text), "table"),))
    labels = [chunk.anchor.label for chunk in split(source, 60) if chunk.anchor]
    ranges = [re.fullmatch(r"sheet (\d), rows (\d+)-(\d+)", label) for label in labels]
    spans = [tuple(map(int, match.groups())) for match in ranges if match]
    assert len(spans) == len(labels) > 2
    assert [number for _, first, last in spans for number in range(first, last + 1)] == list(range(1, 41))
    assert all((last <= 20) == (sheet == 1) for sheet, _, last in spans)


def test_chinese_is_cut_at_its_sentences() -> None:
    chunks = split(document(("paragraph", "狐狸跑過河岸，狗在睡覺。" * 40)), 100)
    assert all(chunk.text.endswith("。") for chunk in chunks)


def test_an_endless_word_is_cut_into_passages_of_bounded_length() -> None:
    source = document(("paragraph", "x" * 100_000))
    chunks = split(source)
    assert_sound(source, chunks, 254)
    assert max(len(chunk.text) for chunk in chunks) <= 254 * 64


def test_overlap_repeats_whole_sentences() -> None:
    source = document(("paragraph", " ".join(f"Fox number {number} runs." for number in range(60))))
    chunks = split(source, 100, overlap=20)
    assert all(0 < before.end - after.start <= 100 for before, after in pairwise(chunks))
    assert all(chunk.text.startswith("Fox number") and count(chunk) <= 100 for chunk in chunks)


def test_characters_that_are_no_tokens_are_not_repeated() -> None:
    source = document(("h1", "0 0 0 0 0 0:0:0 0:0:0"), ("table", "\x1b\n0:"))
    assert_sound(source, split(source, 16), 16)


def test_target_shortens_passages() -> None:
    chunks = split(document(("paragraph", " ".join([FOX] * 40))), 254, target=64)
    assert max(count(chunk) for chunk in chunks) <= 64


def test_the_same_document_gives_the_same_passages() -> None:
    source = document(("h1", "Foxes"), ("paragraph", " ".join([FOX] * 40)))
    assert split(source) == split(source)


@pytest.mark.parametrize("options", [{"target": 300}, {"target": 8}, {"overlap": 200}])
def test_refuses_lengths_that_do_not_fit(options: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        SentenceSplitter(TOKENS, 254, **options)


def test_the_fingerprint_names_every_number() -> None:
    made = [SentenceSplitter(TOKENS, 254, **options).fingerprint for options in ({}, {"target": 200}, {"overlap": 9})]
    assert len({*made, SentenceSplitter(TOKENS, 200).fingerprint}) == 4
