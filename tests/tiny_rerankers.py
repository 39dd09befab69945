"""Rerankers of random weights in the shapes of published ones, as transformers saves them."""

# ruff: noqa: S106 - what look like passwords are tokens of a vocabulary

from __future__ import annotations

from pathlib import Path

from tiny_files import UNKNOWN, save_tokenizer, word_tokenizer, write_json

WORDS = ("red", "green", "blue", "stone", "river", "moon", "apple", "quick", "seven", "A", "B", ":", "Yes", "No", "\n")


def bert(folder: Path, *, layers: int = 2, width: int = 32, words: int = 0, labels: int = 1) -> Path:
    """In the shape of cross-encoder/ms-marco-MiniLM-L6-v2: [CLS] query [SEP] passage [SEP], types told."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "##s", *(f"w{each}" for each in range(words))]
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=max(2, width // 32),
        intermediate_size=4 * width,
        max_position_embeddings=512 if words else 64,
        initializer_range=0.3 if not words else 0.05,
        num_labels=labels,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    # One word a line: the line break itself is none of this kind.
    (folder / "vocab.txt").write_text("\n".join(word.replace("\n", "[break]") for word in vocabulary), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 512})
    return folder


def electra(folder: Path) -> Path:
    """A cross-encoder of a kind that runs on torch alone, in the files of BERT."""
    import torch
    from transformers import ElectraConfig, ElectraForSequenceClassification

    bert(folder)
    torch.manual_seed(7)
    config = ElectraConfig(
        vocab_size=len(WORDS) + 6,
        embedding_size=32,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=1,
    )
    ElectraForSequenceClassification(config).save_pretrained(folder)
    return folder


def xlm_roberta(folder: Path, *, layers: int = 2, width: int = 32, words: int = 0, kind: str = "xlm-roberta") -> Path:
    """In the shape of BAAI/bge-reranker-base: <s> query </s></s> passage </s>, positions after padding, no types."""
    import torch
    from tokenizers import processors
    from transformers import AutoConfig, AutoModelForSequenceClassification

    names = ["<s>", "<pad>", "</s>", UNKNOWN, *WORDS, *(f"w{each}" for each in range(words))]
    torch.manual_seed(7)
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(names),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=max(2, width // 64),
        intermediate_size=4 * width,
        max_position_embeddings=514 if words else 66,
        initializer_range=0.3 if not words else 0.05,
        num_labels=1,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tokenizer = word_tokenizer(names)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    save_tokenizer(
        tokenizer,
        folder,
        bos_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        cls_token="<s>",
        pad_token="<pad>",
        model_max_length=512,
        model_input_names=["input_ids", "attention_mask"],
    )
    return folder


def decoder(folder: Path, *, kind: str = "gemma", layers: int = 2, width: int = 32, words: int = 0) -> Path:
    """In the shape of BAAI/bge-reranker-v2-gemma: a language model that FlagEmbedding asks for a Yes."""
    import torch
    from tokenizers import Regex, pre_tokenizers
    from transformers import AutoConfig, AutoModelForCausalLM

    names = ["<pad>", "<eos>", "<bos>", UNKNOWN, *WORDS, *(f"w{each}" for each in range(words))]
    torch.manual_seed(7)
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(names),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=width // 2,
        intermediate_size=2 * width,
        max_position_embeddings=1024,
        initializer_range=0.3 if not words else 0.05,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer = word_tokenizer(names)
    pieces = pre_tokenizers.Split(Regex(r"\n|\w+|[^\w\s]"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pieces, pre_tokenizers.Split(" ", "removed")])
    save_tokenizer(tokenizer, folder, padding_side="left", pad_token="<pad>", eos_token="<eos>", bos_token="<bos>")
    return folder
