"""BGE-M3's network: an encoder, and the two linear layers beside it, colbert_linear and sparse_linear.

Each layer is a .safetensors file or, as published, a .pt, which is read without unpickling it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.errors import MissingModel
from kb.models.tensor_file import read_tensors
from kb.models.transformers_models import load_network
from kb.models.weights import HEADS, head_places

if TYPE_CHECKING:
    import torch


Array = NDArray[np.float32]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ViewsNetwork:
    """The network ready to run: ids and mask in, the three outputs of `views_module` out, as float32.

    `tokenizer` is its tokenizer's definition. `workers` are how many batches may run at once, of `batch_tokens` each.
    """

    run: Callable[[Ids, Ids], tuple[Array, Array, Array]]
    tokenizer: str
    workers: int
    batch_tokens: int


def heads_digest(folder: Path) -> str:
    """12 hexadecimal digits over the two layers. Raises MissingModel where one is missing."""
    digest = hashlib.sha256()
    for head in HEADS:
        digest.update(head_file(folder, head).read_bytes())
    return digest.hexdigest()[:12]


def views_module(folder: Path, precision: torch.dtype) -> torch.nn.Module:
    """Ids and mask in; out the first state of each text, a weight for each token, a vector for each but the first."""
    import torch
    from transformers import AutoModel

    encoder = load_network(AutoModel, folder, precision)
    tokens, lexical = (_linear(folder, head, encoder.config.hidden_size).to(precision) for head in HEADS)

    class Views(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.tokens, self.lexical = encoder, tokens, lexical

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return states[:, 0], torch.relu(self.lexical(states)).squeeze(-1), self.tokens(states[:, 1:])

    return Views()


def _linear(folder: Path, head: str, width: int) -> torch.nn.Linear:
    import torch

    path = head_file(folder, head)
    tensors = _tensors(path)
    weight, bias = tensors.get("weight"), tensors.get("bias")
    if weight is None or bias is None or weight.shape != (len(bias), width):
        raise MissingModel(f"{path} is no linear layer of the model beside it: use an undamaged copy of the model.")
    layer = torch.nn.Linear(width, len(bias))
    layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    return layer


def _tensors(path: Path) -> dict[str, Array]:
    if path.suffix == ".pt":
        return read_tensors(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: tensor.float().numpy() for name, tensor in load_file(path).items()}
    except SafetensorError as error:
        raise MissingModel(f"{path} is damaged ({error}): use an undamaged copy of the model.") from error


def head_file(folder: Path, head: str) -> Path:
    """The file of a linear layer, safetensors first. Raises MissingModel where there is none."""
    found = next((path for path in head_places(folder, head) if path.is_file()), None)
    if found is None:
        raise MissingModel(
            f"{folder} is no model of BGE-M3's kind ({head}.safetensors or {head}.pt is missing): name one that is, "
            "such as BAAI/bge-m3, in embedding.model."
        )
    return found
