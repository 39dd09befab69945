"""How near the approximate vector search comes to an exact one, on a base as it is and after removals.

    python benchmarks/near_exact.py --kb NAME --questions FILE [--questions FILE ...] [--remove 0.3]

For each file of questions (a line each) it prints the mean and the lowest share of the 100 nearest passages by an exact
scan that search by meaning finds too. With --remove the base is copied, that share of its documents is removed from the
copy, and the same is asked again, with the vectors of removed passages still in the index and after it is built anew.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from citewell import KnowledgeBase

K = 100


def exact(base: KnowledgeBase) -> tuple[list[str], np.ndarray]:
    """The ids of all passages and their embeddings, read from the manifest."""
    with closing(sqlite3.connect(f"file:{base.folder / 'manifest.sqlite'}?mode=ro", uri=True)) as manifest:
        rows = manifest.execute("SELECT chunks.id, vector FROM chunks JOIN embeddings ON embeddings.id = embedding")
        found = [(f"{number:016x}", np.frombuffer(vector, "<f4")) for number, vector in rows]
    return [name for name, _ in found], np.stack([vector for _, vector in found])


def recall(base: KnowledgeBase, questions: list[str]) -> dict[str, float]:
    names, vectors = exact(base)
    shares = []
    for question in questions:
        cosines = vectors @ base.embedder.queries([question])[0]
        least = np.partition(cosines, -K)[-K]
        nearest = {names[index] for index in np.flatnonzero(cosines >= least - 1e-6)}
        found = base.search(question, K, mode="dense")
        shares.append(sum(hit.chunk.id in nearest for hit in found) / K)
    return {"passages": len(names), "mean": round(float(np.mean(shares)), 4), "lowest": min(shares)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--kb", default="default")
    parser.add_argument("--questions", type=Path, action="append", required=True)
    parser.add_argument("--remove", type=float, default=0.0)
    given = parser.parse_args()
    questions = {path.name: path.read_text(encoding="utf-8").splitlines() for path in given.questions}

    def measured(base: KnowledgeBase) -> dict[str, dict[str, float]]:
        return {name: recall(base, lines) for name, lines in questions.items()}

    with KnowledgeBase.open(given.kb, home=given.home) as base:
        report = {"as it is": measured(base)}
        folder = base.folder
    if given.remove:
        with TemporaryDirectory() as place:
            shutil.copytree(folder, Path(place) / "copy")
            with KnowledgeBase.open("copy", home=Path(place)) as copy:
                sources = sorted(row.source for row in copy.documents())
                gone = random.Random(1).sample(sources, int(given.remove * len(sources)))  # noqa: S311
                copy.remove(gone)
                report["removed"] = measured(copy)
                copy.publish()
                report["published"] = measured(copy)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
