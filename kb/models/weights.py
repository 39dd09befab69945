"""The weight files of a checkpoint: safetensors only, because a pickle can run code when it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kb.errors import MissingModel

HEADS = ("colbert_linear", "sparse_linear")
"""What BGE-M3 has beside its encoder, which its vectors do not depend on."""


def head_places(folder: Path, head: str) -> list[Path]:
    """Where one of HEADS may lie in `folder`, best first."""
    return [folder / f"{head}.safetensors", folder / f"{head}.pt"]


def weight_files(places: Sequence[Path]) -> list[Path]:
    """The safetensors files in the folders of a model's steps, folder by folder, each found to be whole.

    Raises MissingModel when there are none, when a step has only a pickle, or when a file is damaged.
    """
    found: list[Path] = []
    for place in places:
        tensors = sorted(path for path in place.glob("*.safetensors") if path.stem not in HEADS)
        if not tensors and any(place.glob("pytorch_model*.bin")):
            raise MissingModel(
                f"{place} holds its weights only as a pickle (pytorch_model.bin), which is never loaded because it can "
                "run code: use a copy of the model with model.safetensors, or write one without running the pickle by "
                f"`python -m kb.models.tensor_file {place}`."
            )
        found.extend(tensors)
    if not found:
        raise MissingModel(f"{places[0]} holds no weights (model.safetensors): name the folder of a whole checkpoint.")
    for path in found:
        _check_whole(path)
    return found


def _check_whole(weights: Path) -> None:
    """Reads the header alone: enough to tell a file that is cut off, or a Git LFS pointer."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="numpy"):
            pass
    except SafetensorError as error:
        raise MissingModel(f"{weights} is damaged ({error}): use an undamaged copy of the model.") from error
