"""What every model that transformers runs needs: that it is quiet, known to it, and whole in its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb.errors import CitewellError, MissingModel
from kb.foreign import reason
from kb.models.checkpoint import Checkpoint, steps_in
from kb.models.reranker_checkpoint import RerankerCheckpoint

if TYPE_CHECKING:
    import torch
    from sentence_transformers.base.model import BaseModel
    from transformers import (
        AutoModel,
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        PreTrainedConfig,
        PreTrainedModel,
        PreTrainedTokenizerBase,
    )
    from transformers.utils.quantization_config import QuantizationConfigMixin

    AutoClass = type[AutoModel] | type[AutoModelForCausalLM] | type[AutoModelForSequenceClassification]


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


@contextmanager
def loading_told(folder: Path) -> Iterator[None]:
    """Raises MissingModel, with the reason, for whatever is raised within that is not an error of ours.

    On files that are damaged, other people's loading code raises anything: KeyError, RuntimeError, TypeError.
    """
    try:
        yield
    except CitewellError:
        raise
    except ImportError as error:
        raise MissingModel(
            f"The model in {folder} needs a package that is not installed ({reason(error)}): install it, or choose "
            "another model."
        ) from error
    except Exception as error:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # That of torch, not imported.
            raise MissingModel(
                f"The model in {folder} does not fit into memory ({reason(error)}): free some, or choose a smaller one."
            ) from error
        raise _unloadable(folder, reason(error)) from error


def load_network(
    kind: AutoClass | type[PreTrainedModel],
    folder: Path,
    precision: torch.dtype,
    *,
    config: PreTrainedConfig | None = None,
    device: str | None = None,
    quantisation: QuantizationConfigMixin | None = None,
) -> PreTrainedModel:
    """The network in `folder`, by a class of transformers'; to be called in `loading_told`.

    Raises MissingModel for one that its files do not hold all weights of: transformers would make the rest up.
    """
    loaded: Any = kind.from_pretrained(
        folder,
        config=config,
        device_map=device,
        dtype=precision,
        quantization_config=quantisation,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # They are reported then, and can be named.
    )
    network, report = loaded
    if odd := sorted(name for name, *_ in report["mismatched_keys"]):
        raise _unloadable(folder, f"{odd[0]} is of another shape than config.json says")
    # The pooler of a bare encoder is in few files, and read by nobody here: vectors are made of its states.
    bare = network.base_model is network
    if lacking := sorted(name for name in report["missing_keys"] if not (bare and name.startswith("pooler."))):
        raise _unloadable(folder, f"it lacks {lacking[0]}")
    return network  # type: ignore[no-any-return]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer in `folder`; to be called in `loading_told`."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    return tokenizer


def require_networks(model: BaseModel, folder: Path) -> None:
    """Raises MissingModel where files in `folder` lack weights of what sentence-transformers has loaded from there.

    It does not tell, so the networks are loaded once more, on the device that keeps no numbers (0.1 s for a gigabyte);
    to be called in `loading_told`.
    """
    from sentence_transformers.base.modules import Transformer

    for step, (_, place) in zip(model, steps_in(folder), strict=False):
        if isinstance(step, Transformer):
            network = step.model
            load_network(type(network), place, network.dtype, config=network.config, device="meta")


def _unloadable(folder: Path, why: str) -> MissingModel:
    return MissingModel(
        f"The model in {folder} cannot be loaded ({why}): use an undamaged copy of it, or another model."
    )
