"""What is here, and what would be used and why: what `citewell doctor` and the page's settings tell.

What is wrong with a part is told as a part of the finding.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from citewell.answerer import answerer_record
from citewell.home import base_names
from citewell.machine import Gpu, Processor, gpus, processor, versions
from kb.settings import Settings

Record = dict[str, object]
_PASSAGE = "The time from a question to its passages is mostly that of the model, and grows with their length. " * 8
_PASSAGES = 8
"""How many the reranker is timed on, of about 170 tokens each: a large model on a CPU takes seconds for these."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `reranker` is None where nothing can judge passages, `models` are those that come with packages.

    A model's record holds an `error` in its place where it cannot be used: one sentence, with what to do.
    """

    citewell: str
    versions: dict[str, str | None]
    processor: Processor
    gpus: list[Gpu]
    embedder: Record
    reranker: Record | None
    answerer: Record
    home: Path
    bases: list[str]
    models: dict[str, str]


def diagnosis(settings: Settings, home: Path) -> Diagnosis:
    """Embedder and reranker are loaded and tried out, which takes seconds; a server is asked for its models."""
    from citewell import __version__

    devices = gpus()
    return Diagnosis(
        citewell=__version__,
        versions=versions(),
        processor=processor(),
        gpus=devices,
        embedder=embedder_record(settings, home, has_gpu=bool(devices)),
        reranker=reranker_record(settings, home, has_gpu=bool(devices)),
        answerer=answerer_record(settings.generator),
        home=home,
        bases=base_names(home),
        models=_models(),
    )


def embedder_record(settings: Settings, home: Path, *, has_gpu: bool) -> Record:
    """The embedder, tried out; what is wrong with it is part of the finding."""
    from citewell.models import configured_checkpoint, configured_embedder
    from kb.errors import CitewellError
    from kb.models.openvino_embedder import OpenVinoEmbedder

    chosen = settings.embedding
    try:
        checkpoint = configured_checkpoint(chosen)
        embedder = configured_embedder(chosen, home)
        embedder.queries(["The first question is slower."])
        began = time.perf_counter()
        embedder.queries(["How long does one question take?"])
        elapsed = time.perf_counter() - began
    except CitewellError as error:
        return {"model": chosen.model, "error": str(error)}
    runtime = "OpenVINO" if isinstance(embedder, OpenVinoEmbedder) else "PyTorch"
    return {
        "model": chosen.model,
        "folder": str(checkpoint.folder),
        "fingerprint": embedder.fingerprint,
        "dimensions": embedder.dimensions,
        "window_tokens": embedder.window,
        "query_prefix": checkpoint.query_prefix,
        "query_prefix_from": checkpoint.before_query.source,
        "passage_prefix": checkpoint.passage_prefix,
        "passage_prefix_from": checkpoint.before_passage.source,
        "pooling": checkpoint.pooling,
        "pooling_from": checkpoint.pooled.source,
        "query_ms": round(1000 * elapsed, 1),
        "runtime": runtime,
        "precision": embedder.precision,
        "why": _why(runtime, chosen.device, has_gpu=has_gpu),
    }


def reranker_record(settings: Settings, home: Path, *, has_gpu: bool) -> Record | None:
    """The reranker that the settings name, tried out; else what judges in its place; None where nothing can."""
    from citewell.models import configured_scorer
    from kb.errors import CitewellError

    chosen = settings.rerank
    if not chosen.model:
        return _late_interaction(settings)
    try:
        scorer = configured_scorer(chosen, home)
        scorer.scores("How long does it take?", [_PASSAGE])
        began = time.perf_counter()
        scorer.scores("How long does it take?", [_PASSAGE] * _PASSAGES)
        elapsed = time.perf_counter() - began
    except CitewellError as error:
        return {"model": chosen.model, "error": str(error)}
    return {
        "model": chosen.model,
        "folder": str(scorer.checkpoint.folder),
        "fingerprint": scorer.checkpoint.fingerprint,
        "kind": scorer.checkpoint.kind,
        "pair_tokens": scorer.checkpoint.tokens,
        "passages_per_second": round(_PASSAGES / elapsed, 1),
        "runtime": scorer.runtime,
        "precision": scorer.precision,
        "why": _why(scorer.runtime, chosen.device, has_gpu=has_gpu),
    }


def _late_interaction(settings: Settings) -> Record | None:
    from citewell.models import configured_checkpoint
    from kb.errors import CitewellError

    try:
        can_judge = configured_checkpoint(settings.embedding).has_comparable_tokens
    except CitewellError:
        return None  # What is wrong with the embedder is told there.
    return {"model": "", "kind": "late interaction", "why": "rerank.model names none"} if can_judge else None


def _why(runtime: str, device: str, *, has_gpu: bool) -> str:
    if runtime == "OpenVINO":
        return "there is no GPU that torch can use" if not has_gpu else f'the settings say device = "{device}"'
    if has_gpu and device != "cpu":
        return "there is a GPU"
    return "OpenVINO takes over plain encoders of kinds that were compared on it, which this model is not"


def _models() -> dict[str, str]:
    """The folders of the models that come with the packages, by name."""
    from kb.errors import MissingModel
    from kb.models.embedders import DEFAULT_MODEL, find_model

    try:
        return {DEFAULT_MODEL: str(find_model(DEFAULT_MODEL))}
    except MissingModel:
        return {}
