"""Words that passages spell otherwise than the question, and words that must stand as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from citewell import KnowledgeBase

TEXTS = {
    "osmosis": "Reverse osmosis pushes water through a membrane under pressure.",
    "reverse": "The reverse of a coin is opposite; osmosis is another matter altogether.",
    "database": "A database keeps its records in order.",
    "data base": "The data base of the survey holds a thousand answers.",
    "photosynthesis": "Photosynthesis turns light into sugar in the leaves of plants.",
    "lease": "The lease ends in March and the tenant returns the keys.",
    "zwei": "Die Umkehrosmose drückt Wasser unter hohem Druck durch eine Membran, und zwar in großen Anlagen am Meer.",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in TEXTS.items():
        (folder / f"{len(name)}{name[0]}.txt").write_text(text + "\n")
    with KnowledgeBase.open(home=tmp_path_factory.mktemp("home"), create=True) as filled:
        filled.ingest([folder]).wait()
        yield filled


def found(base: KnowledgeBase, query: str, mode: str = "lexical") -> list[str]:
    by_file = {f"{len(name)}{name[0]}.txt": name for name in TEXTS}
    return [by_file[Path(hit.chunk.source).name] for hit in base.search(query, 10, mode=mode)]


@pytest.mark.parametrize("mode", ["lexical", "hybrid"])
@pytest.mark.parametrize("quotes", ['"{}"', "“{}”", "«{}»"])
def test_words_in_quotes_are_found_as_they_stand(base: KnowledgeBase, mode: str, quotes: str) -> None:
    assert found(base, f"What of {quotes.format('osmosis is another')} matter?", mode)[0] == "reverse"
    assert found(base, f"What of {quotes.format('Reverse Osmosis')}?", mode)[0] == "osmosis"


def test_words_in_quotes_weigh_more_than_without_them(base: KnowledgeBase) -> None:
    def gap(query: str) -> float:
        scores = {Path(hit.chunk.source).name: hit.score for hit in base.search(query, 10, mode="lexical")}
        return scores["7o.txt"] - scores["7r.txt"]

    assert gap('"reverse osmosis"') > gap("reverse osmosis") + 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("photosyntesis", "photosynthesis"),  # a letter is missing
        ("photosnythesis", "photosynthesis"),  # two have changed places
        ("membranne", "osmosis"),
        ("tennant", "lease"),
    ],
)
def test_a_misspelt_word_is_found(base: KnowledgeBase, query: str, expected: str) -> None:
    assert expected in found(base, query)


def test_what_is_like_nothing_finds_nothing(base: KnowledgeBase) -> None:
    assert found(base, "qwxyzzy") == []
    assert found(base, "leese") == []  # Too short to guess: it may be a name.


def test_what_is_no_word_is_not_guessed_at(base: KnowledgeBase) -> None:
    """A sequence of proteins, say: an automaton for ten thousand letters takes 300 MB."""
    assert found(base, "photosyntesis" + "acdefghiklmnpqrstvwy" * 500) == []
    strange = " ".join(f"qwz{letter}xyv" for letter in "abcdefghijklmnop")
    assert found(base, f"{strange} photosyntesis") == []  # Behind more strange words than are looked into.
    assert found(base, f"photosyntesis {strange}") == ["photosynthesis"]


def test_blanks_within_and_between_words(base: KnowledgeBase) -> None:
    assert found(base, "data base")[0] == "data base"
    assert set(found(base, "data base")) >= {"data base", "database"}
    assert found(base, "photo synthesis") == ["photosynthesis"]
    assert found(base, "lightinto") == ["photosynthesis"]


def test_a_word_that_there_is_is_not_guessed_at(base: KnowledgeBase) -> None:
    assert found(base, "leaves") == ["photosynthesis"]  # and not the lease
