"""The search for better settings: candidates, what each is worth, the choice among them and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from citewell import Settings
from eval.bases import Progress
from eval.comparison import BETTER, LOWER_IS_BETTER, Comparison, Pair, compare
from eval.datasets import Question, QuestionDataset, load_dataset
from eval.results import reasons_json
from eval.statistics import Estimate
from eval.tuning.candidates import BASELINE, Candidate, combinations, fusions
from eval.tuning.choice import Choice, Column, nested_choice
from eval.tuning.measuring import Measuring, chosen_metric, require_effect
from kb.errors import UserError


@dataclass(frozen=True, slots=True)
class Tuning:
    """The outcome. `gain` compares what was chosen with the settings as they are, on questions without a say in it.

    `written` is the settings file for the choice, empty where it is the settings as they are. `failed` maps a file that
    could not be ingested to the reason.
    """

    dataset: str
    metric: str
    estimates: Mapping[str, Estimate]
    choice: Choice
    written: str
    gain: Comparison
    failed: Mapping[str, str]

    @property
    def helps(self) -> bool:
        """Whether there is a choice other than the settings as they are, and its gain is beyond chance."""
        return bool(self.written) and self.gain.verdict == BETTER

    def as_json(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "metric": self.metric,
            "candidates": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "chosen": self.choice.chosen,
            "chosen_by_fold": list(self.choice.folds),
            "gain": self.gain.as_json(),
            "helps": self.helps,
            "settings": self.written or None,
            "failed": reasons_json(self.failed),
        }


def tune(
    folder: Path,
    *,
    metric: str | None = None,
    vary: Mapping[str, Sequence[object]] | None = None,
    targets: Sequence[int] = (),
    settings: Settings | None = None,
    home: Path | None = None,
    limit: int | None = None,
    progress: Progress = lambda *_: None,
) -> Tuning:
    """Tries all combinations of the values that `vary` lists for keys of the settings.

    Without `vary` it tries weights, depths and the fusion of ranks. Each is tried with passages as they are and of each
    of `targets` tokens. `metric` is the one to win in, of searches or of answers, else the dataset's main one. What
    decides passages and vectors needs a base of its own, kept like those of `evaluate_retrieval`.
    Raises UserError for a metric that the dataset does not have, SettingsError for a key or value that there is not.
    """
    present = settings or Settings()
    dataset = load_dataset(folder)
    wanted = chosen_metric(metric, dataset)
    ways = combinations(vary) if vary else fusions()
    lengths = [{}, *combinations({"chunking.target_tokens": list(dict.fromkeys(targets))})]
    tried = {each.name: each for each in (Candidate({**way, **length}) for length in lengths for way in ways)}
    for candidate in tried.values():
        candidate.applied(present)
    require_effect(wanted, vary or ())
    measuring = Measuring(dataset, wanted, home, limit, progress)
    found = measuring.measured([Candidate({}), *tried.values()], present)
    groups = _groups(dataset.questions) if isinstance(dataset, QuestionDataset) else {}
    sign = -1.0 if wanted in LOWER_IS_BETTER else 1.0
    columns = _signed(_shared({name: each.values for name, each in found.items()}), sign)
    choice = nested_choice(columns, baseline=BASELINE, groups=groups)
    before, after = _signed({"before": columns[BASELINE], "after": choice.held_out}, sign).values()
    return Tuning(
        dataset=dataset.name,
        metric=wanted,
        estimates={name: each.estimate for name, each in found.items()},
        choice=choice,
        written=tried[choice.chosen].as_toml(present) if choice.chosen in tried else "",
        gain=_gain(wanted, before, after),
        failed={source: reason for each in found.values() for source, reason in each.failed.items()},
    )


def _shared(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns, of the queries that have a value in all of them: what is not answered has no citations to judge."""
    shared = [query for query in columns[BASELINE] if all(query in column for column in columns.values())]
    if not shared:
        raise UserError("Nothing to choose by: no question has a value under all of the settings that were tried.")
    return {name: {query: column[query] for query in shared} for name, column in columns.items()}


def _signed(columns: Mapping[str, Column], sign: float) -> dict[str, Column]:
    """So that greater is better, or back."""
    return {name: {query: sign * value for query, value in column.items()} for name, column in columns.items()}


def _gain(metric: str, before: Column, after: Column) -> Comparison:
    one, other = ({query: {metric: value} for query, value in column.items()} for column in (before, after))
    (comparison,) = compare([Pair(BASELINE, "tuned", one, other)])
    return comparison


def _groups(questions: Sequence[Question]) -> dict[str, str]:
    """Each question's document."""
    return {question.id: question.evidence[0].source for question in questions if question.evidence}
