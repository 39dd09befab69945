"""Late interaction: how well a passage has each word of a question, in the sense that it has there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.protocols import TokenEmbedder, Vectors

FOUND_WEIGHT = 0.4
"""What a passage's score counts beside this, from the first one found (1) to the twenty-fifth (0).

From .3 to .8 SQuAD's gain falls from .030 to .015, and nothing else changes by more than .004."""
_SHARPNESS = 3
"""Power of the cosines, so that many weak ones are no match: in a passage found twentieth or so the highest is
.44 or less for half of the tokens. With 1 to 6 nothing changes by more than .005."""


@dataclass(frozen=True, slots=True)
class LateInteraction:
    """A Scorer: the mean, over the tokens of a query, of the highest cosine to a token of a passage, cubed; 0 to 1.

    After ColBERT (Khattab and Zaharia, 2020), here with the tokens of an embedder whose vectors are the mean of theirs,
    so that they are of one space without training. What the embedder has no token for counts as not found. A query that
    is asked with several portions of passages is embedded once.
    """

    embedder: TokenEmbedder
    _asked: dict[str, Vectors] = field(default_factory=dict)

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        if query not in self._asked:
            self._asked[query] = self.embedder.query_tokens(query)
        asked = self._asked[query]
        return [_likeness(asked, said) for said in self.embedder.passage_tokens(passages)]


def _likeness(asked: Vectors, said: Vectors) -> float:
    if not len(asked) or not len(said):
        return 0.0
    highest = (asked @ said.T).max(axis=1).clip(min=0.0)
    return float((highest**_SHARPNESS).mean())
