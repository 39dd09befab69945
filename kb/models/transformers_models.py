"""What every model that transformers runs needs first: that it is quiet, and knows the model."""

from __future__ import annotations

import os

from kb.errors import MissingModel
from kb.models.checkpoint import Checkpoint
from kb.models.reranker_checkpoint import RerankerCheckpoint


def quiet_transformers() -> None:
    """To be called before transformers loads anything: it then asks no hub and shows no progress."""
    # The folder is local; this keeps the hub's client from asking for updates and from reporting use.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from transformers.utils.logging import disable_progress_bar

    # That of loading weights: standard error is the command line's.
    disable_progress_bar()  # type: ignore[no-untyped-call]


def prepare_transformers(checkpoint: Checkpoint | RerankerCheckpoint) -> None:
    """To be called before transformers loads `checkpoint`. Raises MissingModel for a kind that it does not know."""
    quiet_transformers()
    import transformers
    from transformers import CONFIG_MAPPING

    if checkpoint.architecture not in CONFIG_MAPPING:
        raise MissingModel(
            f"The model in {checkpoint.folder} is of a kind that the installed transformers does not know "
            f"({checkpoint.architecture}), and program code of its own is never run: choose another."
        )
    # Another class of the same kind would be taken instead, whose weights may fit, and whose scores say nothing.
    if isinstance(checkpoint, RerankerCheckpoint) and checkpoint.head and not hasattr(transformers, checkpoint.head):
        raise MissingModel(
            f"The model in {checkpoint.folder} needs program code of its own ({checkpoint.head}), which is never run: "
            "choose another."
        )
