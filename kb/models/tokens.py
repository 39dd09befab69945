"""The `tokenizers` library behind the Tokenizer port, and texts as rows of token ids."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

# Halves of a surrogate pair (a damaged PDF has them) are refused by the library: one character stands for one.
_SURROGATE = re.compile("[\ud800-\udfff]")


class TextTokenizer:
    """Tokens of a text with their places; truncates nothing. Safe to share between threads.

    `special_ids` are those of tokens that stand for no words: padding, the start and end of a text, what is unknown.
    `unknown_id` stands for whatever the vocabulary lacks; it is None where that lacks nothing, made of bytes say.
    """

    def __init__(self, definition: str) -> None:
        self._tokenizer = FastTokenizer.from_str(definition)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.unknown_id = _unknown_id(json.loads(definition)["model"], self._tokenizer)
        self.special_ids = _special_ids(self._tokenizer)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self._tokenizer.encode(encodable(text), add_special_tokens=False).offsets)

    def unknown_share(self, text: str) -> float:
        ids = self._tokenizer.encode(encodable(text), add_special_tokens=False).ids
        return ids.count(self.unknown_id) / len(ids) if ids and self.unknown_id is not None else 0.0

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
        self.special_ids = _special_ids(self._tokenizer)

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


def _special_ids(tokenizer: FastTokenizer) -> frozenset[int]:
    added = tokenizer.get_added_tokens_decoder()
    return frozenset(number for number, token in added.items() if token.special)


def _unknown_id(model: Mapping[str, Any], tokenizer: FastTokenizer) -> int | None:
    if model.get("byte_fallback"):
        return None
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    token = model.get("unk_token")
    number: int | None = tokenizer.token_to_id(token) if token else None
    return number


@dataclass(frozen=True, slots=True)
class PairRow:
    """The ids of a query and a passage; `types` tells the query's (0) from the passage's (1) where a model asks."""

    ids: list[int]
    types: list[int]

    def __len__(self) -> int:
        return len(self.ids)


class PairTokenizer:
    """A query and a passage as what a cross-encoder is fed, special tokens included. Safe to share between threads.

    What is longer than `limit` tokens loses the end of the passage. Of a query longer than three quarters of that, the
    end is lost too: else nothing would be left to judge.
    """

    def __init__(self, definition: str, *, limit: int) -> None:
        self._tokenizer = FastTokenizer.from_str(definition)
        self._padding_id = int((self._tokenizer.padding or {}).get("pad_id", 0))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(limit, strategy="only_second")
        self._text = TextTokenizer(definition)
        self._limit = limit

    def rows(self, query: str, passages: Sequence[str]) -> list[PairRow]:
        first = cut(encodable(query), self._text, tokens=query_share(self._limit))
        pairs = [(first, encodable(passage)) for passage in passages]
        return [PairRow(row.ids, row.type_ids) for row in self._tokenizer.encode_batch_fast(pairs)]

    def padded(self, rows: Sequence[PairRow]) -> dict[str, NDArray[np.int64]]:
        """Rows of one length: ids, the mask that tells them (1) from padding (0), and their types."""
        length = max(len(row) for row in rows)
        ids = np.full((len(rows), length), self._padding_id, dtype=np.int64)
        mask, types = np.zeros((2, len(rows), length), dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row.ids
            mask[index, : len(row)] = 1
            types[index, : len(row)] = row.types
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def query_share(limit: int) -> int:
    """How many of `limit` tokens a query may take: three quarters, as in FlagEmbedding."""
    return limit * 3 // 4


def cut(text: str, tokenizer: TextTokenizer, *, tokens: int) -> str:
    """The beginning of `text`, as much as so many tokens hold."""
    offsets = tokenizer.offsets(text)
    return text if len(offsets) <= tokens else text[: offsets[tokens - 1][1]]


def encodable(text: str) -> str:
    """`text` as the tokenizers take it, each character in its place."""
    return _SURROGATE.sub("\ufffd", text)


def in_batches(rows: Sequence[Sized], *, tokens: int) -> list[list[int]]:
    """Indices of `rows` in batches of at most so many tokens, longest first, so that little of a batch is padding."""
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]), reverse=True)
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        count = max(1, tokens // max(1, len(rows[order[start]])))
        batches.append(order[start : start + count])
        start += count
    return batches
