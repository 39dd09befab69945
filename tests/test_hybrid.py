"""Hybrid search, and what it stands on, worked out by hand; and what a real base makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from citewell import load_settings
from kb.errors import SettingsError
from kb.protocols import Embedder, Retriever, Vectors
from kb.types import Chunk, Hit
from retrieval.adjacency import adjacencies
from retrieval.dense import SharedQueries
from retrieval.hybrid import LEAST_TRUST, MEANING, UNFOUND, HybridRetriever
from retrieval.lexical import ADJACENCY, LexicalRetriever
from retrieval.naming import named

NAMES, FEEDBACK = 0.15, 0.3


def chunk(name: str, source: str = "/s", text: str = "") -> Chunk:
    return Chunk(name, "d", source, text or name, 0, len(text or name))


@dataclass(frozen=True)
class Listed:
    """A retriever that always finds the same passages."""

    scores: dict[str, float]
    source: str = "/s"

    def retrieve(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002 - the query decides nothing here
        best = sorted(self.scores, key=lambda name: (-self.scores[name], name))[:k]
        return [Hit(chunk(name, self.source), self.scores[name]) for name in best]


@dataclass(frozen=True)
class Plane:
    """Embeddings in two dimensions: a passage's by its name, and of passages at large."""

    of: dict[str, tuple[float, float]]
    at_large: Sequence[tuple[float, float]] = ((0.6, 0.8), (-0.6, 0.8), (0.6, -0.8), (-0.6, -0.8))

    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        return np.array([self.of[passage.id] for passage in passages], np.float32)

    def sample(self) -> Vectors:
        return np.array(self.at_large, np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.array([(1.0, 0.0)] * len(texts), np.float32)


@dataclass(frozen=True)
class Counted:
    """Statistics of an index of 100 passages in which each word stands in as many passages as `of` says."""

    of: dict[str, int]

    def passage_count(self) -> int:
        return 100

    def passages_with_word(self, word: str) -> int:
        return self.of.get(word, 0)


def made(
    dense: Retriever, lexical: Retriever, plane: Plane, *, unknown: float = 0.0, depth: int = 100
) -> HybridRetriever:
    shared = SharedQueries(plane)
    return HybridRetriever(
        dense, lexical, shared, plane, lambda _: unknown, depth=depth, names=NAMES, feedback=FEEDBACK
    )


def hybrid(dense: dict[str, float], lexical: dict[str, float], plane: Plane, unknown: float = 0.0) -> HybridRetriever:
    return made(Listed(dense), Listed(lexical), plane, unknown=unknown)


ALIGNED = Plane({"a": (1.0, 0.0), "b": (0.8, 0.6), "c": (0.6, 0.8)})
"""Cosines with the query of 1, .8 and .6; those of passages at large are .6 and -.6: mean 0, deviation .6."""


def test_hybrid_by_hand() -> None:
    found = hybrid({"a": 1.0, "b": 0.8}, {"b": 6.0, "c": 3.0}, ALIGNED).retrieve("q", 10)
    # Words: b counts 1, c .5, a shares no word; nothing stands tenth, so that they count in full. Of what words found
    # only b is looked at: z = .8 / .6 = 1.33 of 2, so that meaning is trusted by two thirds. Feedback from all three:
    mean = np.array([0.8, 1.4 / 3])
    moved = np.array([1.0, 0.0]) + FEEDBACK * mean
    moved /= np.linalg.norm(moved)
    usual = np.array(ALIGNED.at_large) @ moved
    z = {name: (np.array(ALIGNED.of[name]) @ moved - usual.mean()) / usual.std() for name in "abc"}
    expected = {name: MEANING * 2 / 3 * z[name] + words for name, words in (("a", 0.0), ("b", 1.0), ("c", 0.5))}
    assert {hit.chunk.id: hit.score for hit in found} == pytest.approx(expected, abs=1e-6)
    assert [hit.chunk.id for hit in found] == ["b", "c", "a"]


def test_words_count_less_the_less_the_best_one_stands_out() -> None:
    plane = Plane({f"w{index}": (1.0, 0.0) for index in range(12)} | {"m": (1.0, 0.0), "n": (0.6, 0.8)})
    flat = hybrid({"m": 1.0, "n": 0.6}, {f"w{index}": 5.0 - index / 100 for index in range(12)}, plane)
    scores = {hit.chunk.id: hit.score for hit in flat.retrieve("q", 20)}
    assert scores["w0"] - scores["m"] == pytest.approx(0.09 / 5)  # All alike by meaning: (5 - 4.91) / 5 x 1.
    steep = hybrid({"m": 1.0, "n": 0.6}, {f"w{index}": 5.0 / (index + 1) for index in range(12)}, plane)
    scores = {hit.chunk.id: hit.score for hit in steep.retrieve("q", 20)}
    assert scores["w0"] - scores["m"] == pytest.approx(0.9)


def test_meaning_that_words_do_not_bear_out_counts_next_to_nothing() -> None:
    contrary = Plane({"a": (1.0, 0.0), "b": (-0.6, 0.8)})
    scores = {hit.chunk.id: hit.score for hit in hybrid({"a": 1.0}, {"b": 2.0}, contrary).retrieve("q", 5)}
    assert scores == pytest.approx({"b": 1.0, "a": 0.0}, abs=3 * LEAST_TRUST * MEANING)


def test_an_embedder_that_cannot_read_the_question_counts_next_to_nothing() -> None:
    read, unread = (
        {hit.chunk.id: hit.score for hit in hybrid({"a": 1.0, "b": 0.8}, {"c": 1.0}, ALIGNED, share).retrieve("q", 5)}
        for share in (0.0, 0.6)
    )
    assert read["a"] > 10 * LEAST_TRUST * MEANING
    assert unread == pytest.approx({"c": 1.0, "a": 0.0, "b": 0.0}, abs=3 * LEAST_TRUST * MEANING)


def test_meaning_orders_what_words_do_not_tell_apart() -> None:
    for lexical in ({}, {"c": 1.0}):
        found = [hit.chunk.id for hit in hybrid({"b": 0.8, "a": 1.0}, lexical, ALIGNED, 0.6).retrieve("q", 5)]
        assert [name for name in found if name != "c"] == ["a", "b"]


def test_what_words_did_not_find_among_many_counts_somewhat_less_than_the_last_that_they_found() -> None:
    plane = Plane({"a": (1.0, 0.0), "b": (1.0, 0.0), "c": (1.0, 0.0)})
    parts = Listed({"c": 1.0}), Listed({"a": 4.0, "b": 2.0})
    cut = made(*parts, plane, depth=2)
    whole = made(*parts, plane, depth=3)
    scores = {hit.chunk.id: hit.score for hit in cut.retrieve("q", 2)} | {
        hit.chunk.id: hit.score for hit in cut.retrieve("q", 3)
    }
    assert scores["a"] - scores["c"] == pytest.approx(1 - UNFOUND * 2 / 4)
    scores = {hit.chunk.id: hit.score for hit in whole.retrieve("q", 3)}
    assert scores["a"] - scores["c"] == pytest.approx(1)


def test_without_words_in_common_meaning_decides() -> None:
    found = hybrid({"a": 1.0, "b": 0.8, "c": 0.6}, {}, ALIGNED).retrieve("q", 5)
    assert [hit.chunk.id for hit in found] == ["a", "b", "c"]
    assert hybrid({}, {}, ALIGNED).retrieve("q", 5) == []
    assert hybrid({"a": 1.0}, {}, ALIGNED).retrieve("q", 0) == []


def test_the_first_hits_do_not_depend_on_how_many_are_asked_for() -> None:
    names = [f"p{index:03}" for index in range(60)]
    angles = np.linspace(0, 3, 60)
    plane = Plane(
        {name: (float(np.cos(angle)), float(np.sin(angle))) for name, angle in zip(names, angles, strict=True)}
    )
    dense = {name: float(np.cos(angle)) for name, angle in zip(names, angles, strict=True)}
    lexical = {name: 1.0 + index % 17 for index, name in enumerate(names)}
    retriever = made(Listed(dense), Listed(lexical), plane, depth=10)
    longest = retriever.retrieve("q", 60)
    assert sorted(hit.chunk.id for hit in longest) == names
    for k in range(1, 60):
        assert retriever.retrieve("q", k) == longest[:k]


def test_neighbours_of_the_question_that_are_neighbours_in_a_passage() -> None:
    statistics = Counted({"reverse": 9, "osmosis": 9, "of": 99})
    rarity = np.log(1 + 91.5 / 9.5)
    texts = ["Reverse\nOsmosis works", "osmosis reverse", "reverse-osmosis, reverse osmosis"]
    once, swapped, twice = adjacencies("What is reverse osmosis?", texts, statistics)
    assert once == pytest.approx(2 * rarity)
    assert swapped == 0
    assert twice == pytest.approx(2 * rarity * 2 * 2.2 / 3.2)
    assert adjacencies("osmosis", texts, statistics) == [0, 0, 0]


def test_neighbours_begin_where_a_word_begins_and_may_go_on() -> None:
    statistics = Counted({"new": 9, "york": 9, "s": 9, "dollar": 9, "complexity": 9, "class": 9})
    assert adjacencies("new york", ["They renew yorkshire tea."], statistics) == [0]
    assert adjacencies("U.S. dollar", ["the us dollar"], statistics) == [0]
    assert min(adjacencies("complexity class", ["Complexity classes.", "(complexity class)"], statistics)) > 0


def test_white_space_and_hyphens_between_neighbours_are_alike() -> None:
    texts = ["tea - and\n\n cake", "tea\tand\u2003cake", "tea-and-\ncake", "\xa0tea and cake\r", "tea and cake"]
    gains = adjacencies("Tea and  cake?", texts, Counted({"tea": 9, "and": 9, "cake": 9}))
    assert len(set(gains)) == 1
    assert gains[0] > 0


def test_search_by_words_orders_what_it_found_by_neighbours_too() -> None:
    class Index:
        def matching(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002
            return [Hit(chunk("a", text="osmosis in reverse"), 2.0), Hit(chunk("b", text="reverse osmosis"), 1.9)][:k]

    found = LexicalRetriever(Index(), Counted({"reverse": 9, "osmosis": 9})).retrieve("reverse osmosis", 2)
    assert [hit.chunk.id for hit in found] == ["b", "a"]
    assert found[0].score == pytest.approx(1.9 + ADJACENCY * 2 * np.log(1 + 91.5 / 9.5))
    assert found[1].score == 2.0


FILINGS = ["/f/3M_2018_10K.pdf", "/f/3M_2019_10K.pdf", "/f/AMERICANEXPRESS_2022_10K.pdf", "/f/mail.eml#3M_2018.pdf"]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What was the capital expenditure of 3M in FY2018?", 0),
        ("How did 3M's margin change in 2019?", 1),
        ("Which debt does American Express have?", 2),
        ("Was there a charge in FY2022?", 2),
    ],
)
def test_a_question_names_files(question: str, best: int) -> None:
    shares = named(question, FILINGS)
    assert max(shares) == shares[best] > sorted(shares)[-2]
    assert shares[3] == 0  # A part of a file has the name of none.


