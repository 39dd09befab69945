"""Ingest beside LlamaIndex's own pipeline: the same model, the same passages, from text to searchable.

    pip install -c constraints.txt -e '.[benchmarks]'
    python benchmarks/against_llama_index.py [--documents FOLDER] [--passages 1000] [--rounds 5]

Each measurement is a process of its own, its model loaded beforehand; they take turns, so that whatever else the
machine does meets all of them. Citewell reads files, cuts, embeds, commits and publishes; then its passages go to
LlamaIndex as texts (SentenceSplitter, HuggingFaceEmbedding, ChromaVectorStore), and to the embedder alone. Prints
the medians as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from citewell import KnowledgeBase
from eval.speed import Spent, embed, matrix_rate, passages, timed, write_documents


def citewell(folder: Path, texts: Path, place: Path) -> Spent:
    with KnowledgeBase.open(home=place, create=True) as base:
        base.embedder.passages(["The first call is slower."])
        spent = timed(lambda: base.ingest([folder]).wait())
        if not texts.exists():
            texts.write_text(json.dumps(list(passages(base))))
    return spent


def llama_index(_: Path, texts: Path, place: Path) -> Spent:
    import chromadb
    from llama_index.core import Document
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from kb.models.embedders import DEFAULT_MODEL, find_model

    model = HuggingFaceEmbedding(model_name=str(find_model(DEFAULT_MODEL)), device="cpu")
    model.get_text_embedding("The first call is slower.")
    settings = chromadb.Settings(anonymized_telemetry=False)
    collection = chromadb.PersistentClient(str(place), settings=settings).create_collection("bench")
    splitter = SentenceSplitter(chunk_size=1024, chunk_overlap=0, tokenizer=model._model.tokenizer.tokenize)
    store = ChromaVectorStore(chroma_collection=collection)
    pipeline = IngestionPipeline(transformations=[splitter, model], vector_store=store)
    documents = [Document(text=text) for text in json.loads(texts.read_text())]
    spent = timed(lambda: pipeline.run(documents=documents))
    if collection.count() != len(documents):
        raise RuntimeError(f"{len(documents)} passages became {collection.count()}")
    return spent


def embedding(_: Path, texts: Path, place: Path) -> Spent:
    with KnowledgeBase.open(home=place, create=True) as base:
        base.embedder.passages(["The first call is slower."])
        return timed(lambda: embed(base.embedder, json.loads(texts.read_text())))


WAYS: dict[str, Callable[[Path, Path, Path], Spent]] = {
    "citewell": citewell,
    "llama_index": llama_index,
    "embedding": embedding,
}


def measured(way: str, folder: Path, texts: Path, cache: Path) -> Spent:
    """One measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--way", way, "--documents", str(folder), "--texts", str(texts)],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "CITEWELL_CACHE": str(cache)},
    )
    return Spent(**json.loads(done.stdout.splitlines()[-1]))


def compare(folder: Path, place: Path, rounds: int) -> dict[str, object]:
    texts, spent = place / "texts.json", dict[str, list[Spent]]()
    for _ in range(rounds):
        for way in WAYS:
            spent.setdefault(way, []).append(measured(way, folder, texts, place / "models"))
    chunks = len(json.loads(texts.read_text()))
    walls = {way: median(each.wall for each in spent[way]) for way in WAYS}
    cpus = {way: median(each.cpu for each in spent[way]) for way in WAYS}
    return {
        "passages": chunks,
        "rounds": rounds,
        "passages_per_second": {way: round(chunks / walls[way], 1) for way in WAYS},
        "passages_per_cpu_second": {way: round(chunks / cpus[way], 1) for way in WAYS},
        "times_llama_index": {"wall": ratio(walls, "llama_index"), "cpu": ratio(cpus, "llama_index")},
        "share_of_embedding_alone": {"wall": ratio(walls, "embedding"), "cpu": ratio(cpus, "embedding")},
        **_matrix_rate(place),
    }


def _matrix_rate(place: Path) -> dict[str, object]:
    with KnowledgeBase.open(home=place / "home", create=True) as base:
        precision = base.embedder.precision
    return {"precision": precision, "matrix_gflops_per_cpu_second": matrix_rate(precision)}


def ratio(seconds: dict[str, float], other: str) -> float:
    return round(seconds[other] / seconds["citewell"], 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--passages", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--texts", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        if given.way:
            spent = WAYS[given.way](given.documents, given.texts, Path(place))
            sys.stdout.write(json.dumps(asdict(spent)) + "\n")
            return
        folder = given.documents or write_documents(Path(place) / "documents", passages=given.passages)
        sys.stdout.write(json.dumps(compare(folder, Path(place), given.rounds), indent=2) + "\n")


if __name__ == "__main__":
    main()
