"""Random encoders of two layers, in the files that real models of their kinds come in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tiny_files import UNKNOWN, save_tokenizer, word_tokenizer, write_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WIDTH = 32
WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", "_", "query", "passage", "search", "document", "represent"),
    *("this", "for", "red", "green", "blue", "stone", "river", "deep", "water"),
)
_SHAPE = {"vocab_size": 64, "hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
_SHAPE |= {"intermediate_size": 64}
_WINDOW = 40


def encoder(folder: Path, kind: str) -> Path:
    """Writes an encoder of that architecture ("bert", "xlm-roberta", "qwen3" ...) and its tokenizer, and no more."""
    import torch

    folder.mkdir(parents=True)
    torch.manual_seed(5)
    _network(kind).save_pretrained(folder)
    if kind == "xlm-roberta":
        _write_pieces(folder)
    elif kind == "qwen3":
        _write_decoder_words(folder)
    else:
        _write_words(folder)
    return folder


def sentence_files(folder: Path, *, pooling: str, prompts: Mapping[str, str] | None = None) -> Path:
    """Adds the files that sentence-transformers writes beside an encoder."""
    steps = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{step}"}
        for index, (path, step) in enumerate(steps)
    ]
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": WIDTH, "pooling_mode": pooling})
    if prompts is not None:
        write_json(folder / "config_sentence_transformers.json", {"prompts": prompts})
    return folder


def heads(folder: Path) -> Path:
    """Adds the two linear layers of BGE-M3 as they are published."""
    import torch

    torch.manual_seed(6)
    torch.save(torch.nn.Linear(WIDTH, WIDTH).state_dict(), folder / "colbert_linear.pt")
    torch.save(torch.nn.Linear(WIDTH, 1).state_dict(), folder / "sparse_linear.pt")
    return folder


def _network(kind: str) -> PreTrainedModel:
    from transformers import AutoConfig, AutoModel

    shapes: dict[str, dict[str, object]] = {
        "xlm-roberta": {"max_position_embeddings": _WINDOW + 2, "pad_token_id": 1},
        "qwen3": {"num_key_value_heads": 1, "head_dim": 16},
        "modernbert": {
            **{f"{name}_token_id": number for name, number in (("pad", 0), ("cls", 2), ("sep", 3), ("bos", 2))},
            "eos_token_id": 3,
            "global_attn_every_n_layers": 2,
            "local_attention": 8,
        },
    }
    config = AutoConfig.for_model(kind, **_SHAPE, initializer_range=0.5, **shapes.get(kind, {"pad_token_id": 0}))
    network: PreTrainedModel = AutoModel.from_config(config)
    return network


def _write_words(folder: Path) -> None:
    from transformers import BertTokenizer

    vocabulary = {word: number for number, word in enumerate(WORDS)}
    BertTokenizer(vocab=vocabulary, model_max_length=_WINDOW).save_pretrained(folder)


def _write_pieces(folder: Path) -> None:
    from transformers import XLMRobertaTokenizer

    special = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    pieces = [(f"▁{word}", -1.0 - number / 10) for number, word in enumerate(WORDS[5:])]
    vocabulary = [*special, *pieces, ("▁", -5.0), ("s", -6.0), ("<mask>", 0.0)]
    XLMRobertaTokenizer(vocab=vocabulary, model_max_length=_WINDOW).save_pretrained(folder)


def _write_decoder_words(folder: Path) -> None:
    """As Qwen3-Embedding's: padded on the left, and its last token is one of its own."""
    from tokenizers import processors

    end = "<|endoftext|>"
    tokenizer = word_tokenizer((end, UNKNOWN, *WORDS[5:]))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {end}", special_tokens=[(end, 0)])
    save_tokenizer(tokenizer, folder, pad_token=end, eos_token=end, padding_side="left", model_max_length=_WINDOW)
