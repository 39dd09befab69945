"""What the folders of tiny models have in common: tokenizers of whole words, JSON, and damage."""

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


def lose_weights(folder: Path, *names: str) -> Path:
    """Takes weights out of the model's file, which stays a whole one."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    for name in names:
        del tensors[name]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def shorten_weight(folder: Path, name: str) -> Path:
    """Leaves of a weight its first row alone."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, name: tensors[name][:1].clone()}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def empty_tokenizer(folder: Path) -> Path:
    """Leaves a tokenizer of which the file is JSON, and says nothing."""
    (folder / "vocab.txt").unlink(missing_ok=True)
    write_json(folder / "tokenizer.json", {})
    return folder
