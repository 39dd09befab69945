"""A question's time beside LlamaIndex and txtai: the same passages and vectors, hybrid search, ten passages found.

    pip install -c constraints.txt -e '.[benchmarks]'
    pip install --no-deps llama-index-retrievers-bm25==0.8.0 bm25s==0.3.16
    pip install --no-deps txtai==9.14.0 faiss-cpu==1.15.1 msgpack==1.2.4
    python benchmarks/search_beside_others.py --kb NAME --questions FILE [--questions FILE ...] [--passes 3]

All work on a copy of the base NAME (--place FOLDER keeps it, and what is built of it, for another run). Citewell builds
its indexes anew; LlamaIndex is given texts and vectors (ChromaVectorStore and BM25Retriever, 100 of each, joined by
QueryFusionRetriever's reciprocal_rerank), and so is txtai (hybrid=True: faiss and its BM25), without texts (content
off: it gives ids) and with them. Everything else is as the tools have it by default. A question is embedded by each
tool's usual embedding on a CPU, of all-MiniLM-L6-v2: OpenVINO, sentence-transformers, transformers.

Each tool answers in a process of its own; the questions, a line each, go to one after another, each time to another
one first, so that whatever else the machine does meets all of them. Not alike, though: where processors are busy, the
threads of torch and faiss wait for one another, which OMP_NUM_THREADS=1 keeps them from. Prints JSON: milliseconds of
a question with its embedding, medians of the passes. "times_citewell" are ratios within a pass, their median and
range.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

from near_exact import exact
from searching_tools import FIRST, FOUND, TOOLS, Ask, Passages

from citewell import KnowledgeBase
from eval.latency import latency
from eval.speed import Spent, timed
from kb.text.passages import indexed_text

PAUSE = 0.01
"""Seconds between two tools: threads of the one before may still be spinning for a while."""
PACKAGES = (
    "openvino",
    "tantivy",
    "numpy",
    "chromadb",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-chroma",
    "llama-index-retrievers-bm25",
    "bm25s",
    "PyStemmer",
    "sentence-transformers",
    "transformers",
    "torch",
    "txtai",
    "faiss-cpu",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question took, and the ids of the passages found."""

    spent: Spent
    found: list[str]


def read_passages(home: Path) -> Passages:
    """The passages of the base in `home`, in the order in which the manifest gives their vectors."""
    with KnowledgeBase.open("base", home=home) as base:
        names, vectors = exact(base)
        chunks = (chunk for row in base.documents() for chunk in base.passages(row.source))
        texts = {chunk.id: indexed_text(chunk.context, chunk.text) for chunk in chunks}
    return Passages(names, [texts[name] for name in names], vectors)


def build(name: str, place: Path, pipe: Connection) -> None:
    passages = read_passages(place / "citewell")
    (place / name).mkdir(exist_ok=True)
    spent = timed(lambda: TOOLS[name].build(place / name, passages))
    pipe.send({"passages": len(passages.names), "seconds": round(spent.wall, 1), "cpu_seconds": round(spent.cpu, 1)})


def serve(name: str, place: Path, pipe: Connection) -> None:
    """Sends what memory the indexes take, answers questions until one is None, and sends the memory again."""
    load = TOOLS[name].prepare(place / name)
    before = memory()
    ask = load()
    for question in FIRST:
        ask(question)
    pipe.send(growth(before))
    while (question := pipe.recv()) is not None:
        pipe.send(asked(ask, question))
    pipe.send(growth(before))


def asked(ask: Ask, question: str) -> Asked:
    found: list[str] = []
    return Asked(timed(lambda: found.extend(ask(question))), found)


def memory() -> dict[str, float]:
    """Megabytes of this process in memory, and what of them are no files' pages; nothing where Linux does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {
        name: int(fields[field].split()[0]) * 1024 / 1e6
        for name, field in (("resident_mb", "VmRSS"), ("anonymous_mb", "RssAnon"))
    }


def growth(before: dict[str, float]) -> dict[str, float]:
    return {name: round(now - before[name], 1) for name, now in memory().items()}


@contextmanager
def started(work: Callable[[str, Path, Connection], None], name: str, place: Path) -> Iterator[Connection]:
    """A process of its own that does `work`, and the pipe to it."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(name, place, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def built(base: str, home: Path | None, place: Path) -> dict[str, dict[str, float]]:
    """What building took, by tool: of a copy of the base `base`, in `place`, unless that was done before."""
    record = place / "built.json"
    if not record.exists():
        with KnowledgeBase.open(base, home=home) as opened:
            shutil.copytree(opened.folder, place / "citewell" / "base")
        spent = {}
        for name in TOOLS:
            with started(build, name, place) as pipe:
                spent[name] = pipe.recv()
        record.write_text(json.dumps(spent))
    found: dict[str, dict[str, float]] = json.loads(record.read_text())
    return found


