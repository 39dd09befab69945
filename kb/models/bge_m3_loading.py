"""The one place that chooses what runs BGE-M3 on this machine."""

from __future__ import annotations

from pathlib import Path

from kb.models.bge_m3 import BgeM3Encoder
from kb.models.bge_m3_network import Array, Ids, ViewsNetwork, heads_digest, views_module
from kb.models.checkpoint import Checkpoint
from kb.models.conversion import GRAPH, TOKENIZER, converted, tokenizer_definition
from kb.models.embedders import CONVERTIBLE, chosen_device
from kb.models.openvino_runtime import BATCH_TOKENS, network_of
from kb.models.precision import precision_on
from kb.models.transformers_models import loading_told, prepare_transformers

_TORCH_BATCH = {"cpu": 2_048, "cuda": 65_536}


def load_bge_m3(checkpoint: Checkpoint, *, device: str, cache: Path) -> BgeM3Encoder:
    """The encoder of all of BGE-M3's views; `device` and `cache` as for an embedder.

    Raises MissingModel for a checkpoint without BGE-M3's two linear layers, and SettingsError for the device.
    """
    chosen = chosen_device(device)
    heads_digest(checkpoint.folder)
    if chosen == "cpu" and checkpoint.architecture in CONVERTIBLE:
        return BgeM3Encoder(checkpoint, openvino_network(checkpoint, cache=cache))
    return BgeM3Encoder(checkpoint, torch_network(checkpoint, device=chosen))


def openvino_network(checkpoint: Checkpoint, *, cache: Path) -> ViewsNetwork:
    """For a CPU: converted once, then without torch."""
    place = converted(checkpoint, cache, views=heads_digest(checkpoint.folder))
    network = network_of(place / GRAPH)

    def run(ids: Ids, mask: Ids) -> tuple[Array, Array, Array]:
        dense, weights, tokens = network.infer({"input_ids": ids, "attention_mask": mask})
        return dense, weights, tokens

    return ViewsNetwork(
        run=run,
        tokenizer=(place / TOKENIZER).read_text(encoding="utf-8"),
        workers=network.workers,
        batch_tokens=BATCH_TOKENS,
    )


def torch_network(checkpoint: Checkpoint, *, device: str) -> ViewsNetwork:
    """For a GPU, in half precision, and for encoders that OpenVINO does not take over."""
    prepare_transformers(checkpoint)
    import torch

    with loading_told(checkpoint.folder):
        module = views_module(checkpoint.folder, precision_on(device)).to(device).eval()
        definition = tokenizer_definition(checkpoint.folder, lowercase=checkpoint.lowercase)

    def run(ids: Ids, mask: Ids) -> tuple[Array, Array, Array]:
        with torch.inference_mode():
            outputs = module(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
        dense, weights, tokens = (output.float().cpu().numpy() for output in outputs)
        return dense, weights, tokens

    return ViewsNetwork(run=run, tokenizer=definition, workers=1, batch_tokens=_TORCH_BATCH[device])
