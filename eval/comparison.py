"""Configurations against each other over the same queries: what differs, by how much, and whether that is chance.

Knows nothing of what was evaluated: a metric is a name with a value a query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from eval.runs import QueryValues, Run, listed
from eval.statistics import LEVEL, Difference, differences, holm
from kb.errors import UserError
from kb.text.plurals import counted

REFERENCE = "hybrid"
MAIN_METRICS = ("ndcg@10", "quote_recall@5", "answer_in_quotes")
"""The metric that speaks for a dataset: the first of these that it has. Declared here, before anything is measured."""
LOWER_IS_BETTER = frozenset(
    {
        *("abstained_on_answerable", "answered_on_unanswerable", "aurc", "unsupported_numbers"),
        *("judge_refused_faithfulness", "judge_refused_relevance", "judge_refused_correctness"),
    }
)
BETTER, WORSE, NOT_DISTINGUISHABLE = "better", "worse", "not distinguishable"
_DECIMALS = 12
"""Values that agree so far are equal: what is beyond is rounding."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two configurations to compare, `b` against `a`."""

    a: str
    b: str
    values_a: QueryValues
    values_b: QueryValues


@dataclass(frozen=True, slots=True)
class Comparison:
    """Configuration `b` against `a` in one metric, over the queries for which both have it.

    `difference` is b's mean less a's; `p_holm` is its p-value corrected for the `family` comparisons that it is one
    of. `won`, `lost` and `tied` count the queries where b is better, worse and as good, `left_out` those that one side
    alone has.
    """

    a: str
    b: str
    metric: str
    mean_a: float
    mean_b: float
    difference: Difference
    p_holm: float
    family: int
    won: int
    lost: int
    tied: int
    left_out: int

    @property
    def queries(self) -> int:
        return self.won + self.lost + self.tied

    @property
    def verdict(self) -> str:
        """ "better", "worse" or "not distinguishable": of b, at the 5% level after the correction."""
        if self.p_holm >= 1 - LEVEL:
            return NOT_DISTINGUISHABLE
        return BETTER if _gain(self.metric, self.difference.mean) > 0 else WORSE

    @property
    def p_text(self) -> str:
        """The corrected p-value as a table shows it."""
        return f"{self.p_holm:.3f}" if self.p_holm >= 0.0005 else "<0.001"

    @property
    def detectable_text(self) -> str:
        """The smallest difference that could have been seen as a table shows it."""
        return "-" if self.difference.detectable is None else f"{self.difference.detectable:.3f}"

    def __str__(self) -> str:
        return f"{self.b} against {self.a}, {self.metric}: {self.difference}, {self.verdict}"

    def as_json(self) -> dict[str, object]:
        rest = asdict(self)
        estimate = rest.pop("difference")
        p, detectable = estimate.pop("p"), estimate.pop("detectable")
        head = {key: rest.pop(key) for key in ("a", "b", "metric", "mean_a", "mean_b")}
        corrected = {key: rest.pop(key) for key in ("p_holm", "family")}
        judged = {"p": p, **corrected, "verdict": self.verdict, "detectable": detectable}
        return {**head, "difference": estimate, **judged, "queries": self.queries, **rest}


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """The configurations of run `b` against those of run `a`, on one dataset."""

    a: Run
    b: Run
    comparisons: tuple[Comparison, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "dataset": self.a.dataset,
            "a": {"run": str(self.a.path), "fingerprint": dict(self.a.fingerprint)},
            "b": {"run": str(self.b.path), "fingerprint": dict(self.b.fingerprint)},
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
        }


def compare(pairs: Sequence[Pair]) -> tuple[Comparison, ...]:
    """Each pair in each metric that both sides have, in the order of `pairs` and of a's metrics.

    What decides is the main metric, declared beforehand, like a trial's primary endpoint: its comparisons, one a pair,
    are one family for Holm's correction. The other metrics are secondary, to see where a difference comes from, and are
    together a family of their own: as many as they are, they take nothing from the main one. In each family 5% is the
    chance of any false difference, not over both (FDA, "Multiple Endpoints in Clinical Trials", 2022; for searches
    Carterette, "Multiple Testing in Statistical Analysis of Systems-Based Information Retrieval Experiments", 2012).

    Raises UserError where a pair has no query with a common metric.
    """
    columns = [column for pair in pairs for column in _columns(pair)]
    found = _differences(columns)
    main = _main_metric({column.metric for column in columns})
    corrected: dict[int, tuple[float, int]] = {}
    for is_main in (True, False):
        family = [index for index, column in enumerate(columns) if (column.metric == main) is is_main]
        for index, p_holm in zip(family, holm([found[index].p for index in family]), strict=True):
            corrected[index] = (p_holm, len(family))
    return tuple(column.comparison(found[index], *corrected[index]) for index, column in enumerate(columns))


def compare_with_reference(configs: Mapping[str, QueryValues]) -> tuple[Comparison, ...]:
    """Each configuration against `hybrid` if it is among them, else against the first."""
    reference = REFERENCE if REFERENCE in configs else next(iter(configs), "")
    return compare(
        [Pair(reference, name, configs[reference], values) for name, values in configs.items() if name != reference]
    )


