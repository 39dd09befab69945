"""What a page on one run or two says, as plain values, whatever it is written as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from shlex import join
from typing import Literal

from eval.comparison import Comparison
from eval.judging.agreement import Agreement
from eval.latency import Latency, latency_json
from eval.statistics import Estimate

Kind = Literal["means", "stages", "latency", "depth", "risk", "confidence", "differences"]
SETTINGS = "settings"
WHOLE = "whole"
"""The name of all stages together."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The numbers behind a chart of this `kind`: every row has the same keys. `measure` names what is measured."""

    kind: Kind
    title: str
    measure: str
    rows: tuple[Mapping[str, str | float], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """What was found or quoted, and where it stands; `relevant` is None where the run does not say."""

    place: str
    text: str
    relevant: bool | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """What one configuration made of a question.

    Of a search, `passages` are the first that it found. Of an answer they are its quotes, or those that were withheld
    where it abstained, `words` is what it says beyond its quotes, `confidence` lies between 0 and 1, and `right` is
    None where the run does not say.
    """

    name: str
    passages: tuple[Passage, ...]
    words: str = ""
    abstained: bool | None = None
    confidence: float | None = None
    right: bool | None = None

    @property
    def status(self) -> str:
        """ "answered, wrong, confidence 0.83"; empty of a search."""
        if self.abstained is None:
            return ""
        judged = {True: "right", False: "wrong", None: ""}[self.right]
        withheld = f"what was withheld is {judged}" if self.passages and judged else ""
        sure = "" if self.confidence is None else f"confidence {self.confidence:.2f}"
        said = ("abstained", withheld) if self.abstained else ("answered", judged)
        return ", ".join(part for part in (*said, sure) if part)


@dataclass(frozen=True, slots=True)
class Example:
    """A question and what became of it; `change` is by how much the better side is better."""

    question: str
    sides: tuple[Side, ...]
    accepted: tuple[str, ...] = ()
    change: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Examples of one kind; `count` is how many there are in all."""

    title: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """How far verdicts on `judged` answers agree with the judge's own second ones and with people's; None: untried."""

    judged: int
    itself: Agreement | None = None
    people: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A language model that judged a run's answers, as in `eval judge --json`; `agreement` is by metric."""

    llm: str
    model: str
    answers: int
    abstained: int
    checked_by_people: bool
    labels_left_out: int
    agreement: Mapping[str, Trust]

    def facts(self) -> dict[str, str]:
        return {
            "judge": f"{self.model} ({self.llm})",
            "judged": f"{self.answers:,} answers",
            "not judged": f"{self.abstained:,} abstentions",
            "labels left out": f"{self.labels_left_out:,}",
        }


@dataclass(frozen=True, slots=True)
class Source:
    """A run that the page is made from, with its date and the version of the program that made it, where it has them.

    `name` tells two of them apart, `counts` say how large its dataset was.

    `judged` is the file of the run that `judge` judged.
    """

    name: str
    path: str
    counts: Mapping[str, int]
    command: str | None
    fingerprint: Mapping[str, str]
    settings: Mapping[str, object]
    date: str | None
    version: str | None
    judge: Judge | None = None
    judged: str | None = None

    def commands(self) -> tuple[str, ...]:
        """What makes the run again, as far as it is known."""
        judging = join(["citewell", "eval", "judge", self.judged, "--yes"]) if self.judged else None
        return tuple(filter(None, (self.command, judging)))

    def facts(self) -> dict[str, str]:
        """All that may differ between two runs, a line each."""
        return {
            "run": self.path,
            **{name: value for name, value in (("date", self.date), ("version", self.version)) if value},
            **{name: f"{count:,}" for name, count in self.counts.items()},
            **(self.judge.facts() if self.judge else {}),
            **_flat(self.fingerprint, "fingerprint"),
            **_flat(self.settings, SETTINGS),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """`comparisons` are the verdicts shown, whose p-values have the `correction`.

    Estimates are by configuration and metric; latencies by configuration and stage, WHOLE being all of them.
    """

    title: str
    about: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    correction: str
    estimates: Mapping[str, Mapping[str, Estimate]]
    latencies: Mapping[str, Mapping[str, Latency]]
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...]
    sources: tuple[Source, ...] = field(default=())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The configurations that are compared, each with that which it is held against before it."""
        return tuple(dict.fromkeys((comparison.a, comparison.b) for comparison in self.comparisons))

    def facts(self) -> dict[str, tuple[str, ...]]:
        """What each source says of itself, by name, in the sources' order."""
        known = [source.facts() for source in self.sources]
        names = dict.fromkeys(name for facts in known for name in facts)
        return {name: tuple(facts.get(name, _unsaid(name)) for facts in known) for name in names}

    def differing(self) -> dict[str, tuple[str, ...]]:
        """The commands and facts in which two sources differ, apart from the files' names."""
        known = {"command": tuple(source.command or "-" for source in self.sources), **self.facts()}
        return {name: values for name, values in known.items() if name not in ("run", "date") and len(set(values)) > 1}

    def as_json(self) -> dict[str, object]:
        """`verdicts` are as in `eval compare --json`, `measures` and `latency_ms` as in `eval retrieval --json`; the
        other keys are the fields of the classes above."""
        return {
            "title": self.title,
            "about": list(self.about),
            "verdicts": [comparison.as_json() for comparison in self.comparisons],
            "correction": self.correction,
            "measures": {
                name: {metric: asdict(estimate) for metric, estimate in found.items()}
                for name, found in self.estimates.items()
            },
            "latency_ms": {name: _latency_json(stages) for name, stages in self.latencies.items()},
            "figures": [asdict(figure) for figure in self.figures],
            "examples": [asdict(group) for group in self.groups],
            "differing": {name: list(values) for name, values in self.differing().items()},
            "runs": [asdict(source) for source in self.sources],
        }


def _latency_json(stages: Mapping[str, Latency]) -> dict[str, object]:
    inner = {name: latency for name, latency in stages.items() if name != WHOLE}
    return latency_json(stages[WHOLE], inner)


def _unsaid(name: str) -> str:
    """What holds where a run says nothing of `name`: of its settings it keeps those that are not the defaults."""
    return "the default" if name.startswith(f"{SETTINGS}.") else "-"


def _flat(value: object, prefix: str) -> dict[str, str]:
    """Nested settings as dotted names."""
    if not isinstance(value, Mapping):
        return {} if value is None else {prefix: str(value)}
    return {name: text for key, inner in value.items() for name, text in _flat(inner, f"{prefix}.{key}").items()}
