"""A cross-encoder as a network of one number a pair. Imports torch: to be used where models are converted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kb.models.transformers_models import load_network, load_tokenizer

if TYPE_CHECKING:
    import torch


def score_module(folder: Path) -> torch.nn.Module:
    """The network of `folder` in single precision: ids, mask and perhaps types in, shape (pairs, 1) out.

    Its last layer is written as a product and a sum. OpenVINO multiplies matrices in bfloat16 and rounds what comes
    out, and of scores about 8 only every 0.03rd is a bfloat16: passages would tie. A sum it takes in single precision.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    class Sum(torch.nn.Module):
        def __init__(self, layer: torch.nn.Linear) -> None:
            super().__init__()
            self.weight, self.bias = layer.weight, layer.bias

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            total = (states * self.weight[0]).sum(-1, keepdim=True)
            return total if self.bias is None else total + self.bias

    class Scored(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = load_network(AutoModelForSequenceClassification, folder, torch.float32)
            for name, layer in list(self.network.named_modules()):
                if isinstance(layer, torch.nn.Linear) and layer.out_features == 1:
                    self.network.set_submodule(name, Sum(layer))

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
        ) -> torch.Tensor:
            types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            scores: torch.Tensor = self.network(input_ids=input_ids, attention_mask=attention_mask, **types).logits
            return scores

    return Scored()


def tells_types(folder: Path) -> bool:
    """Whether the network is told which tokens are the query's and which the passage's."""
    return "token_type_ids" in load_tokenizer(folder).model_input_names