def test_what_looks_like_no_name_names_nothing() -> None:
    assert named("what does american express owe", FILINGS) == [0, 0, 0, 0]
    assert named("Capital was raised", ["/f/capital.txt", "/f/other.txt"]) == [0, 0]
    assert named("What is it?", []) == []


def test_names_count_less_the_more_are_named_alike() -> None:
    alike = [f"/f/report 2018 {letter}.txt" for letter in "abcdefghijkl"]
    assert max(named("What happened in 2018?", alike)) == 0
    assert max(named("What happened in 2018?", [*alike[:5], "/f/minutes.txt"])) == 1


def test_a_named_file_is_preferred_among_equals() -> None:
    class Filings:
        def retrieve(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002
            return [Hit(chunk(source[3:10], source), 1.0) for source in FILINGS[:2]][:k]

    plane = Plane({source[3:10]: (1.0, 0.0) for source in FILINGS})
    retriever = made(Filings(), Filings(), plane)
    for year in ("2018", "2019"):
        first, second = retriever.retrieve(f"What did 3M spend in FY{year}?", 2)
        assert year in first.chunk.source
        assert 0 < first.score - second.score <= NAMES


def test_a_question_in_a_script_that_the_embedder_does_not_know_is_left_to_words(embedder: Embedder) -> None:
    assert embedder.tokenizer.unknown_share("Which values of k1 are usual?") == 0
    assert embedder.tokenizer.unknown_share("梅拉蒂·達馬揚蒂的父親是誰") > 0.3
    assert embedder.tokenizer.unknown_share("") == 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ('method = "adaptive"\nweights = [1, 1]', "by weights of its own"),
        ('method = "rrf"\nweights = [1, 1]', "counts ranks alone"),
        ("weights = [0, 0]", "leave nothing to order by"),
        ("weights = [-1, 2]", r"modes.mine.weights.0\" in /"),
    ],
)
def test_weights_that_say_nothing_are_refused(values: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'[modes.mine]\nfuse = ["dense", "lexical"]\n{values}\n')
    with pytest.raises(SettingsError, match=problem):
        load_settings(path)
