"""Late interaction: by vectors made here, and by the tokens of the packaged embedder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from kb.protocols import Embedder, Vectors
from retrieval.late_interaction import LateInteraction


@dataclass(frozen=True)
class Drawn:
    """A word is a vector of two numbers: its angle in degrees, or nothing where it is "?"."""

    asked: list[str] = field(default_factory=list)

    def query_tokens(self, text: str) -> Vectors:
        self.asked.append(text)
        return self._rows(text)

    def passage_tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return [self._rows(text) for text in texts]

    def _rows(self, text: str) -> Vectors:
        rows = [(0.0, 0.0) if word == "?" else _direction(float(word)) for word in text.split()]
        return np.array(rows, dtype=np.float32).reshape(-1, 2)


def _direction(degrees: float) -> tuple[float, float]:
    return float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))


@pytest.mark.parametrize(
    ("query", "passage", "score"),
    [
        ("0 90", "0 90", 1.0),
        ("0 90", "0", 0.5),
        ("0 90", "60 30", 0.6495),  # Each is 30 degrees from one of them: .866 cubed.
        ("0", "60 60 60", 0.125),
        ("0", "180", 0.0),
        ("0 ?", "0 ?", 0.5),
        ("0", "", 0.0),
        ("", "0", 0.0),
    ],
)
def test_each_token_of_the_query_counts_by_the_nearest_of_the_passage(query: str, passage: str, score: float) -> None:
    assert LateInteraction(Drawn()).scores(query, [passage]) == pytest.approx([score], abs=1e-4)


def test_a_query_is_embedded_once_for_all_portions() -> None:
    embedder = Drawn()
    scorer = LateInteraction(embedder)
    assert scorer.scores("0", ["0", "90"]) + scorer.scores("0", ["60"]) == pytest.approx([1.0, 0.0, 0.125], abs=1e-4)
    assert embedder.asked == ["0"]


def test_the_packaged_embedder_tells_a_word_by_its_sense(embedder: Embedder) -> None:
    said = ["He sat down on the bank of the river.", "The bank lends money at low interest.", "Volcanoes erupt."]
    river, money, neither = LateInteraction(embedder).scores("Which bank gives loans?", said)
    assert 1.0 > money > river > neither > 0.0


def test_what_the_packaged_embedder_has_no_token_for_is_not_found(embedder: Embedder) -> None:
    whole, halved = (LateInteraction(embedder).scores(query, ["鑫 river"])[0] for query in ("river", "鑫 river"))
    assert halved < 0.6 * whole
    assert LateInteraction(embedder).scores("鑫", ["鑫"]) == [0.0]
