"""The labelled drafts keep their promises: fields, counts, labels that fit their kinds, no passage in two files."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DRAFTS = Path(__file__).parent / "drafts"
NAMES = ("development", "held_out", "validation", "untouched")
DEVELOPMENT, HELD_OUT, VALIDATION, UNTOUCHED = (
    [json.loads(line) for line in (DRAFTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()] for name in NAMES
)
FILES = pytest.mark.parametrize("drafts", [DEVELOPMENT, HELD_OUT, VALIDATION, UNTOUCHED], ids=NAMES)

RIGHT = {"verbatim", "paraphrase", "condensed", "combined", "number", "date", "true-negation", "yes-no"}
WRONG = {"wrong number", "wrong name", "wrong date", "wrong unit", "negated", "over-certain", "swapped"}
INVENTED = {"unsupported", "half supported", "injected", "forged"}
FIELDS = {"id", "kind", "language", "sentence", "sources", "question", "supported"}


def _passages(drafts: list[dict[str, Any]]) -> set[str]:
    return {source["text"] for draft in drafts for source in draft["sources"]}


def _stands(draft: dict[str, Any]) -> bool:
    """Whether the sentence stands in one of its passages, runs of white space taken as one space."""
    return any(draft["sentence"] in re.sub(r"\s+", " ", source["text"]) for source in draft["sources"])


def _words(text: str) -> list[str]:
    """The words of a text, each Chinese character as one."""
    return re.findall(r"[㐀-鿿]|[^\s㐀-鿿]+", text)


def _runs(drafts: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """All runs of ten words in the passages, which two cuts of one paragraph would share."""
    words = map(_words, _passages(drafts))
    return {tuple(passage[start : start + 10]) for passage in words for start in range(len(passage) - 9)}


@FILES
def test_fields(drafts: list[dict[str, Any]]) -> None:
    for draft in drafts:
        assert set(draft) == FIELDS
        assert draft["sentence"].strip() == draft["sentence"] != ""
        assert draft["question"].endswith(("?", "？"))
        assert 1 <= len(draft["sources"]) <= 3
        for source in draft["sources"]:
            assert set(source) == {"text", "title", "headings"}
            assert 60 <= len(_words(source["text"])) <= 200, source["text"]


@FILES
def test_labels_fit_their_kinds(drafts: list[dict[str, Any]]) -> None:
    for draft in drafts:
        assert draft["kind"] in (RIGHT if draft["supported"] else WRONG | INVENTED), draft["id"]


@FILES
def test_only_verbatim_drafts_stand_in_their_passages(drafts: list[dict[str, Any]]) -> None:
    assert [draft["id"] for draft in drafts if _stands(draft) != (draft["kind"] == "verbatim")] == []


@FILES
def test_counts(drafts: list[dict[str, Any]]) -> None:
    assert len(drafts) >= 150
    assert sum(draft["supported"] for draft in drafts) >= 0.45 * len(drafts)
    assert sum(draft["language"] != "en" for draft in drafts) >= 0.12 * len(drafts)
    assert {draft["language"] for draft in drafts} == {"en", "de", "fr", "es", "zh"}
    kinds = Counter(draft["kind"] for draft in drafts)
    assert {kind for kind in RIGHT | WRONG | INVENTED if kinds[kind] < 5} == set()
    assert any("|" in passage for passage in _passages(drafts))


def test_validation_is_larger_and_spread_wider() -> None:
    assert len(VALIDATION) >= 300
    assert len(_passages(VALIDATION)) >= 40
    assert sum(draft["language"] != "en" for draft in VALIDATION) >= 0.15 * len(VALIDATION)


def test_untouched_has_enough_of_what_is_hard_to_accept() -> None:
    kinds = Counter(draft["kind"] for draft in UNTOUCHED)
    assert len(_passages(UNTOUCHED)) >= 22
    assert min(kinds["number"], kinds["paraphrase"]) >= 15
    assert min(kinds["date"], kinds["combined"], kinds["condensed"]) >= 6


def test_no_passage_occurs_in_two_files() -> None:
    assert _passages(DEVELOPMENT) & _passages(HELD_OUT) == set()
    assert _runs(VALIDATION) & (_runs(DEVELOPMENT) | _runs(HELD_OUT)) == set()
    assert _runs(UNTOUCHED) & (_runs(DEVELOPMENT) | _runs(HELD_OUT) | _runs(VALIDATION)) == set()


def test_no_draft_occurs_twice() -> None:
    drafts = DEVELOPMENT + HELD_OUT + VALIDATION + UNTOUCHED
    assert len({draft["id"] for draft in drafts}) == len({draft["sentence"] for draft in drafts}) == len(drafts)
