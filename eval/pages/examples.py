"""The questions that a page shows: those won and lost most, and those whose answers deserve a look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.comparison import LOWER_IS_BETTER, Comparison, main_comparisons
from eval.pages.kept import Kept, KeptAnswer
from eval.pages.page import Example, Group, Passage, Side
from eval.runs import QueryValues, Run

CHANGES = 5
LOOKS = 10
"""How many examples a group shows."""
_OTHER_METRICS = ("answered_on_unanswerable",)
"""What the metric that speaks for a dataset leaves out."""
_MARKER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Compared:
    """A configuration with its `name` on the page, its `config` in the run, and what the run keeps of it."""

    name: str
    config: str
    values: QueryValues
    kept: Kept
    answers: Mapping[str, KeptAnswer]

    @classmethod
    def of(cls, name: str, config: str, run: Run, kept: Kept) -> Compared:
        """The configuration `config` of a run."""
        return cls(name, config, run.config(config), kept, {one.id: one for one in kept.answers})

    def side(self, query: str) -> Side:
        """What it made of a query."""
        if query in self.answers:
            return answer_side(self.name, self.answers[query])
        return Side(self.name, self.kept.passages_of(self.config, query))

    def question(self, query: str) -> str:
        """Empty where the run does not say it."""
        return self.answers[query].question if query in self.answers else self.kept.queries.get(query, "")

    def accepted(self, query: str) -> tuple[str, ...]:
        return self.answers[query].answers if query in self.answers else ()


def changes(a: Compared, b: Compared, comparisons: Sequence[Comparison]) -> Iterator[Group]:
    """The questions that b gained and lost most against a, in the metrics of `comparisons` that matter most."""
    chosen = main_comparisons(comparisons)
    chosen += [one for one in comparisons if one.metric in _OTHER_METRICS]
    for metric in (comparison.metric for comparison in chosen):
        change = {
            query: b.values[query][metric] - row[metric]
            for query, row in a.values.items()
            if metric in row and metric in b.values.get(query, {}) and a.question(query)
        }
        gain = {query: -value if metric in LOWER_IS_BETTER else value for query, value in change.items()}
        order = sorted(gain, key=lambda query: (gain[query], query))
        lost, won = [q for q in order if gain[q] < 0], [q for q in reversed(order) if gain[q] > 0]
        for better, other, queries in ((a, b, lost), (b, a, won)):
            title = f"Where {better.name} does better than {other.name} in {metric}"
            if queries:
                yield Group(
                    title, len(queries), tuple(_changed(a, b, one, abs(change[one])) for one in queries[:CHANGES])
                )


def looks(answers: Sequence[KeptAnswer]) -> Iterator[Group]:
    """Answers that went wrong, the worst first."""
    given = [one for one in answers if not one.abstained]
    surest = sorted(given, key=lambda one: (-(one.confidence or 0.0), one.id))
    withheld = [one for one in answers if one.abstained and one.answerable]
    missed = sorted(withheld, key=lambda one: (one.right is not True, one.confidence or 0.0, one.id))
    yield from _group("Answered and wrong, the surest first", [o for o in surest if o.answerable and o.right is False])
    yield from _group("Answered, although the documents do not say", [one for one in surest if not one.answerable])
    yield from _group("Abstained, although the documents say", missed)


def answer_side(name: str, answer: KeptAnswer) -> Side:
    """What was answered, or withheld."""
    quotes = answer.withheld if answer.abstained else answer.quotes
    return Side(
        name,
        tuple(Passage("", quote) for quote in quotes),
        words="" if answer.abstained else _own_words(answer),
        abstained=answer.abstained,
        confidence=answer.confidence,
        right=answer.right if answer.answerable or not answer.abstained else None,
    )


def _group(title: str, answers: Sequence[KeptAnswer]) -> Iterator[Group]:
    if answers:
        examples = [Example(one.question, (answer_side("", one),), one.answers) for one in answers[:LOOKS]]
        yield Group(title, len(answers), tuple(examples))


def _changed(a: Compared, b: Compared, query: str, change: float) -> Example:
    return Example(a.question(query), (a.side(query), b.side(query)), a.accepted(query), change)


def _own_words(answer: KeptAnswer) -> str:
    """The answer's text, unless it is made of its quotes alone."""
    rest = _flat(_MARKER.sub("", answer.answer))
    for quote in answer.quotes:
        rest = rest.replace(_flat(quote), "")
    return answer.answer if any(map(str.isalnum, rest)) else ""


def _flat(text: str) -> str:
    return " ".join(text.split())
