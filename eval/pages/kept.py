"""What a run keeps for people beside its values: passages, answers, times, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from eval.latency import Latency
from eval.pages.page import WHOLE, Judge, Passage
from eval.runs import Run
from kb.errors import UserError


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer with its question; `withheld` are the quotes of an abstention, `right` is what `eval answers` found."""

    id: str
    question: str
    answers: tuple[str, ...]
    answerable: bool
    answer: str
    abstained: bool
    confidence: FiniteFloat | None = None
    quotes: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class KeptTimes:
    """Milliseconds a query."""

    p50: FiniteFloat
    p95: FiniteFloat
    stages: dict[str, KeptTimes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptConfig:
    latency_ms: KeptTimes | None = None


@dataclass(frozen=True, slots=True)
class RiskPoint:
    coverage: FiniteFloat
    risk: FiniteFloat
    threshold: FiniteFloat


@dataclass(frozen=True, slots=True)
class Kept:
    """As JSON has it. A run that was made by an older version, or by another program, holds less.

    `found` maps a configuration and a query to the ids of its first `passages`, `relevant` a query to those among them
    that are.
    """

    generator: str | None = None
    questions: int | None = None
    answerable: int | None = None
    documents: int | None = None
    chunks: int | None = None
    drafts: int | None = None
    command: str | None = None
    settings: dict[str, object] = field(default_factory=dict)
    date: str | None = None
    version: str | None = None
    judge: Judge | None = None
    judged: str | None = None
    configs: dict[str, KeptConfig] = field(default_factory=dict)
    latency_ms: KeptTimes | None = None
    queries: dict[str, str] = field(default_factory=dict)
    found: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    passages: dict[str, Passage] = field(default_factory=dict)
    relevant: dict[str, tuple[str, ...]] | None = None
    answers: tuple[KeptAnswer, ...] = ()
    risk_coverage: tuple[RiskPoint, ...] = ()

    def passages_of(self, config: str, query: str) -> tuple[Passage, ...]:
        """The first passages of a query, with what is known of their relevance."""
        known = None if self.relevant is None else self.relevant.get(query, ())
        return tuple(
            Passage(self.passages[one].place, self.passages[one].text, None if known is None else one in known)
            for one in self.found.get(config, {}).get(query, ())
            if one in self.passages
        )

    def counts(self) -> dict[str, int]:
        """How large the dataset was, as far as it is known."""
        named = {
            "questions": self.questions,
            "answerable questions": self.answerable,
            "documents": self.documents,
            "passages": self.chunks,
            "drafts": self.drafts or None,
        }
        return {name: count for name, count in named.items() if count is not None}

    def latencies(self) -> dict[str, dict[str, Latency]]:
        """By configuration and stage, WHOLE being all of them."""
        times = {name: config.latency_ms for name, config in self.configs.items()}
        if self.generator:
            times[self.generator] = self.latency_ms
        return {name: _stages(one) for name, one in times.items() if one}


def kept(run: Run) -> Kept:
    """Raises UserError for a file that holds something else under a name that `citewell eval` writes."""
    try:
        return TypeAdapter(Kept).validate_python(run.content)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        message = f'{run.path} is not a run as `citewell eval` writes it: its "{place}" is something else.'
        raise UserError(message) from None


def _stages(times: KeptTimes) -> dict[str, Latency]:
    inner = {name: Latency(stage.p50, stage.p95) for name, stage in times.stages.items()}
    return {WHOLE: Latency(times.p50, times.p95), **inner}
