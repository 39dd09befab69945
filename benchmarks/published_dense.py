"""nDCG@10 of the packaged embedder with documents cut as in published figures: title and text in one piece, 256 tokens.

    python benchmarks/published_dense.py DATASET

DATASET has the BEIR layout. The product itself cuts documents into passages; this shows that the embedder and the
metric are those of the publications (all-MiniLM-L6-v2 on SciFact: 0.645).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from eval.bases import cache_folder
from eval.datasets import RankingDataset, load_dataset
from eval.metrics import DOCUMENTS, ranking_values
from kb.models.embedders import DEFAULT_MODEL, load_embedder


def main(folder: Path) -> None:
    dataset = load_dataset(folder)
    if not isinstance(dataset, RankingDataset):
        sys.exit(f"{folder} does not have the BEIR layout.")
    documents = [json.loads(line) for line in dataset.content.read_text(encoding="utf-8").splitlines()]
    embedder = load_embedder(model=DEFAULT_MODEL, device="cpu", cache=cache_folder().parent / "models")
    passages = embedder.passages([f"{one.get('title', '')} {one['text']}".strip() for one in documents])
    scores = embedder.queries([query.text for query in dataset.queries]) @ passages.T
    best = np.argsort(-scores, axis=1)[:, :DOCUMENTS]
    run = {
        query.id: {documents[index]["_id"]: float(row[index]) for index in order}
        for query, row, order in zip(dataset.queries, scores, best, strict=True)
    }
    values = ranking_values(dataset.judgements, run)
    sys.stdout.write(f"{dataset.name}: nDCG@10 {np.mean([row['ndcg@10'] for row in values.values()]):.4f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
