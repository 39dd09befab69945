"""The runs that lie in the homes of evaluation, each in a few words, to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eval.comparison import MAIN_METRICS
from eval.runs import Run, load_run
from eval.statistics import Estimate
from kb.errors import UserError

_KNOWN = 2000
"""Runs that are not read again while they stay as they are."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """`kind` is "retrieval", "answers" or "judge". `metric` speaks for the run; `estimates` are its values by
    configuration. `digest` is that of what was asked: runs of the same one can be compared.

    `name` tells a run from all others of the same home.
    """

    name: str
    path: Path
    dataset: str
    digest: str
    kind: str
    date: str
    questions: int | None
    metric: str
    estimates: Mapping[str, Estimate]


def run_notes(homes: Iterable[Path]) -> list[RunNote]:
    """Of every file that is a run, the newest first."""
    files = {file for home in homes for file in home.glob(".runs/*/*.json")}
    notes = (_note(file) for file in files)
    return sorted((note for note in notes if note), key=lambda note: (note.date, note.name), reverse=True)


def _note(file: Path) -> RunNote | None:
    try:
        stat = file.stat()
    except OSError:  # deleted meanwhile
        return None
    return _read(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=_KNOWN)
def _read(file: Path, _changed: int, _size: int) -> RunNote | None:
    """None for what is no run."""
    try:
        run = load_run(file)
    except UserError:
        return None
    estimates = run.estimates()
    metric = _main_metric(estimates)
    questions = run.content.get("questions")
    return RunNote(
        name=f"{file.parent.name}/{file.stem}",
        path=file,
        dataset=run.dataset,
        digest=run.digest,
        kind=_kind(run),
        date=str(run.content.get("date") or ""),
        questions=questions if isinstance(questions, int) else None,
        metric=metric,
        estimates={name: found[metric] for name, found in estimates.items() if metric in found},
    )


def _kind(run: Run) -> str:
    if run.content.get("judge"):
        return "judge"
    return "answers" if run.content.get("generator") else "retrieval"


def _main_metric(estimates: Mapping[str, Mapping[str, Estimate]]) -> str:
    """The main metric of the dataset, else the first that there is; "" where there is none."""
    names = dict.fromkeys(metric for found in estimates.values() for metric in found)
    return next((metric for metric in MAIN_METRICS if metric in names), next(iter(names), ""))
