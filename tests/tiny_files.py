"""What the folders of tiny models have in common: tokenizers of whole words, and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "<unk>"


def word_tokenizer(words: Sequence[str]) -> Tokenizer:
    """Each word is the token of its place among `words`, of which UNKNOWN is one; spaces and punctuation part them."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, *, template: str | None = None, **options: object) -> None:
    """As transformers saves it, with these special tokens and limits, and the chat template of that text."""
    from transformers import PreTrainedTokenizerFast

    saved = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=UNKNOWN, **options)
    saved.chat_template = template
    saved.save_pretrained(folder)


def write_json(path: Path, value: Mapping[str, object] | Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
