"""The one place that chooses a reranker: what kind a model is, and what runs it on this machine."""

from __future__ import annotations

from pathlib import Path

from kb.models.embedders import chosen_device, local_folder
from kb.models.llm_scorer import LlmScorer
from kb.models.openvino_scorer import OpenVinoScorer
from kb.models.reranker_checkpoint import RerankerCheckpoint, read_reranker
from kb.models.torch_scorer import TorchScorer

ModelScorer = OpenVinoScorer | TorchScorer | LlmScorer
TOKENS = 512
"""What FlagEmbedding's and sentence-transformers' rerankers were trained on, most of them."""
# Cross-encoders whose conversion was compared with sentence-transformers; others run on torch. By their classes: what
# calls itself a "bert" may be one with code of its own.
_CONVERTIBLE = frozenset(
    {"BertForSequenceClassification", "RobertaForSequenceClassification", "XLMRobertaForSequenceClassification"}
)


def load_scorer(*, model: str, device: str, cache: Path, tokens: int = TOKENS) -> ModelScorer:
    """The reranker `model`: a folder, or a name in the local Hugging Face cache. Nothing is downloaded.

    `device` is "cpu", "cuda" or "auto" (CUDA where there is some); `cache` keeps what is prepared once for a CPU; of a
    query with a passage at most `tokens` are seen, and it is the end of the passage that is not. Raises MissingModel
    and SettingsError.
    """
    folder = local_folder(model, kind="reranker")
    checkpoint = read_reranker(folder, name=Path(model).resolve().name, tokens=tokens)
    chosen = chosen_device(device)
    if checkpoint.kind == "decoder":
        return LlmScorer(checkpoint, device=chosen)
    if chosen == "cpu" and _convertible(checkpoint):
        return OpenVinoScorer(checkpoint, cache=cache)
    return TorchScorer(checkpoint, device=chosen)


def _convertible(checkpoint: RerankerCheckpoint) -> bool:
    return checkpoint.kind == "cross-encoder" and checkpoint.head in _CONVERTIBLE