def measured(place: Path, questions: Sequence[str], passes: int) -> tuple[dict[str, list[list[Asked]]], object]:
    """By tool what each question took in each pass; and by tool what memory its indexes took, before and after."""
    taken: dict[str, list[list[Asked]]] = {name: [[] for _ in range(passes)] for name in TOOLS}
    with ExitStack() as stack:
        pipes = {name: stack.enter_context(started(serve, name, place)) for name in TOOLS}
        loaded = {name: pipe.recv() for name, pipe in pipes.items()}
        for number in range(passes):
            for turn, question in enumerate(questions):
                for name in rotated(list(TOOLS), turn):
                    time.sleep(PAUSE)
                    pipes[name].send(question)
                    taken[name][number].append(pipes[name].recv())
        for pipe in pipes.values():
            pipe.send(None)
        at_end = {name: pipe.recv() for name, pipe in pipes.items()}
    return taken, {name: {"loaded": loaded[name], "after_all_questions": at_end[name]} for name in TOOLS}


def rotated(names: list[str], turn: int) -> list[str]:
    first = turn % len(names)
    return names[first:] + names[:first]


def milliseconds(taken: Sequence[Asked]) -> dict[str, float]:
    whole = latency([one.spent.wall for one in taken])
    return {"p50": whole.p50, "p95": whole.p95, "mean_cpu": 1000 * fmean(one.spent.cpu for one in taken)}


def compared(taken: dict[str, list[list[Asked]]], which: slice) -> dict[str, object]:
    """The figures of the questions `which`, of each tool and as multiples of Citewell's."""
    figures = {name: [milliseconds(one[which]) for one in passes] for name, passes in taken.items()}
    kinds = list(figures["citewell"][0])

    def times(name: str, kind: str) -> dict[str, float]:
        ratios = [one[kind] / ours[kind] for one, ours in zip(figures[name], figures["citewell"], strict=True)]
        return {"median": round(median(ratios), 2), "low": round(min(ratios), 2), "high": round(max(ratios), 2)}

    ours = [set(one.found) for one in taken["citewell"][0][which]]
    shared = {
        name: fmean(len(mine & set(one.found)) / FOUND for mine, one in zip(ours, passes[0][which], strict=True))
        for name, passes in taken.items()
    }
    return {
        "questions": len(ours),
        "ms": {
            name: {kind: round(median(one[kind] for one in passes), 2) for kind in kinds}
            for name, passes in figures.items()
        },
        "p50_of_each_pass": {name: [round(one["p50"], 2) for one in passes] for name, passes in figures.items()},
        "times_citewell": {name: {kind: times(name, kind) for kind in kinds} for name in figures if name != "citewell"},
        "share_of_passages_in_common": {name: round(share, 3) for name, share in shared.items()},
    }


def versions() -> dict[str, str]:
    """Of the packages that matter here; ends the program with a sentence where some are missing."""
    found, missing = {}, []
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}; install them as `{Path(__file__).name}` says at its top.")
    return found


def compare(base: str, home: Path | None, place: Path, files: Sequence[Path], passes: int) -> dict[str, object]:
    used = versions()
    os.environ["HF_HUB_OFFLINE"] = "1"
    spent = built(base, home, place)
    lines = {path.name: list(filter(str.strip, path.read_text(encoding="utf-8").splitlines())) for path in files}
    began = load_average()
    taken, memories = measured(place, [line for asked in lines.values() for line in asked], passes)
    machine = {
        "processors": os.cpu_count(),
        "threads_of_torch_and_faiss": os.environ.get("OMP_NUM_THREADS", "as many as processors"),
        "load_before": began,
        "load_after": load_average(),
    }
    report, first = {}, 0
    for name, asked in lines.items():
        report[name] = compared(taken, slice(first, first + len(asked)))
        first += len(asked)
    return {
        "passes": passes,
        "machine": machine,
        "versions": used,
        "building": spent,
        "memory": memories,
        "questions": report,
    }


def load_average() -> float | None:
    """Of the last minute; above the number of processors, tools that use several threads wait for one another."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--kb", default="default")
    parser.add_argument("--questions", type=Path, action="append", required=True)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--place", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        place = given.place or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        report = compare(given.kb, given.home, place, given.questions, given.passes)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
