"""Diversity: maximal marginal relevance worked out by hand, and on a real base with copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from citewell import KnowledgeBase, Settings
from kb.protocols import Vectors
from kb.settings import DiversitySettings
from kb.types import Chunk, Hit
from retrieval.diversity import DiverseRetriever


@dataclass(frozen=True)
class Listed:
    """A retriever that always finds the same passages, and their vectors in the plane by their angle in degrees."""

    scores: dict[str, float]
    angles: dict[str, float]

    def retrieve(self, query: str, k: int) -> list[Hit]:  # noqa: ARG002 - the query decides nothing here
        best = sorted(self.scores, key=lambda name: (-self.scores[name], name))[:k]
        return [Hit(Chunk(name, "d", "/s", name, 0, len(name)), self.scores[name]) for name in best]

    def vectors(self, passages: Sequence[Chunk]) -> Vectors:
        angles = np.radians([self.angles[passage.id] for passage in passages])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


FOUND = Listed(
    {"a": 10.0, "b": 9.0, "c": 8.0, "d": 6.0, "e": 5.0, "f": 4.0},
    {"a": 0.0, "b": 0.0, "c": 60.0, "d": 90.0, "e": 180.0, "f": 0.0},
)


def ranking(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.chunk.id, round(hit.score, 4)) for hit in hits]


def test_marginal_relevance_by_hand() -> None:
    # Relevance a 1, b .8, c .6, d .2, e 0. After a: b .4 - .5 x 1, c .3 - .5 x .5, d .1, e 0 (its cosine is below 0).
    # After d: c falls to .3 - .5 x .866, b stays at -.1, e stays at 0.
    diverse = DiverseRetriever(FOUND, FOUND, weight=0.5, depth=5)
    assert ranking(diverse.retrieve("q", 5)) == [("a", 0.5), ("d", 0.1), ("e", 0.0), ("b", -0.1), ("c", -0.133)]


def test_relevance_alone_keeps_the_order() -> None:
    diverse = DiverseRetriever(FOUND, FOUND, weight=1.0, depth=5)
    assert [hit.chunk.id for hit in diverse.retrieve("q", 6)] == list("abcdef")


def test_what_lies_beyond_the_depth_comes_last_in_its_own_order() -> None:
    diverse = DiverseRetriever(FOUND, FOUND, weight=0.5, depth=3)
    # Relevance of d, e, f, against a 1 and c 0: -1, -1.5, -2.
    assert ranking(diverse.retrieve("q", 6))[3:] == [("d", -1.5), ("e", -1.75), ("f", -2.0)]
    assert diverse.retrieve("q", 6)[:2] == diverse.retrieve("q", 2)
    scores = [hit.score for hit in diverse.retrieve("q", 6)]
    assert scores == sorted(scores, reverse=True)


def test_equal_passages_come_by_their_ids() -> None:
    equal = Listed(dict.fromkeys("cab", 1.0), dict.fromkeys("cab", 0.0))
    assert ranking(DiverseRetriever(equal, equal).retrieve("q", 3)) == [("a", 0.7), ("b", 0.4), ("c", 0.4)]


def test_copies_make_way_for_what_says_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for copy in range(6):
        (folder / f"copy{copy}.md").write_text("# Ferry\n\nThe ferry to the island leaves at noon from the old pier.")
    (folder / "winter.md").write_text(
        "# Winter\n\nIn winter the island's ferry does not sail when the sound is frozen."
    )
    settings = Settings(diversity=DiversitySettings(weight=0.3))
    with KnowledgeBase.open(home=tmp_path / "home", settings=settings, create=True) as base:
        base.ingest([folder]).wait()
        question = "When does the ferry to the island leave?"
        plain, diverse = base.search(question, 2, mode="dense"), base.search(question, 2, mode="dense+mmr")
        assert [Path(hit.chunk.source).name[:4] for hit in plain] == ["copy", "copy"]
        assert [Path(hit.chunk.source).name[:4] for hit in diverse] == ["copy", "wint"]


def test_a_view_gives_the_vectors_that_were_embedded(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# One\n\nWalruses have tusks.\n\n# Two\n\nSteam engines burn coal.")
    with KnowledgeBase.open(home=tmp_path / "home", create=True) as base:
        base.ingest([tmp_path / "notes.md"]).wait()
        hits = base.search("coal", 10, mode="dense")
        with base._store.view() as view:
            vectors = view.vectors([hit.chunk for hit in reversed(hits)])
            assert view.vectors([]).shape == (0, 0)
        cosines = vectors @ base.embedder.queries(["coal"])[0]
    assert cosines == pytest.approx([hit.score for hit in reversed(hits)], abs=1e-3)
