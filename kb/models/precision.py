"""The numbers that models on torch calculate in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


_WITHIN_FLOAT16 = frozenset({"bert", "distilbert", "electra", "roberta", "xlm-roberta"})


def precision_on(device: str) -> torch.dtype:
    """What models calculate in: single precision on a CPU, half on a GPU."""
    import torch

    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def score_precision_on(device: str, *, architecture: str) -> torch.dtype:
    """For cross-encoders: on a GPU float16 where the network is of a kind that keeps within its range, else as above.

    Of scores from 4 to 8 only every 0.03rd is a bfloat16, so that passages may tie.
    """
    import torch

    return torch.float16 if device != "cpu" and architecture in _WITHIN_FLOAT16 else precision_on(device)


def precision_name(dtype: object) -> str:
    """Which of "f32", "bf16" and "f16" a torch.dtype is."""
    return {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[str(dtype).removeprefix("torch.")]
