"""The numbers that models on torch calculate in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def precision_on(device: str) -> torch.dtype:
    """What models calculate in: single precision on a CPU, half on a GPU."""
    import torch

    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def score_precision_on(device: str) -> torch.dtype:
    """For cross-encoders: single precision on a CPU, float16 on a GPU.

    Encoders keep within its range, and of scores from 4 to 8 only every 0.03rd is a bfloat16: passages would tie.
    """
    import torch

    return torch.float32 if device == "cpu" else torch.float16


def precision_name(dtype: object) -> str:
    """Which of "f32", "bf16" and "f16" a torch.dtype is."""
    return {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}[str(dtype).removeprefix("torch.")]
