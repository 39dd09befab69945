"""What an ingest, a removal and a question cost as a base grows: at 1,000, 10,000 and 100,000 passages.

    python benchmarks/growth.py --documents FOLDER [--sizes 1000,10000,100000] [--add 100]

A base of each size is filled with the texts of FOLDER, repeated with other numbers and names in them. Filling takes no
model: the vectors are those of real passages with noise. Then, each in a process of its own, documents are added with
the real model and published, documents removed and purged, the whole folder looked at again, and questions asked.
Prints JSON; "growth" compares the largest size with the smallest.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zlib import crc32

import numpy as np

from citewell import Filter, KnowledgeBase
from eval.speed import passages, peak_memory, timed
from ingest.indexing import Encoding
from ingest.pipeline import Ingestion
from kb.protocols import Embedder, Vectors, Vocabulary

CHUNKS_PER_DOCUMENT = 10
NOISE = 0.6
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"\b[A-Z][a-z]{4,}\b")


class NoisyEmbedder:
    """Stands in for an embedder while a base is filled: vectors like real ones, at no cost."""

    def __init__(self, real: Embedder, examples: Sequence[str]) -> None:
        self._real = real
        self._vectors = real.passages(examples)

    @property
    def fingerprint(self) -> str:
        return self._real.fingerprint

    @property
    def dimensions(self) -> int:
        return self._real.dimensions

    @property
    def window(self) -> int:
        return self._real.window

    @property
    def precision(self) -> str:
        return self._real.precision

    @property
    def tokenizer(self) -> Vocabulary:
        return self._real.tokenizer

    def passages(self, texts: Sequence[str]) -> Vectors:
        chance = np.random.default_rng([crc32(text.encode()) for text in texts])
        near = self._vectors[[crc32(text.encode()) % len(self._vectors) for text in texts]]
        noise = chance.normal(size=near.shape).astype(np.float32)
        mixed = near + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        unit: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return unit

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._real.queries(texts)


def paragraphs(folder: Path) -> list[str]:
    from ingest.reading import read_path
    from kb.types import Document

    found: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for document in read_path(path):
            if isinstance(document, Document):
                found += [part for part in document.text.split("\n\n") if len(part) > 200]
    return found


def changed(text: str, chance: random.Random) -> str:
    """The text with other numbers, and some other names."""
    other = _NUMBER.sub(lambda match: str(chance.randrange(10 ** len(match.group()))), text)
    return _NAME.sub(lambda match: match.group()[::-1].capitalize() if chance.random() < 0.3 else match.group(), other)


def write(folder: Path, texts: Sequence[str], names: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        chance = random.Random(name)  # noqa: S311
        parts = (changed(chance.choice(texts), chance) for _ in range(CHUNKS_PER_DOCUMENT))
        (folder / f"document {name}.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def fill(home: Path, folder: Path, texts: Sequence[str]) -> None:
    with KnowledgeBase.open(home=home, create=True) as base:
        from citewell.parsing import configured_parsing

        cheap = Encoding(NoisyEmbedder(base.embedder, texts[:400]), base._splitter)
        ingestion = Ingestion(
            base._store,
            lambda: cheap,
            configured_parsing(base.settings.ingest),
            on_progress=lambda _: None,
            on_outcome=lambda _: None,
            is_cancelled=lambda: False,
        )
        ingestion.run([folder])
        base.publish()


def measure(home: Path, folder: Path, more: Path) -> dict[str, float]:
    """What things cost on the base in `home`, in milliseconds, processor time unless it says otherwise."""
    with KnowledgeBase.open(home=home) as base:
        base.embedder.passages(["The first call is slower."])
        chunks = base.status().chunks

        def add() -> None:
            base.ingest([more]).wait()
            base.publish()

        added, count, memory = timed(add), len(list(more.iterdir())), peak_memory()
        names = [str(path) for path in sorted(more.iterdir())]
        one, several = timed(lambda: base.remove(names[:1])), timed(lambda: base.remove(names[1:21]))
        again = timed(lambda: base.ingest([folder]).wait())
        questions = [" ".join(text.split()[:12]) for text, _ in zip(passages(base), range(100), strict=False)]
        base.search(questions[0])
        asked = [timed(lambda question=question: base.search(question)).wall for question in questions]
        some = Filter(sources=tuple(str(path) for path in sorted(folder.iterdir())[::50]))
        began = timed(lambda: base.search(questions[0], filter=some))
        kept = [timed(lambda question=question: base.search(question, filter=some)).wall for question in questions]
        return {
            "chunks": chunks,
            "add_cpu_ms_per_document": round(1000 * added.cpu / count, 1),
            "add_wall_ms_per_document": round(1000 * added.wall / count, 1),
            "remove_one_wall_ms": round(1000 * one.wall, 1),
            "remove_twenty_wall_ms": round(1000 * several.wall, 1),
            "unchanged_wall_ms": round(1000 * again.wall, 1),
            "hybrid_query_p50_ms": round(1000 * median(asked), 1),
            "query_of_fiftieth_first_ms": round(1000 * began.wall, 1),
            "query_of_fiftieth_p50_ms": round(1000 * median(kept), 1),
            "peak_memory_of_adding_mb": round(memory / 1e6, 1),
        }


def apart(*arguments: str | Path) -> str:
    """Runs this script in a process of its own; gives what it writes."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ).stdout


def compare(documents: Path, place: Path, sizes: Sequence[int], add: int) -> dict[str, object]:
    os.environ.setdefault("CITEWELL_CACHE", str(place / "models"))
    texts = paragraphs(documents)
    results = []
    for size in sizes:
        folder, more, home = place / f"{size}", place / f"{size} more", place / f"{size} home"
        write(folder, texts, range(size // CHUNKS_PER_DOCUMENT))
        write(more, texts, range(10_000_000, 10_000_000 + add))
        apart("--fill", "--home", home, "--folder", folder, "--documents", documents)
        results.append(json.loads(apart("--measure", "--home", home, "--folder", folder, "--more", more)))
        for used in (folder, more, home):
            shutil.rmtree(used)
    growth = {name: round(results[-1][name] / results[0][name], 2) for name in results[0]}
    return {"sizes": results, "growth": growth}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--add", type=int, default=100)
    for name in ("home", "folder", "more"):
        parser.add_argument(f"--{name}", type=Path, help=argparse.SUPPRESS)
    for name in ("fill", "measure"):
        parser.add_argument(f"--{name}", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fill:
        fill(given.home, given.folder, paragraphs(given.documents))
    elif given.measure:
        sys.stdout.write(json.dumps(measure(given.home, given.folder, given.more)) + "\n")
    else:
        with TemporaryDirectory() as place:
            sizes = [int(size) for size in given.sizes.split(",")]
            sys.stdout.write(json.dumps(compare(given.documents, Path(place), sizes, given.add), indent=2) + "\n")


if __name__ == "__main__":
    main()
