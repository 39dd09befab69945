"""The yardstick for passages: tokens of the packaged model, whatever embedder is evaluated."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.protocols import Tokenizer


def token_count(text: str) -> int:
    """Tokens of `text`, special tokens left out, nothing truncated."""
    return len(_tokenizer().offsets(text))


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    from kb.models.embedders import DEFAULT_MODEL, find_model
    from kb.models.tokens import TextTokenizer

    return TextTokenizer((find_model(DEFAULT_MODEL) / "tokenizer.json").read_text(encoding="utf-8"))
