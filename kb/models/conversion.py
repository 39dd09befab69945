"""Turns a checkpoint into an OpenVINO graph, once, in a process of its own.

The process keeps torch (1.9 s to import, some 500 MB), its warnings and the variables set for it out of ours.
Run as `python -m kb.models.conversion FOLDER POOLING LOWERCASE TARGET`.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import MissingModel
from kb.models.bge_m3_network import views_module
from kb.models.checkpoint import Checkpoint
from kb.models.reranker_checkpoint import SCORE, RerankerCheckpoint
from kb.models.score_network import score_module, tells_types
from kb.models.transformers_models import load_network, load_tokenizer, loading_told

if TYPE_CHECKING:
    import torch

GRAPH = "encoder.xml"
WEIGHTS = "encoder.bin"
TOKENIZER = "tokenizer.json"
POOLINGS = frozenset({"mean", "cls", "lasttoken"})
VIEWS = "views"
_FORMAT = 2
_log = logging.getLogger(__name__)


def converted(checkpoint: Checkpoint | RerankerCheckpoint, cache: Path, *, views: str = "") -> Path:
    """The folder in `cache` that holds the checkpoint's graph and tokenizer, made when it is not there yet.

    With `views`, an identity of BGE-M3's linear layers, the graph gives its three views of a text, not pooled rows.
    Several processes may do this at once: each works in a folder of its own, and the first to finish is kept.
    """
    kind = f"{VIEWS}-{views}-" if views else ""
    place = cache / f"{checkpoint.graph}-{kind}{_FORMAT}-openvino-{version('openvino')}"
    if _complete(place):
        return place
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache))
    try:
        _convert_apart(checkpoint, VIEWS if views else checkpoint.pooling, work)
        work.replace(place)
    except OSError:
        if not _complete(place):
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def _complete(place: Path) -> bool:
    files = [place / name for name in (GRAPH, WEIGHTS, TOKENIZER)]
    return all(file.is_file() and file.stat().st_size for file in files)


def _convert_apart(checkpoint: Checkpoint | RerankerCheckpoint, pooling: str, target: Path) -> None:
    command = [sys.executable, "-P", "-m", "kb.models.conversion", str(checkpoint.folder), pooling]
    command += [str(int(checkpoint.lowercase)), str(target)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # A local folder needs no hub; these keep the libraries from asking one for updates all the same.
    environment |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return
    _log.error("converting %s failed:\n%s", checkpoint.folder, done.stderr)
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    if done.returncode == MissingModel.exit_code:
        raise MissingModel(reason)
    raise MissingModel(f"The model in {checkpoint.folder} cannot be loaded ({reason}): use an undamaged copy of it.")


def convert(folder: Path, *, pooling: str, lowercase: bool, target: Path) -> None:
    """Write the network and its tokenizer.

    Ids and mask go in. An encoder gives a row a text and then one a token, a reranker a row a pair, BGE-M3 its views.

    Raises MissingModel.
    """
    with loading_told(folder):
        _write_graph(folder, pooling, target / GRAPH)
        definition = tokenizer_definition(folder, lowercase=lowercase)
    (target / TOKENIZER).write_text(definition, encoding="utf-8")


def _write_graph(folder: Path, pooling: str, path: Path) -> None:
    from kb.models.openvino_runtime import silence_openvino

    silence_openvino()
    import openvino as ov
    import torch

    network = _network(folder, pooling)
    ids = torch.tensor([[5, 6, 7, 8], [5, 6, 7, 8]])
    example = {"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])}
    if pooling == SCORE and tells_types(folder):
        example["token_type_ids"] = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 0]])
    shapes = [(name, ov.PartialShape([-1, -1]), ov.Type.i64) for name in example]
    with torch.no_grad():
        graph = ov.convert_model(network.eval(), example_input=example, input=shapes)
    ov.save_model(graph, path, compress_to_fp16=False)


def _network(folder: Path, pooling: str) -> torch.nn.Module:
    import torch

    if pooling == SCORE:
        return score_module(folder)
    return views_module(folder, torch.float32) if pooling == VIEWS else _pooled_network(folder, pooling)


def _pooled_network(folder: Path, pooling: str) -> torch.nn.Module:
    import torch
    from transformers import AutoModel

    encoder = load_network(AutoModel, folder, torch.float32)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return _pool(states, attention_mask.unsqueeze(-1).to(states.dtype), pooling), states

    return Pooled()


def _pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """The rows that stand for each text; padding is on the right."""
    import torch

    if pooling == "cls":
        return states[:, 0]
    if pooling == "lasttoken":
        mask = mask - torch.nn.functional.pad(mask, (0, 0, 0, 1))[:, 1:]
    return (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)


def tokenizer_definition(folder: Path, *, lowercase: bool) -> str:
    """A checkpoint's tokenizer in the format of the `tokenizers` library, with the id that pads its rows."""
    from tokenizers.normalizers import Lowercase, Sequence

    tokenizer = load_tokenizer(folder)
    backend = tokenizer.backend_tokenizer
    if lowercase:
        backend.normalizer = Sequence([Lowercase(), *([backend.normalizer] if backend.normalizer else [])])
    # The padding id travels in the tokenizer's file: some encoders count positions by it.
    backend.enable_padding(pad_id=tokenizer.pad_token_id or 0, pad_token=tokenizer.pad_token or "[PAD]")
    return str(backend.to_str())


if __name__ == "__main__":
    source, mode, fold, out = sys.argv[1:]
    try:
        convert(Path(source), pooling=mode, lowercase=bool(int(fold)), target=Path(out))
    except MissingModel as error:
        traceback.print_exc()
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
