"""Tuning: which settings of search win on a dataset, judged on questions that had no say in the choice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from citewell import Settings
from eval.bases import Progress
from eval.comparison import BETTER, MAIN_METRICS, Comparison, Pair, compare
from eval.datasets import Question, QuestionDataset, load_dataset
from eval.folds import FOLDS, folds
from eval.results import reasons_json
from eval.retrieval import evaluate_retrieval
from eval.statistics import Estimate
from eval.tasks import metric_names
from kb.errors import UserError
from kb.settings import ChunkingSettings, ModeSettings

BASELINE = "as it is"
_MODE = "hybrid"
_PARTS = ("dense", "lexical")
_SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
_DEPTHS = (50, 100, 200)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings to try: how `hybrid` fuses, and the tokens of a passage (None: all that the embedder sees)."""

    mode: ModeSettings
    target_tokens: int | None

    @property
    def name(self) -> str:
        how = "ranks" if self.mode.method == "rrf" else " to ".join(f"{weight:g}" for weight in self.mode.weights)
        cut = f", passages of {self.target_tokens} tokens" if self.target_tokens else ""
        return f"{' and '.join(self.mode.fuse)} by {how}, depth {self.mode.depth}{cut}"

    def as_toml(self) -> str:
        """A settings file that says this and nothing else."""
        written = self.mode.model_dump(mode="json")
        lines = ["[modes.hybrid]", *(f"{key} = {json.dumps(value)}" for key, value in written.items())]
        if self.target_tokens:
            lines += ["", "[chunking]", f"target_tokens = {self.target_tokens}"]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Choice:
    """What nested cross-validation chose: for each fold, and over all; `held_out` is what the former are worth.

    `held_out` maps a query's id to its value under the choice that was made without its fold.
    """

    folds: tuple[str, ...]
    chosen: str
    held_out: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The outcome. `gain` compares what was chosen with the settings as they are, on questions without a say in it.

    `failed` maps a file that could not be ingested to the reason.
    """

    dataset: str
    metric: str
    estimates: Mapping[str, Estimate]
    choice: Choice
    candidate: Candidate | None
    gain: Comparison
    failed: Mapping[str, str]

    @property
    def helps(self) -> bool:
        """Whether there is a choice other than the settings as they are, and its gain is beyond chance."""
        return self.candidate is not None and self.gain.verdict == BETTER

    def as_json(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "metric": self.metric,
            "candidates": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "chosen": self.choice.chosen,
            "chosen_by_fold": list(self.choice.folds),
            "gain": self.gain.as_json(),
            "helps": self.helps,
            "settings": self.candidate.as_toml() if self.candidate else None,
            "failed": reasons_json(self.failed),
        }


def tune(
    folder: Path,
    *,
    metric: str | None = None,
    targets: Sequence[int] = (),
    settings: Settings | None = None,
    home: Path | None = None,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> Tuning:
    """Tries weights, depths and the fusion of ranks, each with passages as they are and of each of `targets` tokens.

    `metric` is the one to win in, else the dataset's main one. Each length of passages is a base of its own, kept like
    those of `evaluate_retrieval`. Raises UserError for a metric that the dataset does not have.
    """
    present = settings or Settings()
    dataset = load_dataset(folder)
    wanted = _metric(metric, metric_names(dataset))
    values: dict[str, Mapping[str, Mapping[str, float]]] = {}
    estimates: dict[str, Mapping[str, Estimate]] = {}
    tried: dict[str, Candidate] = {}
    failed: dict[str, str] = {}
    for target in dict.fromkeys([None, *targets]):
        candidates = {candidate.name: candidate for candidate in _candidates(target)}
        tried |= candidates
        report = evaluate_retrieval(
            folder,
            configs=[_MODE, *candidates] if target is None else list(candidates),
            settings=_with(present, candidates, target),
            home=home,
            limit=limit,
            progress=progress,
        )
        failed |= report.failed
        for result in report.configs:
            name = BASELINE if result.name == _MODE else result.name
            values[name], estimates[name] = result.values, result.estimates
    columns = {name: {query: row[wanted] for query, row in rows.items()} for name, rows in values.items()}
    groups = _groups(dataset.questions) if isinstance(dataset, QuestionDataset) else {}
    choice = nested_choice(columns, baseline=BASELINE, groups=groups)
    return Tuning(
        dataset=dataset.name,
        metric=wanted,
        estimates={name: found[wanted] for name, found in estimates.items()},
        choice=choice,
        candidate=tried.get(choice.chosen),
        gain=_gain(wanted, columns[BASELINE], choice.held_out),
        failed=failed,
    )


def nested_choice(
    columns: Mapping[str, Mapping[str, float]], *, baseline: str, groups: Mapping[str, str], count: int = FOLDS
) -> Choice:
    """Chooses the best mean on all folds but one, and looks at that one; then chooses on all (Varma and Simon, 2006).

    `columns` holds each candidate's value of each query; queries of one group (a document's) share their fold. Among
    equals the baseline wins, then the candidate named first.
    """
    queries = list(columns[baseline])
    fold_of = folds((groups.get(query, query) for query in queries), count=count)
    chosen: list[str] = []
    held_out: dict[str, float] = {}
    for fold in sorted(set(fold_of.values())):
        inside = [query for query in queries if fold_of[groups.get(query, query)] == fold]
        others = [query for query in queries if fold_of[groups.get(query, query)] != fold]
        chosen.append(_best(columns, others, baseline) if others else baseline)
        held_out |= {query: columns[chosen[-1]][query] for query in inside}
    return Choice(tuple(chosen), _best(columns, queries, baseline), held_out)


def _best(columns: Mapping[str, Mapping[str, float]], queries: Sequence[str], baseline: str) -> str:
    order = [baseline, *(name for name in columns if name != baseline)]
    return max(order, key=lambda name: (round(sum(columns[name][query] for query in queries), 9), -order.index(name)))


def _gain(metric: str, before: Mapping[str, float], after: Mapping[str, float]) -> Comparison:
    one, other = ({query: {metric: value} for query, value in column.items()} for column in (before, after))
    (comparison,) = compare([Pair(BASELINE, "tuned", one, other)])
    return comparison


def _candidates(target: int | None) -> list[Candidate]:
    weighted = [
        Candidate(ModeSettings(fuse=_PARTS, weights=(share, round(1 - share, 2)), depth=depth), target)
        for share in _SHARES
        for depth in _DEPTHS
    ]
    return [*weighted, Candidate(ModeSettings(fuse=_PARTS, method="rrf"), target)]


def _with(settings: Settings, candidates: Mapping[str, Candidate], target: int | None) -> Settings:
    """`settings` with each candidate as a mode of its name."""
    modes = {**settings.modes, **{name: candidate.mode for name, candidate in candidates.items()}}
    chunking = ChunkingSettings(target_tokens=target) if target else settings.chunking
    return settings.model_copy(update={"modes": modes, "chunking": chunking})


def _metric(metric: str | None, known: Sequence[str]) -> str:
    wanted = metric or next(name for name in MAIN_METRICS if name in known)
    if wanted not in known:
        raise UserError(f'There is no metric "{wanted}" here; there are {", ".join(known)}.')
    return wanted


def _groups(questions: Sequence[Question]) -> dict[str, str]:
    """Each question's document."""
    return {question.id: question.evidence[0].source for question in questions if question.evidence}
