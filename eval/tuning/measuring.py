"""What candidates are worth on a dataset: each query's value of one metric, by searching or by answering."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citewell import Settings
from citewell.composition import HYBRID
from eval.answers import METRICS as ANSWER_METRICS
from eval.answers import evaluate_answers
from eval.bases import Progress
from eval.comparison import MAIN_METRICS
from eval.datasets import Dataset, QuestionDataset
from eval.retrieval import evaluate_retrieval
from eval.statistics import Estimate
from eval.tasks import metric_names
from eval.tuning.candidates import Candidate
from kb.errors import UserError
from kb.settings import ModeSettings, plain


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate's value of each query, and their mean with its interval; why files `failed` to be ingested."""

    values: Mapping[str, float]
    estimate: Estimate
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measuring:
    """On which dataset, in which metric, and where the bases are kept."""

    dataset: Dataset
    metric: str
    home: Path | None
    limit: int | None
    progress: Progress

    def measured(self, candidates: Sequence[Candidate], settings: Settings) -> dict[str, Measured]:
        """By the candidates' names."""
        applied = {candidate.name: candidate.applied(settings) for candidate in candidates}
        if self.metric in ANSWER_METRICS:
            return {name: self._answered(each) for name, each in applied.items()}
        found: dict[str, Measured] = {}
        for shared, modes in _sharing_a_base(applied):
            found |= self._searched(shared, modes)
        return {name: found[name] for name in applied}

    def _searched(self, settings: Settings, modes: Mapping[str, ModeSettings]) -> dict[str, Measured]:
        report = evaluate_retrieval(
            self.dataset.folder,
            configs=list(modes),
            settings=settings.model_copy(update={"modes": {**settings.modes, **modes}}),
            home=self.home,
            limit=self.limit,
            progress=self.progress,
        )
        return {
            result.name: Measured(
                {query: row[self.metric] for query, row in result.values.items()},
                result.estimates[self.metric],
                report.failed,
            )
            for result in report.configs
        }

    def _answered(self, settings: Settings) -> Measured:
        report = evaluate_answers(
            self.dataset.folder, settings=settings, home=self.home, limit=self.limit, progress=self.progress
        )
        estimate = report.estimates[self.metric]
        if estimate is None:
            raise UserError(f'No question of this dataset has the metric "{self.metric}".')
        return Measured(
            {query: row[self.metric] for query, row in report.values.items() if self.metric in row},
            estimate,
            report.failed,
        )


def chosen_metric(metric: str | None, dataset: Dataset) -> str:
    """`metric`, else the main one of searches. Raises UserError for one that the dataset does not have."""
    answers = ANSWER_METRICS if isinstance(dataset, QuestionDataset) else ()
    known = (*metric_names(dataset), *answers)
    wanted = metric or next(name for name in MAIN_METRICS if name in known)
    if wanted not in known:
        raise UserError(f'There is no metric "{wanted}" here; there are {", ".join(known)}.')
    return wanted


def require_effect(metric: str, keys: Collection[str]) -> None:
    """Raises UserError for a metric of searches that none of `keys` can change."""
    about_answers = [key for key in keys if key.startswith("answer.") and key != "answer.mode"]
    if metric not in ANSWER_METRICS and keys and len(about_answers) == len(keys):
        raise UserError(
            f"{', '.join(about_answers)} decides answers and not searches, which {metric} measures; name a metric of "
            "answers, as in --metric answer_in_quotes."
        )


def _sharing_a_base(applied: Mapping[str, Settings]) -> list[tuple[Settings, dict[str, ModeSettings]]]:
    """Settings that differ in how they search alone, together, so that a base is opened once for them.

    With each, the search that it answers from, as a mode of the candidate's name.
    """
    groups: dict[str, tuple[Settings, dict[str, ModeSettings]]] = {}
    for name, settings in applied.items():
        mode = settings.answer.mode
        others = {key: value for key, value in settings.modes.items() if key != mode}
        rest = settings.model_copy(update={"modes": others, "answer": type(settings.answer)()})
        _, modes = groups.setdefault(repr(plain(rest)), (rest, {}))
        modes[name] = settings.modes.get(mode) or (HYBRID if mode == "hybrid" else ModeSettings(fuse=(mode,)))
    return list(groups.values())
