"""Runs that `citewell eval` wrote down: each query's values under each configuration, whatever was evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from citewell import __version__
from eval.statistics import Estimate
from kb.errors import UserError

QueryValues = Mapping[str, Mapping[str, float]]
"""Each query's value of each metric, by the query's id and the metric's name."""


@dataclass(frozen=True, slots=True)
class Run:
    """`values` maps a configuration's name to its values; a metric is missing where it says nothing of a query.

    `content` is all that the file holds, as JSON has it. `digest` is the dataset's, empty where the file does not say.
    """

    path: Path
    dataset: str
    values: Mapping[str, QueryValues]
    fingerprint: Mapping[str, str]
    content: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    digest: str = ""

    def config(self, name: str) -> QueryValues:
        """The values of the configuration `name`; raises UserError with those there are."""
        if name not in self.values:
            raise UserError(f'{self.path} has no configuration "{name}"; it has {listed(self.values)}.')
        return self.values[name]

    def estimates(self) -> dict[str, dict[str, Estimate]]:
        """Each configuration's estimates by metric, as the file says them: some are not means of queries' values."""
        configs = self.content.get("configs")
        if not isinstance(configs, dict):
            configs = {str(self.content.get("generator", "answers")): self.content.get("metrics")}
        return {name: dict(_estimates(metrics)) for name, metrics in configs.items()}


def load_run(path: Path) -> Run:
    """Raises UserError, with the reason, for a file that is missing or no run."""
    content = _content(path)
    dataset, values = content.get("dataset"), content.get("values")
    if not isinstance(dataset, str):
        raise _not_a_run(path, 'it names no "dataset"')
    if not isinstance(values, dict) or not values:
        raise _not_a_run(path, 'it holds no "values" of queries')
    configs = {name: _query_values(path, name, queries) for name, queries in values.items()}
    fingerprint = content.get("fingerprint")
    known = fingerprint.items() if isinstance(fingerprint, dict) else ()
    digest = str(content.get("dataset_digest") or "")
    return Run(path, dataset, configs, {name: str(value) for name, value in known}, content, digest)


def save_run(path: Path, content: Mapping[str, object]) -> None:
    """All of it or nothing, with the date and the version of the program."""
    dated = {**content, "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "version": __version__}
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps(dated, ensure_ascii=False), encoding="utf-8")
    whole.replace(path)


def load_named(words: str) -> tuple[Run, str | None]:
    """The run of `PATH`, or of `PATH:NAME` with the name of one of its configurations.

    A file that is called like all of `words` comes first, then the longest part before a colon.
    """
    path, name = _split(words)
    run = load_run(path)
    if name is not None:
        run.config(name)
    return run, name


def listed(names: Mapping[str, object]) -> str:
    """The names as part of a sentence."""
    return ", ".join(names) or "none"


def _split(words: str) -> tuple[Path, str | None]:
    parts = words.split(":")
    for count in range(len(parts), 0, -1):
        path = Path(":".join(parts[:count]))
        if _is_file(path):
            return path, ":".join(parts[count:]) or None
    return Path(words), None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file, say
        return False


def _content(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        names = "`citewell eval retrieval`, `answers` and `judge` name the files that they write"
        raise UserError(f"There is no run {path}; {names}.") from None
    except OSError as error:
        raise UserError(f"The run {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise _not_a_run(path, "it is not valid JSON") from None
    if not isinstance(content, dict):
        raise _not_a_run(path, "it is no JSON object")
    return content


def _query_values(path: Path, config: str, queries: object) -> QueryValues:
    if not isinstance(queries, dict):
        raise _not_a_run(path, f'the values of "{config}" are not by query')
    return {query: _metrics(path, f'"{config}", query "{query}"', row) for query, row in queries.items()}


def _metrics(path: Path, place: str, row: object) -> Mapping[str, float]:
    if not isinstance(row, dict) or not all(value is None or _is_number(value) for value in row.values()):
        raise _not_a_run(path, f"the values of {place} are no numbers")
    return {metric: float(value) for metric, value in row.items() if value is not None}


def _estimates(metrics: object) -> Iterator[tuple[str, Estimate]]:
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        if isinstance(value, dict) and all(_is_number(value.get(end)) for end in ("mean", "low", "high")):
            yield name, Estimate(float(value["mean"]), float(value["low"]), float(value["high"]))


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and isfinite(value)
    except OverflowError:
        return False


def _not_a_run(path: Path, reason: str) -> UserError:
    return UserError(f"{path} is not a run as `citewell eval` writes it: {reason}.")