def compare_runs(a: Run, b: Run, *, config_a: str | None = None, config_b: str | None = None) -> ComparisonReport:
    """Run `b` against run `a` in the configurations named, one name standing for both; else in each that both have.

    Raises UserError for datasets that differ by name or, where both runs have one, by digest, a name that a run lacks,
    and nothing in common.
    """
    if a.dataset != b.dataset:
        raise UserError(
            f'The runs are of different datasets, "{a.dataset}" and "{b.dataset}": only queries of one compare.'
        )
    if a.digest and b.digest and a.digest != b.digest:
        raise UserError(
            f'{a.path} and {b.path} are of different datasets, though both are named "{a.dataset}": what is asked or '
            "held to be right there differs; evaluate both on one of them."
        )
    pairs = [
        Pair(name_a, name_b, a.config(name_a), b.config(name_b)) for name_a, name_b in _names(a, b, config_a, config_b)
    ]
    return ComparisonReport(a, b, compare(pairs))


def main_comparisons(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Those in the metric that speaks for the dataset."""
    main = _main_metric({comparison.metric for comparison in comparisons})
    return [comparison for comparison in comparisons if comparison.metric == main]


def correction(comparisons: Sequence[Comparison]) -> str:
    """What their p-values are corrected for, as part of a sentence."""
    main = main_comparisons(comparisons)
    others = len(comparisons) - len(main)
    if not main:
        return counted(others, "comparison")
    said = f"{counted(len(main), 'comparison')} in {main[0].metric}, the main metric"
    return f"{said}, and apart from these for the {others:,} in other metrics" if others else said


@dataclass(frozen=True, slots=True)
class _Column:
    """What a pair says in one metric: the values of the queries that both have, in the order of `queries`."""

    pair: Pair
    metric: str
    queries: tuple[str, ...]
    left_out: int

    def side(self, values: QueryValues) -> list[float]:
        return [values[query][self.metric] for query in self.queries]

    def differences(self) -> list[float]:
        sides = zip(self.side(self.pair.values_a), self.side(self.pair.values_b), strict=True)
        return [round(b - a, _DECIMALS) for a, b in sides]

    def comparison(self, difference: Difference, p_holm: float, family: int) -> Comparison:
        gains = [_gain(self.metric, value) for value in self.differences()]
        return Comparison(
            a=self.pair.a,
            b=self.pair.b,
            metric=self.metric,
            mean_a=sum(self.side(self.pair.values_a)) / len(gains),
            mean_b=sum(self.side(self.pair.values_b)) / len(gains),
            difference=difference,
            p_holm=p_holm,
            family=family,
            won=sum(gain > 0 for gain in gains),
            lost=sum(gain < 0 for gain in gains),
            tied=sum(gain == 0 for gain in gains),
            left_out=self.left_out,
        )


def _columns(pair: Pair) -> Iterator[_Column]:
    """One for each metric that some query has on both sides; queries by id, so that a and b can change places."""
    names = [f'"{name}"' for name in dict.fromkeys((pair.a, pair.b))]
    if not pair.values_a.keys() & pair.values_b.keys():
        raise UserError(f"Nothing to compare: the values of {' and '.join(names)} have no query in common.")
    metrics = dict.fromkeys(metric for row in pair.values_a.values() for metric in row)
    empty = True
    for metric in metrics:
        a, b = ({query for query, row in values.items() if metric in row} for values in (pair.values_a, pair.values_b))
        if a & b:
            empty = False
            yield _Column(pair, metric, tuple(sorted(a & b)), len(a ^ b))
    if empty:
        raise UserError(f"Nothing to compare: the values of {' and '.join(names)} have no metric in common.")


def _differences(columns: Sequence[_Column]) -> list[Difference]:
    """In the order of `columns`; those over the same queries share their resamples."""
    tables: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(dict)
    for index, column in enumerate(columns):
        tables[column.queries][str(index)] = column.differences()
    found = {index: difference for table in tables.values() for index, difference in differences(table).items()}
    return [found[str(index)] for index in range(len(columns))]


def _names(a: Run, b: Run, config_a: str | None, config_b: str | None) -> list[tuple[str, str]]:
    named_a, named_b = config_a or config_b, config_b or config_a
    if named_a and named_b:
        return [(named_a, named_b)]
    shared = [(name, name) for name in a.values if name in b.values]
    if not shared:
        raise UserError(
            f"The runs have no configuration in common: {a.path} has {listed(a.values)}, {b.path} has "
            f"{listed(b.values)}; name one of each, as in {a.path}:NAME."
        )
    return shared


def _main_metric(metrics: Collection[str]) -> str | None:
    return next((metric for metric in MAIN_METRICS if metric in metrics), None)


def _gain(metric: str, difference: float) -> float:
    """The difference with the sign that makes more better."""
    return -difference if metric in LOWER_IS_BETTER else difference
