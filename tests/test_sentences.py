from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.sentences import sentences

CASES = {
    "plain": ["The cat sat.", "The dog ran."],
    "question and exclamation": ["Really?", "Yes!", "Good."],
    "titles": ["Mr. Smith met Dr. Jones.", "They spoke."],
    "latin": ["Some animals, e.g. Cats, are small.", "Others, i.e. Whales, are not."],
    "country": ["The U.S. Government paid.", "He lives in the U.S.", "It is large."],
    "figures": ["See Fig. 3 and No. 7, Tel. 0117.", "Next comes Eq. 4."],
    "no as a word": ["The answer is no.", "Nothing helps."],
    "company": ["Apple Inc. Annual Report.", "He works for Apple Inc.", "The pay is good."],
    "initials": ["J. K. Rowling wrote it.", "George A. Romero did not."],
    "numbers": ["It cost 3.5 dollars in 1999.", "In 2000 it cost 4.25."],
    "ellipsis": ["Wait...", "Then he left... and came back."],
    "quotes": ['He said "Stop!" and left.', "“Why?”", "Because."],
    "brackets": ["It rained.", "(Nobody cared.)", "We went home [as planned].", "Later it cleared."],
    "footnotes": ["Rome fell in 476.[12]", "Nobody noticed."],
    "markdown": ["**It works.**", "*Mostly.*", "See below."],
    "numbered item": ["1. Wash the rice.", "Boil it."],
    "time": ["He came at 5 p.m. and left.", "She came at 6 p.m.", "The end."],
    "degree": ["She holds a Ph.D. from Bonn.", "He has none."],
    "date": ["It was signed on Dec. 31 in Paris.", "All agreed."],
    "arabic": ["هل هذا صحيح؟", "نعم."],
    "devanagari": ["यह घर है।", "वह पेड़ है।"],
    "cyrillic": ["Это дом.", "Кто там?", "Никого."],
    "identifiers": ["Others are slower.", "bzip2 is not.", "See approx. x2 and ver. b2 of them.", "sha256 is one."],
    "ordinary words": ["It cost 4 resp. a2 coins, incl. mp3 files, at www.example. com2 said the book. and more."],
    "names in small letters": ["It stopped on Sunday.", "chronyd reads its file (at start).", "iPhone is one."],
    "code": ["The service stops.", "`ls` lists."],
    "leaders": ["Introduction ........ 12"],
}


@pytest.mark.parametrize("expected", CASES.values(), ids=CASES.keys())
def test_cuts_running_text_into_its_sentences(expected: list[str]) -> None:
    assert _texts(" ".join(expected)) == expected


GERMAN = {
    "dates": ["Das Mietverhältnis beginnt am 1. März 2021 und endet am 28. Februar 2026.", "Es gilt."],
    "ordinals": ["Die 3. Kammer entschied im 2. Quartal.", "Der 1. Senat nicht."],
    "abbreviations": ["Gem. Art. 5 gilt Rn. 14 ff. entsprechend.", "Fa. Müller zahlt inkl. Zinsen und zzgl. mp3."],
    "a number at the end": ["Es waren nur 12.", "Danach kam niemand mehr."],
}


@pytest.mark.parametrize("expected", GERMAN.values(), ids=GERMAN.keys())
def test_a_german_ordinal_ends_no_sentence(expected: list[str]) -> None:
    assert _texts(" ".join(expected)) == expected


def test_a_rule_is_no_part_of_a_sentence() -> None:
    text = "---\nYou can walk there,\nor swim.\nWhat for?\n=========\nfor fun"
    assert _texts(text) == ["---", "You can walk there,\nor swim.", "What for?", "=========", "for fun"]


UNSPACED = {
    "chinese": ["你好。", "今天天氣很好！", "你呢？", "好。"],
    "quoted": ["「你是誰？」", "他說。"],
    "japanese": ["猫がいる。", "犬（小さい。）", "３．５メートル。"],
    "half-width marks": ["真的嗎?", "是的。"],
}


@pytest.mark.parametrize("expected", UNSPACED.values(), ids=UNSPACED.keys())
def test_cuts_text_without_spaces(expected: list[str]) -> None:
    assert _texts("".join(expected)) == expected


LINES = {
    "wrap": ["A line that is wrapped\nhere goes on.", "And ends."],
    "wrap before a capital": ["He met the wife of the former President\nLincoln in a theatre in\nWashington."],
    "blank line": ["No stop at the end", "Next paragraph"],
    "items": ["Buy:", "- milk", "- two eggs", "1. Wash.", "2) Eat."],
    "rows": ["| a | b |", "|---|---|", "| 1 | 2 |"],
    "figures": ["Revenue 16,388 14,573", "Cost of revenue (5) 12%", "Net income"],
    "short lines": ["CONTENTS", "Preface", "A much longer line that sets the width of the paragraph."],
    "fields": ["author: Ada Lovelace", "date: 2025-03-02", "kept in: the archive\nof the town"],
    "headings": ["# Fusion", "Scores are added."],
}


@pytest.mark.parametrize(("name", "expected"), LINES.items(), ids=LINES.keys())
def test_knows_a_wrapped_line_from_a_line_of_its_own(name: str, expected: list[str]) -> None:
    joint = {"wrap": " ", "blank line": "\n \n"}.get(name, "\n")
    assert _texts(joint.join(expected)) == expected


def test_a_carriage_return_and_line_feed_is_one_break() -> None:
    assert _texts("one line that is\r\nwrapped here.\r\n\r\nNext") == ["one line that is\r\nwrapped here.", "Next"]


@given(
    st.text(alphabet=st.sampled_from("aB1 .!?。」\n\r\t|-#…,()\"'\u2029\u3000é你؟।"), max_size=200)
    | st.text(max_size=200)
)
def test_sentences_cover_all_but_white_space_in_order(text: str) -> None:
    spans = sentences(text)
    covered = "".join(text[span.start : span.end] for span in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(text[span.start : span.end].strip() == text[span.start : span.end] != "" for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))


def test_does_not_slow_down_on_one_endless_sentence() -> None:
    text = "No. A b c e.g. J. " * 20_000
    began = perf_counter()
    sentences(text)
    assert perf_counter() - began < 5


def _texts(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]
