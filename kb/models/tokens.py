"""The `tokenizers` library behind the Tokenizer port, and texts as rows of token ids."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

# Halves of a surrogate pair (a damaged PDF has them) are refused by the library: one character stands for one.
_SURROGATE = re.compile("[\ud800-\udfff]")


class TextTokenizer:
    """Tokens of a text with their places; truncates nothing. Safe to share between threads."""

    def __init__(self, definition: str) -> None:
        self._tokenizer = FastTokenizer.from_str(definition)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._unknown = _unknown_id(json.loads(definition)["model"], self._tokenizer)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self._tokenizer.encode(encodable(text), add_special_tokens=False).offsets)

    def unknown_share(self, text: str) -> float:
        ids = self._tokenizer.encode(encodable(text), add_special_tokens=False).ids
        return ids.count(self._unknown) / len(ids) if ids and self._unknown is not None else 0.0

    def special_tokens(self) -> int:
        """How many tokens are put around a text."""
        return int(self._tokenizer.num_special_tokens_to_add(False))


class RowTokenizer:
    """Texts as the ids that a model is fed, special tokens included, cut at `limit`. Safe to share between threads."""

    def __init__(self, definition: str, *, limit: int) -> None:
        self._tokenizer = FastTokenizer.from_str(definition)
        self._padding_id = int((self._tokenizer.padding or {}).get("pad_id", 0))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(limit)

    def rows(self, texts: Sequence[str]) -> list[list[int]]:
        return [row.ids for row in self._tokenizer.encode_batch_fast([encodable(text) for text in texts])]

    def padded(self, rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of one length and the mask that tells ids (1) from padding (0)."""
        length = max(1, *(len(row) for row in rows))
        ids = np.full((len(rows), length), self._padding_id, dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        return ids, mask


def _unknown_id(model: Mapping[str, Any], tokenizer: FastTokenizer) -> int | None:
    """The id that stands for whatever the vocabulary lacks; None where it lacks nothing, made of bytes say."""
    if model.get("byte_fallback"):
        return None
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    token = model.get("unk_token")
    number: int | None = tokenizer.token_to_id(token) if token else None
    return number


def encodable(text: str) -> str:
    """`text` as the tokenizers take it, each character in its place."""
    return _SURROGATE.sub("\ufffd", text)
