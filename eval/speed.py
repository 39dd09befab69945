"""How fast this machine ingests and searches, and how much memory that takes; measured on documents, not on quality."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from citewell import KnowledgeBase, Settings
from eval.latency import Latency, latency, latency_json
from kb.protocols import Embedder
from kb.text.passages import indexed_text

PORTION = 128
"""Passages embedded at a time, as an ingest does."""
QUERIES = 100
MODES = ("dense", "lexical", "hybrid")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that passed, and seconds of processors (user and system, child processes included)."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """What was measured.

    `tokens` are those of all passages with their context. `gflops` are billions of operations of the embedder's
    matrices per second of processor, `matrix_gflops` what the processor reaches on a large matrix product in the same
    `precision`. `peak_memory_mb` is that of the measuring process.
    """

    documents: int
    chunks: int
    tokens: int
    ingest: Spent
    embedding: Spent
    gflops: float | None
    precision: str
    matrix_gflops: float
    queries: dict[str, Latency]
    base_mb: float
    peak_memory_mb: float

    @property
    def share_of_embedding(self) -> float:
        """The rate of the whole ingest as a share of that of embedding alone, by processor time."""
        return self.embedding.cpu / self.ingest.cpu

    def as_json(self) -> dict[str, object]:
        return {
            "documents": self.documents,
            "chunks": self.chunks,
            "tokens_per_chunk": round(self.tokens / max(1, self.chunks), 1),
            "ingest": _rates(self.ingest, self.chunks),
            "embedding": {**_rates(self.embedding, self.chunks), "gflops_per_cpu_second": self.gflops},
            "precision": self.precision,
            "matrix_gflops_per_cpu_second": self.matrix_gflops,
            "share_of_matrix_rate": self.gflops and round(self.gflops / self.matrix_gflops, 3),
            "share_of_embedding": round(self.share_of_embedding, 3),
            "query_ms": {mode: latency_json(found) for mode, found in self.queries.items()},
            "base_mb": round(self.base_mb, 1),
            "peak_memory_mb": round(self.peak_memory_mb, 1),
        }


def measure_speed(
    documents: Path | None, *, settings: Settings, count: int = 1_000, progress: Progress = lambda _: None
) -> SpeedReport:
    """Ingests `documents`, else about `count` passages of made-up text, into a base that is deleted afterwards."""
    with TemporaryDirectory(prefix="citewell-bench-") as place:
        folder = documents or write_documents(Path(place) / "documents", passages=count)
        with KnowledgeBase.open(home=Path(place) / "home", settings=settings, create=True) as base:
            progress("Loading the model")
            base.embedder.passages(["The first call is slower."])
            progress("Ingesting")
            ingest = timed(lambda: base.ingest([folder]).wait())
            texts = list(passages(base))
            progress("Embedding alone")
            embedding = timed(lambda: embed(base.embedder, texts))
            progress("Searching")
            status, tokens = base.status(), sum(len(base.embedder.tokenizer.offsets(text)) for text in texts)
            return SpeedReport(
                documents=status.documents,
                chunks=status.chunks,
                tokens=tokens,
                ingest=ingest,
                embedding=embedding,
                gflops=_gflops(settings, tokens, len(texts), embedding),
                precision=base.embedder.precision,
                matrix_gflops=matrix_rate(base.embedder.precision),
                queries={mode: _latency(base, mode, texts) for mode in MODES} if texts else {},
                base_mb=status.bytes / 1e6,
                peak_memory_mb=peak_memory() / 1e6,
            )


def timed(work: Callable[[], object]) -> Spent:
    wall, cpu = perf_counter(), _cpu_seconds()
    work()
    return Spent(perf_counter() - wall, _cpu_seconds() - cpu)


def passages(base: KnowledgeBase) -> Iterator[str]:
    """All passages of a base as they were embedded."""
    for row in base.documents():
        for chunk in base.passages(row.source):
            yield indexed_text(chunk.context, chunk.text)


def embed(embedder: Embedder, texts: Sequence[str]) -> None:
    for first in range(0, len(texts), PORTION):
        embedder.passages(texts[first : first + PORTION])


def write_documents(folder: Path, *, passages: int, seed: int = 7) -> Path:
    """Text files of made-up words, as many as give about that many passages, their frequencies falling by rank (Zipf,
    1949), in sentences and paragraphs; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311
    syllables = [onset + vowel for onset in "bdfgklmnprstvz" for vowel in "aeiou"]
    words = ["".join(chance.choices(syllables, k=chance.randint(1, 3))) for _ in range(5_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    folder.mkdir(parents=True)
    for number in range(max(1, passages // 10)):
        paragraphs = []
        for _ in range(12):
            sentences = (" ".join(chance.choices(words, weights, k=chance.randint(8, 20))) for _ in range(5))
            paragraphs.append(" ".join(f"{sentence.capitalize()}." for sentence in sentences))
        (folder / f"document {number}.txt").write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    return folder


def peak_memory() -> int:
    """Bytes of this process at its largest, 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def flops_per_token(config: dict[str, int], length: float) -> float:
    """Floating point operations of a BERT-like encoder for a token of a text of `length` tokens.

    A layer has four matrices of hidden x hidden and two of hidden x intermediate, and attends twice to every token of
    the text; a multiply-add is two operations (Kaplan et al., 2020, table 1, without embeddings and biases).
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return 2 * config["num_hidden_layers"] * (4 * hidden**2 + 2 * hidden * inner + 2 * length * hidden)


def matrix_rate(precision: str, size: int = 2048, repeat: int = 12) -> float:
    """Billions of operations per second of processor of a product of square matrices: the best of some.

    In bfloat16 for an embedder that calculates in it, else in single precision: a processor without bfloat16 takes
    minutes to imitate it.
    """
    import torch

    one, other = torch.randn(2, size, size, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    best = min(timed(lambda: one @ other).cpu for _ in range(repeat))
    return round(2 * size**3 / best / 1e9, 1)


def _gflops(settings: Settings, tokens: int, chunks: int, spent: Spent) -> float | None:
    """What the embedder's matrices did; None for models whose size cannot be told so."""
    from kb.models.embedders import find_model

    config = json.loads((find_model(settings.embedding.model) / "config.json").read_text(encoding="utf-8"))
    if not {"hidden_size", "intermediate_size", "num_hidden_layers"} <= config.keys():
        return None
    return round(tokens * flops_per_token(config, tokens / max(1, chunks)) / spent.cpu / 1e9, 1)


def _latency(base: KnowledgeBase, mode: str, texts: Sequence[str]) -> Latency:
    step = max(1, len(texts) // QUERIES)
    queries = [" ".join(text.split()[:12]) for text in texts[::step]]
    base.search(queries[0], mode=mode)
    return latency([timed(partial(base.search, query, mode=mode)).wall for query in queries])


def _rates(spent: Spent, chunks: int) -> dict[str, float]:
    return {
        "seconds": round(spent.wall, 2),
        "cpu_seconds": round(spent.cpu, 4),
        "chunks_per_second": round(chunks / spent.wall, 1),
        "chunks_per_cpu_second": round(chunks / spent.cpu, 1),
    }


def _cpu_seconds() -> float:
    children = os.times()  # In steps of ten milliseconds, which is as fine as they are told.
    return process_time() + children.children_user + children.children_system
